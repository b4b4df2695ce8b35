"""What the desk decides: a named reason, the ticket as it now stands, and what must be told of it."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.core.types import Closing, Message, Ticket


class Reason(StrEnum):
    """Why the desk did what it did."""

    NEW_PROBLEM = "new problem"
    WORSE = "escalated to red"
    AGAIN = "same problem again"
    AGAIN_QUIETLY = "same problem again, not worth a message"
    JOINED = "part of a problem that is there already"
    CLEARED = "condition went away"
    CLEARED_QUIETLY = "condition went away again, not worth a message"
    STILL_FIRING = "another rule still sees the problem"
    NO_TICKET = "nothing open to clear"
    RULE_CHANGED = "rule changed"
    RULE_REMOVED = "rule removed"
    ACKNOWLEDGED = "acknowledged by a person"
    CLOSED = "closed by a person"


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a transition: the ticket as it now stands, and what the dispatch API must learn."""

    reason: Reason
    ticket: Ticket | None = None
    messages: tuple[Message, ...] = ()
    closing: Closing | None = None
    """What the ledger keeps, if a person closed it."""
