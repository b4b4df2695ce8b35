"""Where the property company's software tells us what became of tickets, and that residents complained.

Everything is signed; whatever is not changes nothing. The server decides nothing: it asks the `Ear` that it is given,
and answers once what was said is on the disk. References to photographs are kept as text and never fetched.
"""

import asyncio
import logging
import re
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, ValidationError

from drivers.device import Clock
from gateway.core.hearing import Ear, Heard, Reply
from gateway.web.door import Door, Limits
from gateway.web.signature import Unsigned, verify
from gateway.web.statements import Event, Grievance

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 65_536
SLOWEST_ANSWER_S = 30.0
BUSY_S = 5
"""When to say it again, if it could not be stored."""

_TICKET = re.compile(r"[A-Za-z0-9._:-]{1,255}")
_STATUS = {Heard.TAKEN: 200, Heard.KNOWN: 200, Heard.UNKNOWN: 404, Heard.REFUSED: 409, Heard.BUSY: 503}
_Said = TypeVar("_Said", bound=BaseModel)


class CallbackWeb:
    """An aiohttp server on one address."""

    def __init__(
        self,
        bind: str,
        secret: str,
        ear: Ear,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
    ) -> None:
        """`clock` is the wall's, which the senders have too."""
        host, _, port = bind.rpartition(":")
        self._secret, self._ear, self._clock = secret.encode(), ear, clock
        self._limits = limits or Limits()
        self._door = Door(host.strip("[]"), int(port), self._limits, log, tls)
        self._counts: Counter[str] = Counter()
        self._unsigned_told = False

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return self._door.connections

    def counters(self) -> Mapping[str, int]:
        """Monotone counts: what became of requests."""
        return dict(self._counts)

    def application(self) -> web.Application:
        """What can be said here."""
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._guard])
        app.router.add_post("/v1/tickets/{external_id}/events", self._event)
        app.router.add_post("/v1/complaints", self._complaint)
        return app

    async def start(self) -> None:
        """Listen. Raises OSError if the address is taken."""
        await self._door.open(self.application())

    async def stop(self) -> None:
        """Close the address and finish what is under way."""
        await self._door.close()

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Refuse browsers, and answer every refusal as JSON."""
        try:
            if "Origin" in request.headers:
                raise web.HTTPForbidden(text="this is no page for browsers")
            async with asyncio.timeout(SLOWEST_ANSWER_S):
                return await handler(request)
        except TimeoutError:
            self._counts["busy"] += 1
            return _answer(503, "this took too long; say it again under the same id")
        except web.HTTPException as refusal:
            self._counts[f"status_{refusal.status}"] += 1
            allowed = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else {}
            return _answer(refusal.status, refusal.text or refusal.reason, headers=allowed)

    async def _event(self, request: web.Request) -> web.Response:
        body = await self._signed(request)
        ticket = request.match_info["external_id"]
        if not _TICKET.fullmatch(ticket):
            raise web.HTTPNotFound(text="there is no such ticket")
        said = _read(Event, body)
        return said if isinstance(said, web.Response) else self._told(await self._ear.hear(said.callback(ticket)))

    async def _complaint(self, request: web.Request) -> web.Response:
        said = _read(Grievance, await self._signed(request))
        return said if isinstance(said, web.Response) else self._told(await self._ear.complain(said.complaint()))

    async def _signed(self, request: web.Request) -> bytes:
        """The body, if whoever sent it knows the secret."""
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise web.HTTPUnsupportedMediaType(text="the body must not be compressed")
        try:
            async with asyncio.timeout(self._limits.slowest_request_s):
                body = await request.read()
        except TimeoutError as error:
            raise web.HTTPRequestTimeout(text="the body did not come") from error
        stamp, signature = request.headers.get("X-Timestamp", ""), request.headers.get("X-Signature", "")
        try:
            verify(self._secret, stamp, signature, body, self._clock.now())
        except Unsigned as reason:
            self._tell_once(request, reason)
            raise web.HTTPUnauthorized(text=str(reason)) from reason
        self._unsigned_told = False
        return body

    def _tell_once(self, request: web.Request, reason: Unsigned) -> None:
        """A flood of wrong signatures must not fill the log."""
        if not self._unsigned_told:
            log.warning("callbacks: from=%s refused: %s", request.remote, reason)
        self._unsigned_told = True

    def _told(self, reply: Reply) -> web.Response:
        self._counts[str(reply.heard)] += 1
        status = _STATUS[reply.heard]
        if status == 200:
            return web.json_response({"heard": True})
        busy = {"Retry-After": str(BUSY_S)} if reply.heard is Heard.BUSY else {}
        return _answer(status, reply.why or f"this is {reply.heard}", headers=busy)


def _read(kind: type[_Said], body: bytes) -> _Said | web.Response:
    """What a body says, or the answer that it says nothing that can be read."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return _answer(400, "the body must be JSON")
    field, why = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
    return _answer(422, f"{field}: {why}" if field else why, field)


def _answer(status: int, sentence: str, field: str = "", headers: Mapping[str, str] | None = None) -> web.Response:
    said = {"error": sentence, "field": field} if field else {"error": sentence}
    return web.json_response(said, status=status, headers=headers)


def _is_our_fault(record: logging.LogRecord) -> bool:
    """Whoever sends what is no HTTP must not be able to fill the log."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


log.addFilter(_is_our_fault)
