"""What no transaction has taken yet, in order; later states of the same thing replace earlier ones."""

from dataclasses import dataclass, field

from gateway.core.casework import Callback, Complaint, Entry, Notice, Silence
from gateway.core.types import Closing, Message, RuleState, Ticket
from gateway.delivery.records import Changes
from gateway.tickets.decision import Decision


@dataclass(slots=True)
class Unsaved:
    """Changes that wait for the disk."""

    tickets: dict[str, Ticket] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    states: dict[tuple[str, str], RuleState] = field(default_factory=dict)
    closings: list[Closing] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    heard: list[Callback] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    has_time: bool = False
    """The time itself is worth storing: limits go on from it where a machine without a battery starts in 1970."""

    def note(self, decision: Decision) -> None:
        """Remember what a decision changed."""
        if decision.ticket is not None:
            self.tickets[decision.ticket.id] = decision.ticket
            self.messages.extend(decision.messages)
            self.entries.extend(decision.entries)
            self.notices.extend(decision.notices)
        if decision.closing is not None:
            self.closings.append(decision.closing)

    def changes(self, now: float) -> Changes | None:
        """All of it as one transaction; None if there is nothing."""
        others = (self.silences, self.heard, self.complaints)
        if not (self.tickets or self.messages or self.states or any(others) or self.has_time):
            return None
        return Changes(
            tickets=tuple(self.tickets.values()),
            messages=tuple(self.messages),
            rule_states=tuple(self.states.values()),
            closings=tuple(self.closings),
            saved_at=now,
            entries=tuple(self.entries),
            notices=tuple(self.notices),
            silences=tuple(self.silences),
            heard=tuple(self.heard),
            complaints=tuple(self.complaints),
        )

    def followed_by(self, newer: "Unsaved") -> "Unsaved":
        """These changes, and then the newer ones."""
        return Unsaved(
            tickets={**self.tickets, **newer.tickets},
            messages=self.messages + newer.messages,
            states={**self.states, **newer.states},
            closings=self.closings + newer.closings,
            entries=self.entries + newer.entries,
            notices=self.notices + newer.notices,
            silences=self.silences + newer.silences,
            heard=self.heard + newer.heard,
            complaints=self.complaints + newer.complaints,
            has_time=self.has_time or newer.has_time,
        )
