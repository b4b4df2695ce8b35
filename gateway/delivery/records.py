"""What goes into the store and what comes out of it, and how a person is shown it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from gateway.core.casework import Callback, Complaint, Entry, Notice, Silence
from gateway.core.types import Closing, Message, RuleState, Ticket


@dataclass(frozen=True, slots=True)
class Changes:
    """What one tick changed; committed together or not at all. `saved_at` is the site time of the tick."""

    tickets: tuple[Ticket, ...] = ()
    messages: tuple[Message, ...] = ()
    rule_states: tuple[RuleState, ...] = ()
    closings: tuple[Closing, ...] = ()
    saved_at: float = 0.0
    entries: tuple[Entry, ...] = ()
    notices: tuple[Notice, ...] = ()
    silences: tuple[Silence, ...] = ()
    heard: tuple[Callback, ...] = ()
    complaints: tuple[Complaint, ...] = ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message and how its delivery stands. Times are wall seconds since 1970; `first_at` is the first failed try."""

    message: Message
    state: Literal["pending", "sent", "parked"]
    attempts: int
    next_at: float
    first_at: float | None
    last_answer: str
    tried_at: float | None = None
    """When the first try began that may have arrived, known even if the process was killed during it."""
    sent_at: float | None = None
    work_order: str = ""
    """The receiver's own number for the ticket, once it has told one."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How many of a ticket's messages the property company has, waits for, or refused."""

    sent: int
    pending: int
    parked: int


def shown(ticket: Ticket, delivery: Delivery) -> dict[str, Any]:
    """A ticket in a list, as the local pages and the commands show it."""
    return {**asdict(ticket), "delivery": asdict(delivery)}


def shown_whole(ticket: Ticket, messages: Sequence[Outgoing]) -> dict[str, Any]:
    """A ticket with all that was sent about it."""
    return {**asdict(ticket), "deliveries": [asdict(outgoing) for outgoing in messages]}


@dataclass(frozen=True, slots=True)
class Saved:
    """What a start finds: open tickets, rule state, the last closings, the last tick's time, and what was damaged."""

    open_tickets: list[Ticket]
    rule_states: list[RuleState]
    closings: list[Closing]
    saved_at: float | None
    damaged: list[str]
    closed_lately: tuple[Ticket, ...] = ()
    """So lately that their readings may still be watched."""
    silences: tuple[Silence, ...] = ()
    entries: tuple[Entry, ...] = ()
    """The ledger lines of the last 30 days and a bit, which repeats and response times are counted from."""
