"""Our own dispatch API as a receiver: docs/reference/dispatch-api.md says what it must do."""

from collections.abc import Callable

from gateway.core.types import Message
from gateway.delivery.answers import Answer, found, posted, probed, stands
from gateway.delivery.mapping import SESSION_PATH, Request, SiteFacts, Unmappable, lookup_path, order_path, wire
from gateway.delivery.receiver import Outcome, Reason, Result
from gateway.delivery.transport import NoAnswer, Transport

KEY_WINDOW_S = 24 * 3600.0
"""The page asks receivers for 30 days; the first payment services to use keys kept them for a day."""


class OwnApi:
    """See Receiver.

    Keys make a repeated POST safe. Look-ups are for what is older than the receiver's memory of them, and for receivers
    whose memory is worse than they say.
    """

    def __init__(self, transport: Transport, site: SiteFacts, remembers_s: float = KEY_WINDOW_S) -> None:
        self._transport = transport
        self._site = site
        self._remembers_s = remembers_s

    @property
    def remembers_s(self) -> float:
        """See Receiver."""
        return self._remembers_s

    async def probe(self) -> Result:
        """See Receiver."""
        return await self._get(SESSION_PATH, probed)

    async def find(self, message: Message) -> Result:
        """See Receiver."""
        return await self._get(lookup_path(message), lambda answer: found(answer, message))

    async def create(self, message: Message) -> Result:
        """See Receiver."""
        return await self._post(message)

    async def comment(self, message: Message, work_order: str) -> Result:
        """See Receiver."""
        return await self._post(message)

    async def set_state(self, message: Message, work_order: str) -> Result:
        """See Receiver: each event carries the state."""
        return Result(Outcome.OK, Reason.ACCEPTED)

    async def read(self, ticket: str, work_order: str = "") -> Result:
        """See Receiver."""
        return await self._get(order_path(ticket), lambda answer: stands(answer, ticket))

    async def _get(self, path: str, judge: Callable[[Answer], Result]) -> Result:
        try:
            return judge(await self._transport.find(path))
        except NoAnswer as error:
            return Result(Outcome.RETRY, error.reason, detail=str(error))

    async def _post(self, message: Message) -> Result:
        try:
            request: Request = wire(message, self._site)
        except Unmappable as error:
            return Result(Outcome.PERMANENT, Reason.UNMAPPABLE, detail=str(error))
        try:
            return posted(await self._transport.send(request, message.key), message)
        except NoAnswer as error:
            outcome = Outcome.RETRY if error.reason is Reason.UNREACHABLE else Outcome.UNKNOWN
            return Result(outcome, error.reason, detail=str(error))
