"""What stands between the outbox and a work-order system: six questions, each with one of seven outcomes.

Our own dispatch API is one such system (`own_api`); another one is another class with these methods.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from gateway.core.types import Message


class Outcome(StrEnum):
    """What became of a request."""

    OK = "ok"
    EXISTS = "exists"
    """The receiver has it already."""
    ABSENT = "absent"
    """The receiver has no such thing. Only as good as the session: `probe` proves that."""
    RETRY = "retry"
    """Surely not done; later it may be."""
    UNKNOWN = "unknown"
    """Done or not: an error of the server, a reset, silence. With an `id`: done, but not proven to be ours."""
    AUTH = "auth"
    """Not done: a person must look at token or address."""
    PERMANENT = "permanent"
    """It will never be done as it is."""


class Reason(StrEnum):
    """Why a message was delivered, waits, or is parked; for health, metrics and people."""

    ACCEPTED = "accepted"
    KNOWN = "already_known"
    UNREACHABLE = "unreachable"
    BROKEN_OFF = "broken_off"
    TIMED_OUT = "timed_out"
    SERVER_ERROR = "server_error"
    BUSY = "busy"
    BAD_ANSWER = "bad_answer"
    UNPROVEN = "unproven"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    REDIRECTED = "redirected"
    REJECTED = "rejected"
    CONFLICT = "conflict"
    UNMAPPABLE = "unmappable"
    MADE_BUT_ABSENT = "made_but_absent"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one request. `detail` is for people; foreign text in it is escaped and short."""

    outcome: Outcome
    reason: Reason
    id: str = ""  # the receiver's own number of the work order, always text
    state: str = ""  # of the work order, in the receiver's words
    detail: str = ""
    at_least_s: float = 0.0  # the shortest pause that the receiver should be given
    said: Mapping[str, Any] = field(default_factory=dict)  # the work order as the receiver shows it; foreign

    @property
    def delivered(self) -> bool:
        """Whether the receiver has the message."""
        return self.outcome in {Outcome.OK, Outcome.EXISTS}


class Receiver(Protocol):
    """A work-order system. No method raises for what the other side does; each answers within a deadline of its own."""

    @property
    def remembers_s(self) -> float:
        """How long the same key surely is the same message, in seconds; 0 if the receiver knows no keys.

        A message that may have arrived longer ago is sent again only when it was looked for and proven absent.
        """
        ...

    async def probe(self) -> Result:
        """Whether the session is good: OK, RETRY or AUTH. Without it an empty look-up means nothing."""
        ...

    async def find(self, message: Message) -> Result:
        """Look for what a message tells of: EXISTS with the id, ABSENT, UNKNOWN if the answer proves nothing."""
        ...

    async def create(self, message: Message) -> Result:
        """Make a work order."""
        ...

    async def comment(self, message: Message, work_order: str) -> Result:
        """Tell what became of a ticket; `work_order` is the receiver's number for it, empty if none is known."""
        ...

    async def set_state(self, message: Message, work_order: str) -> Result:
        """Move the work order to the message's state, and read whether it took it; OK where `comment` has done that."""
        ...

    async def read(self, ticket: str, work_order: str = "") -> Result:
        """How the work order of a ticket stands: OK with `state` and `said`, or ABSENT."""
        ...
