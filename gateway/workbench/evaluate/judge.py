"""Holds tickets against what really happened: which trial each one tells of, and which ones nothing explains. Pure.

A ticket tells of a trial if it is about one of its devices, of a kind that the trial asks for, and if people were told
(as it was opened, or as it became red) while the machine felt the fault.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.core.types import Level
from gateway.workbench.evaluate.raised import Raised
from gateway.workbench.evaluate.trial import Trial

_OF_INSTRUMENTS = ".sensor"
_OF_COMMUNICATION = "device."

Stray = Literal["false", "beside", "wrong_kind"]
"""Nothing was wrong; something else was wrong; only the sensor was, and the ticket sends people to the machine."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a trial. Times are seconds since 1970."""

    trial: Trial
    tickets: tuple[Raised, ...]
    """All that tell of it, in the order in which they told."""
    told_at: float | None
    """When people first heard of it."""
    red_at: float | None
    """When the first of these tickets was red."""

    @property
    def is_asked(self) -> bool:
        """Whether it shows at all: nobody can be asked for what is over before."""
        return bool(self.trial.shown)

    @property
    def is_found(self) -> bool:
        """Whether anybody was told in time."""
        return self.told_at is not None

    @property
    def level(self) -> Level | None:
        """The highest level of its tickets."""
        if self.red_at is not None:
            return Level.RED
        return Level.YELLOW if self.is_found else None

    @property
    def is_level_right(self) -> bool:
        """Whether it reached just the level that it deserves."""
        return self.level is self.trial.level

    @property
    def is_by_score(self) -> bool:
        """Whether a detector saw it first, and not a limit."""
        return bool(self.tickets) and self.tickets[0].by_score

    @property
    def since_onset_s(self) -> float | None:
        """From the beginning of the fault to the ticket."""
        return None if self.told_at is None else self.told_at - self.trial.onset

    @property
    def since_shown_s(self) -> float | None:
        """From the first moment at which it shows to the ticket; negative if the gateway has the sharper eye."""
        shown_at = self.trial.shown_at
        return None if self.told_at is None or shown_at is None else self.told_at - shown_at

    @property
    def red_delay_s(self) -> float | None:
        """From the moment that deserves red until the ticket was red, beyond what the rule itself waits for."""
        shown_at = self.trial.shown.get(Level.RED)
        if self.red_at is None or shown_at is None:
            return None
        red = next(each for each in self.tickets if each.level is Level.RED)
        return self.red_at - shown_at - red.red_for_s

    @property
    def warning_s(self) -> float | None:
        """From the ticket to the failure."""
        failure = self.trial.failure
        return None if self.told_at is None or failure is None else failure - self.told_at


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A ticket that tells of no trial."""

    ticket: Raised
    seed: int
    why: Stray
    during: str
    """The fault that the device felt meanwhile, or nothing."""


def verdicts(trials: Iterable[Trial], tickets: Sequence[Raised]) -> tuple[Verdict, ...]:
    """What became of each trial."""
    return tuple(_verdict(trial, tickets) for trial in trials)


def unexplained(trials: Sequence[Trial], tickets: Iterable[Raised], seed: int) -> tuple[Unexplained, ...]:
    """The tickets whose first word tells of no trial, and why they came nevertheless."""
    found = []
    for ticket in tickets:
        met = [trial for trial in trials if not _about(trial, ticket).isdisjoint(trial.devices)]
        felt = [trial for trial in met if trial.onset <= ticket.fired_at <= trial.felt_until]
        if not any(ticket.kind in trial.classes for trial in felt):
            found.append(Unexplained(ticket, seed, _why(ticket, felt), felt[0].fault if felt else ""))
    return tuple(found)


def _verdict(trial: Trial, tickets: Iterable[Raised]) -> Verdict:
    told = [(_told(trial, each), each) for each in tickets]
    telling = sorted(((said, each) for said, each in told if said), key=lambda pair: (pair[0], pair[1].ticket))
    reds = [at for said, _ in telling for at, level in said if level is Level.RED]
    return Verdict(
        trial=trial,
        tickets=tuple(each for _, each in telling),
        told_at=telling[0][0][0][0] if telling else None,
        red_at=min(reds, default=None),
    )


def _told(trial: Trial, ticket: Raised) -> list[tuple[float, Level]]:
    """What the ticket said of the trial, and when."""
    if ticket.kind not in trial.classes or _about(trial, ticket).isdisjoint(trial.devices):
        return []
    return [(at, level) for at, level in ticket.told if trial.onset <= at <= trial.felt_until]


def _about(trial: Trial, ticket: Raised) -> frozenset[str]:
    """The devices of the ticket; of a fault of one machine only the one that is named."""
    return frozenset(ticket.devices if trial.is_incident else ticket.devices[:1])


def _why(ticket: Raised, felt: Sequence[Trial]) -> Stray:
    if not felt:
        return "false"
    is_process = not ticket.kind.endswith(_OF_INSTRUMENTS) and not ticket.kind.startswith(_OF_COMMUNICATION)
    return "wrong_kind" if is_process and all(trial.family == "sensor" for trial in felt) else "beside"
