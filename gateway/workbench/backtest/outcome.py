"""What a backtest found out: the tickets that would have been, and how far the record can be trusted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drivers.device import Device
from gateway.core.config import Config
from gateway.core.note import Note
from gateway.core.types import Closing, Level, Ticket
from gateway.workbench.backtest.trace import Trace
from rules.rule import Transition

Span = tuple[float, float]
"""From, until; seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket that would have been."""

    ticket: Ticket
    """As it stood at the end."""
    device: Device
    opened_as: Level
    escalated_at: float | None
    changes: tuple[Transition, ...]
    """Every transition that touched it, in order of time."""
    closed_at: float | None
    """When the person would have closed it; None if it was open at the end."""

    def firing(self, end: float) -> Iterator[Span]:
        """The stretches in which at least one rule saw the problem; the last one may go on until `end`."""
        active: set[str] = set()
        since = 0.0
        for change in self.changes:
            before = bool(active)
            if change.change == "cleared":
                active.discard(change.rule)
            else:
                active.add(change.rule)
            if active and not before:
                since = change.time
            elif before and not active:
                yield since, change.time
        if active:
            yield since, end

    def life(self, end: float) -> Span:
        """From birth until it was closed, or until `end`."""
        return self.ticket.fired_at, end if self.closed_at is None else self.closed_at


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a set of rules makes of [start, end) of a record; times are seconds since 1970."""

    config: Config
    """The site, with the rules that were played."""
    start: float
    end: float
    step_s: float
    """Distance of the instants at which rules looked; extra readings in between have rows of their own."""
    handled_s: float
    """A person is assumed to close a ticket this long after its condition went away."""
    cases: tuple[Case, ...]
    """In order of birth."""
    evaluations: int
    """Rows x devices x rules."""
    known: Mapping[str, float]
    """Share of the time for which something is known of a device, 0 to 1, by profile; mean of its devices."""
    silences: tuple[Span, ...]
    """Stretches in which no device of the site was heard for long. The gateway was off, or everything else was."""
    notes: tuple[Note, ...]
    ledger: tuple[Closing, ...] | None = None
    """What people said of the real tickets that fired in this time; None if nobody keeps a ledger."""
    traces: Mapping[str, Trace] = field(default_factory=dict)
    """What detectors said, by profile, if it was asked for."""

    @property
    def weeks(self) -> float:
        """How long the backtest was."""
        return (self.end - self.start) / (7 * 86400.0)
