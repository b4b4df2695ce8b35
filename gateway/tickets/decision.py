"""What the desk decides: a named reason, the ticket as it now stands, and what must be told and kept of it."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.core.casework import Entry, Notice
from gateway.core.types import Closing, Message, Ticket


class Reason(StrEnum):
    """Why the desk did what it did."""

    NEW_PROBLEM = "new problem"
    HELD_BACK = "new problem, held back for now"
    RELEASED = "no longer held back"
    WITHDRAWN = "went away while it was held back"
    COMMON_CAUSE = "part of a common cause"
    NEW_CAUSE = "several devices suffer from one cause"
    MEMBERS = "members of a common cause have changed"
    MEMBERS_QUIETLY = "members of a common cause have changed, not worth a message yet"
    WORSE = "escalated to red"
    AGAIN = "same problem again"
    AGAIN_QUIETLY = "same problem again, not worth a message"
    JOINED = "part of a problem that is there already"
    CLEARED = "condition went away"
    CLEARED_QUIETLY = "condition went away again, not worth a message"
    RESTORED = "all members of a common cause have recovered"
    STILL_FIRING = "another rule still sees the problem"
    NO_TICKET = "nothing open to clear"
    RULE_CHANGED = "rule changed"
    RULE_REMOVED = "rule removed"
    ACKNOWLEDGED = "acknowledged by a person"
    MOVED_ON = "work goes on"
    RESOLVED = "a person says that it is done"
    CLOSED = "closed by a person"
    CLOSED_ITSELF = "closed as its policy allows"
    EVIDENCE_NEEDED = "closing needs evidence"
    NOTHING_NEW = "nothing new"
    OVERDUE = "a limit was missed"
    BACK = "back after it was said to be done"
    REJECTED = "the work was not accepted"
    VERIFIED = "quiet since it was said to be done"
    REPEATED = "the same kind of problem too often"
    MANAGEMENT = "the work on tickets needs a look"
    STORAGE = "the gateway's own state was damaged"
    CLOCK_LEAPT = "the clock was set ahead"
    CHART = "a chart was drawn"


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of something: the ticket as it now stands, what others must learn, and what the ledger keeps."""

    reason: Reason
    ticket: Ticket | None = None
    messages: tuple[Message, ...] = ()
    closing: Closing | None = None
    """What is learnt from it, if a person closed it."""
    entries: tuple[Entry, ...] = ()
    notices: tuple[Notice, ...] = ()
