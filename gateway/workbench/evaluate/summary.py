"""An evaluation by fault, by rule and by building: what the tables and the plots show. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from gateway.core.types import Level
from gateway.workbench.evaluate.judge import Unexplained, Verdict
from gateway.workbench.evaluate.raised import Raised
from gateway.workbench.evaluate.run import Evaluation
from rules.duration import DAY_S
from simulators.faults import Family


@dataclass(frozen=True, slots=True)
class FaultLine:
    """All trials of a fault on one kind of machine. Times are the median of the trials that were found, in seconds."""

    fault: str
    kind: str
    family: Family
    trials: int
    hidden: int
    """Trials that were over before they showed: nobody is asked for them."""
    found: int
    level_right: int
    since_onset_s: float | None
    since_shown_s: float | None
    red_delay_s: float | None
    """The longest one."""
    warning_s: float | None
    least_warning_s: float | None
    by_score: int
    """Found trials that a detector saw first."""
    repeated: int
    """Tickets beyond the first of a trial."""
    beside: int
    """Tickets about the machine, while it felt the fault, that speak of something else."""
    wrong_kind: int
    """Those that send people to the machine while only the sensor is wrong."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """False tickets of the normal weeks by one rule."""

    rule: str
    yellow: int
    red: int
    devices: tuple[tuple[str, int], ...]
    """Most first."""


@dataclass(frozen=True, slots=True)
class BuildingLine:
    """Tickets of the normal weeks in one building; an empty name is that of devices without one."""

    building: str
    yellow_per_week: float
    red_per_week: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything but the figures."""

    faults: tuple[FaultLine, ...]
    rules: tuple[RuleLine, ...]
    buildings: tuple[BuildingLine, ...]
    found_by_score: float | None
    """Share of the found trials that a detector saw first, 0 to 1; a limit saw the others."""
    false_by_score: float | None
    """Share of the false tickets that a detector raised."""
    false_in_trials: int
    """False tickets about the machines of the trials, before and after their faults."""


def summarise(evaluation: Evaluation) -> Summary:
    """The tables of an evaluation."""
    groups: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in evaluation.verdicts:
        groups[verdict.trial.fault, verdict.trial.kind].append(verdict)
    false = [ticket for weeks in evaluation.weeks for ticket in weeks.tickets]
    found = [verdict.is_by_score for verdict in evaluation.verdicts if verdict.is_found]
    return Summary(
        faults=tuple(_fault_line(group, evaluation.strays) for group in groups.values()),
        rules=_rule_lines(false),
        buildings=_building_lines(evaluation, false),
        found_by_score=_share(found),
        false_by_score=_share([ticket.by_score for ticket in false]),
        false_in_trials=sum(stray.why == "false" for stray in evaluation.strays),
    )


def _fault_line(group: Sequence[Verdict], strays: Iterable[Unexplained]) -> FaultLine:
    trial = group[0].trial
    asked = [verdict for verdict in group if verdict.is_asked]
    where = {(verdict.trial.seed, device) for verdict in group for device in verdict.trial.devices}
    around = [
        each.why
        for each in strays
        if each.during == trial.fault and any((each.seed, name) in where for name in each.ticket.devices)
    ]
    warnings = _known(verdict.warning_s for verdict in asked)
    return FaultLine(
        fault=trial.fault,
        kind=trial.kind,
        family=trial.family,
        trials=len(group),
        hidden=len(group) - len(asked),
        found=sum(verdict.is_found for verdict in asked),
        level_right=sum(verdict.is_level_right for verdict in asked),
        since_onset_s=_median(_known(verdict.since_onset_s for verdict in asked)),
        since_shown_s=_median(_known(verdict.since_shown_s for verdict in asked)),
        red_delay_s=max(_known(verdict.red_delay_s for verdict in asked), default=None),
        warning_s=_median(warnings),
        least_warning_s=min(warnings, default=None),
        by_score=sum(verdict.is_by_score for verdict in asked),
        repeated=sum(max(0, len(verdict.tickets) - 1) for verdict in group),
        beside=around.count("beside"),
        wrong_kind=around.count("wrong_kind"),
    )


def _rule_lines(tickets: Iterable[Raised]) -> tuple[RuleLine, ...]:
    by_rule: dict[str, list[Raised]] = defaultdict(list)
    for ticket in tickets:
        by_rule[ticket.rule].append(ticket)
    lines = [
        RuleLine(
            rule=rule,
            yellow=sum(ticket.level is Level.YELLOW for ticket in each),
            red=sum(ticket.level is Level.RED for ticket in each),
            devices=tuple(
                sorted(Counter(ticket.device for ticket in each).items(), key=lambda item: (-item[1], item[0]))
            ),
        )
        for rule, each in by_rule.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.red, -line.yellow, line.rule)))


def _building_lines(evaluation: Evaluation, tickets: Sequence[Raised]) -> tuple[BuildingLine, ...]:
    weeks = sum(each.end - each.start for each in evaluation.weeks) / (7 * DAY_S)
    if not weeks:
        return ()
    names = sorted({device.location.get("building", "") for device in evaluation.config.devices})
    counts = Counter((ticket.building, ticket.level) for ticket in tickets)
    return tuple(
        BuildingLine(name, counts[name, Level.YELLOW] / weeks, counts[name, Level.RED] / weeks) for name in names
    )


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _share(holds: Sequence[bool]) -> float | None:
    return sum(holds) / len(holds) if holds else None
