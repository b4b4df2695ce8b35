"""A ticket as an evaluation sees it: about which devices, of which kind, when people were told, and by what."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.core.types import Level
from gateway.workbench.backtest.outcome import Case
from rules.rule import Rule
from rules.vocabulary import SAID


@dataclass(frozen=True, slots=True)
class Raised:
    """One ticket. Times are seconds since 1970."""

    ticket: str
    devices: tuple[str, ...]
    """The device that it names first, then those that suffer from the same cause."""
    building: str
    kind: str
    """What counts as the same kind of problem."""
    rule: str
    title: str
    told: tuple[tuple[float, Level], ...]
    """When people were told and at which level: as it was opened, and as it became red."""
    red_for_s: float
    """How long the condition of the rule that made it red has to hold."""
    by_score: bool
    """Whether the rule that opened it reads what a detector says."""

    @property
    def device(self) -> str:
        """The device that it names first."""
        return self.devices[0]

    @property
    def fired_at(self) -> float:
        """When it was opened."""
        return self.told[0][0]

    @property
    def level(self) -> Level:
        """The highest level that it reached."""
        return self.told[-1][1]


def raised(case: Case, rules: Mapping[str, Rule]) -> Raised:
    """What became of a problem in a play, seen from here."""
    ticket, first = case.ticket, case.changes[0]
    told = [(ticket.fired_at, case.opened_as)]
    if case.escalated_at is not None:
        told.append((case.escalated_at, Level.RED))
    reddened = next((rules[change.rule] for change in case.changes if change.level == "red"), None)
    red = reddened.red if reddened else None
    read = " ".join(rules[first.rule].conditions)
    return Raised(
        ticket=ticket.id,
        devices=tuple(dict.fromkeys((case.device.id, *(member.device for member in ticket.members)))),
        building=case.device.location.get("building", ""),
        kind=ticket.kind,
        rule=first.rule,
        title=ticket.title,
        told=tuple(told),
        red_for_s=red.for_s if red else 0.0,
        by_score=any(f"{what}." in read for what in SAID),
    )
