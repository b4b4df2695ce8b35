"""A backtest in figures: what each rule costs the people who look after the tickets, and where."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from gateway.core.types import Level
from gateway.workbench.backtest.outcome import Case, Outcome


@dataclass(frozen=True, slots=True)
class Line:
    """The tickets that one rule opened at one level."""

    rule: str
    level: Level
    count: int
    per_week: float
    devices: tuple[tuple[str, int], ...]
    """The devices that make them and how many each, most first."""
    median_s: float
    """How long the problem of a ticket was there in all; half of them were there for less."""
    escalated: float
    """Share, 0 to 1, that became red later."""
    again: float
    """Share, 0 to 1, of which the problem came again before the ticket was closed."""


@dataclass(frozen=True, slots=True)
class Load:
    """The tickets of a building by the level that they had in the end; `building` is None for the whole site."""

    building: str | None
    yellow: int
    red: int
    yellow_per_week: float
    red_per_week: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Lines with the most tickets first, red before yellow; loads by building; and of the site."""

    lines: tuple[Line, ...]
    buildings: tuple[Load, ...]
    site: Load


def summarise(outcome: Outcome, cases: Iterable[Case] | None = None) -> Summary:
    """The figures of an outcome, or of some of its cases."""
    chosen = outcome.cases if cases is None else tuple(cases)
    by_rule: dict[tuple[str, Level], list[Case]] = defaultdict(list)
    by_building: dict[str, list[Case]] = defaultdict(list)
    for case in chosen:
        by_rule[case.ticket.rule, case.opened_as].append(case)
        if building := case.device.location.get("building"):
            by_building[building].append(case)
    lines = [_line(rule, level, each, outcome) for (rule, level), each in by_rule.items()]
    return Summary(
        lines=tuple(sorted(lines, key=lambda line: (line.level is not Level.RED, -line.count, line.rule))),
        buildings=tuple(_load(building, each, outcome) for building, each in sorted(by_building.items())),
        site=_load(None, chosen, outcome),
    )


def _line(rule: str, level: Level, cases: Sequence[Case], outcome: Outcome) -> Line:
    count = len(cases)
    devices = Counter(case.ticket.device for case in cases)
    return Line(
        rule=rule,
        level=level,
        count=count,
        per_week=count / outcome.weeks,
        devices=tuple(sorted(devices.items(), key=lambda item: (-item[1], item[0]))),
        median_s=median(firing_s(case, outcome.end) for case in cases),
        escalated=sum(case.escalated_at is not None for case in cases) / count,
        again=sum(case.ticket.occurrences > 1 for case in cases) / count,
    )


def _load(building: str | None, cases: Sequence[Case], outcome: Outcome) -> Load:
    red = sum(case.ticket.level is Level.RED for case in cases)
    yellow = len(cases) - red
    return Load(building, yellow, red, yellow / outcome.weeks, red / outcome.weeks)


def firing_s(case: Case, end: float) -> float:
    """How long the problem of a case was there in all, up to `end`."""
    return sum(until - since for since, until in case.firing(end))
