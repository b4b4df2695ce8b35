"""A receiver in a few lines: it forgets keys, loses answers, and makes a second order when it should know better."""

from collections import Counter
from dataclasses import dataclass, field

from gateway.core.types import Message
from gateway.delivery.outbox import PATIENCE
from gateway.delivery.receiver import Outcome, Reason, Result
from gateway.delivery.records import Outgoing

WINDOW_S = 3600.0
NOT_STORED = {
    "500 not stored": Result(Outcome.UNKNOWN, Reason.SERVER_ERROR),
    "refused": Result(Outcome.RETRY, Reason.UNREACHABLE),
    "busy": Result(Outcome.RETRY, Reason.BUSY),
    "wrong token": Result(Outcome.AUTH, Reason.REFUSED),
    "unprocessable": Result(Outcome.PERMANENT, Reason.REJECTED),
}
STORED = {
    "ok": Result(Outcome.OK, Reason.ACCEPTED, id="7"),
    "500 stored": Result(Outcome.UNKNOWN, Reason.SERVER_ERROR),
    "response lost": Result(Outcome.UNKNOWN, Reason.BROKEN_OFF),
}
CRASHES = {"crash before sending", "crash after sending"}
FAULTS = [*NOT_STORED, *STORED, *CRASHES, "mute look-up", "look-up fails", "ok", "ok"]


class Crash(Exception):
    """The gateway dies here."""


@dataclass
class Server:
    """A receiver; `stored` counts how often each key became an order or an event."""

    remembers_s: float
    now: float = 0.0
    fault: str = "ok"
    stored: Counter[str] = field(default_factory=Counter)
    arrived: list[Message] = field(default_factory=list)
    _known: dict[str, float] = field(default_factory=dict)

    async def probe(self) -> Result:
        return STORED["ok"] if self.fault != "wrong token" else NOT_STORED["wrong token"]

    async def find(self, message: Message) -> Result:
        if self.fault == "mute look-up":
            return Result(Outcome.UNKNOWN, Reason.BAD_ANSWER)
        if self.fault == "look-up fails":
            return NOT_STORED["busy"]
        if self.stored[message.key]:
            return Result(Outcome.EXISTS, Reason.KNOWN, id="7")
        return Result(Outcome.ABSENT, Reason.NOT_FOUND)

    async def create(self, message: Message) -> Result:
        return self._post(message)

    async def comment(self, message: Message, work_order: str) -> Result:
        assert work_order == "7" or self.stored[message.ticket], "an event before its order"
        return self._post(message)

    async def set_state(self, message: Message, work_order: str) -> Result:
        return STORED["ok"]

    async def read(self, ticket: str, work_order: str = "") -> Result:
        return STORED["ok"]

    def _post(self, message: Message) -> Result:
        if self.fault == "crash before sending":
            raise Crash
        if self.fault in NOT_STORED:
            return NOT_STORED[self.fault]
        self._store(message)
        if self.fault == "crash after sending":
            raise Crash
        return STORED.get(self.fault, STORED["ok"])

    def _store(self, message: Message) -> None:
        """One per key, as long as the key is remembered."""
        known_at = self._known.get(message.key)
        if known_at is not None and self.now - known_at <= self.remembers_s:
            return
        self._known[message.key] = self.now
        self.stored[message.key] += 1
        self.arrived.append(message)


def may_go(outgoing: Outgoing, rows: list[Outgoing], now: float) -> bool:
    """Whether a message is due: what the outbox's query says, said again in Python. `rows` in the order of writing."""
    ours = outgoing.message
    if outgoing.state != "pending" or now < outgoing.next_at <= now + 3600.0:
        return False
    if any(_is_before(row, ours) and (row.state == "pending" or _is_parked_creation(row)) for row in rows):
        return False
    if ours.number == 0 or not ours.device:
        return True
    return not any(_goes_first(row, outgoing, rows) for row in rows[: rows.index(outgoing)])


def _goes_first(row: Outgoing, outgoing: Outgoing, rows: list[Outgoing]) -> bool:
    other, ours = row.message, outgoing.message
    if row.state != "pending" or other.number == 0 or other.device != ours.device or other.ticket == ours.ticket:
        return False
    if other.level > ours.level or row.attempts >= PATIENCE:
        return False
    before = [each for each in rows if _is_before(each, other)]
    return not any(
        _is_parked_creation(each) or (each.state == "pending" and each.attempts >= PATIENCE) for each in before
    )


def _is_before(row: Outgoing, message: Message) -> bool:
    return row.message.ticket == message.ticket and row.message.number < message.number


def _is_parked_creation(row: Outgoing) -> bool:
    return row.state == "parked" and row.message.number == 0
