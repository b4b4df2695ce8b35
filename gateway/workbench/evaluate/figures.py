"""The figures that a property is asked for, and what was seen: in all, and by seed. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from gateway.core.types import Level
from gateway.workbench.evaluate.judge import Unexplained, Verdict
from gateway.workbench.evaluate.run import Evaluation
from rules.duration import DAY_S
from simulators.faults import Family

Unit = Literal["count", "rate", "share", "s", "d"]
"""A number of tickets; tickets per device and 14 days; a share, 0 to 1; seconds; days."""

_FORTNIGHT = 14.0
_IN_TIME_S = 3 * DAY_S


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; what was not played is None and neither met nor missed."""

    name: str
    unit: Unit
    limit: float
    at_most: bool
    seen: float | None
    by_seed: Mapping[int, float | None]

    @property
    def is_met(self) -> bool | None:
        """Whether what was seen keeps the limit."""
        if self.seen is None:
            return None
        return self.seen <= self.limit if self.at_most else self.seen >= self.limit


def figures(evaluation: Evaluation) -> tuple[Figure, ...]:
    """All figures, in the order in which they are read."""
    seeds = evaluation.asked.starts
    parts = {seed: of_seed(evaluation, seed) for seed in seeds}
    return tuple(
        Figure(name, unit, limit, at_most, measure(evaluation), {seed: measure(parts[seed]) for seed in seeds})
        for name, unit, limit, at_most, measure in _MEASURES
    )


def of_seed(evaluation: Evaluation, seed: int) -> Evaluation:
    """What was found with one seed."""
    return replace(
        evaluation,
        weeks=tuple(weeks for weeks in evaluation.weeks if weeks.seed == seed),
        verdicts=tuple(each for each in evaluation.verdicts if each.trial.seed == seed),
        strays=tuple(each for each in evaluation.strays if each.seed == seed),
    )


def asked_of(evaluation: Evaluation, *families: Family) -> list[Verdict]:
    """The trials of some families on single machines that show at all."""
    alone = [each for each in evaluation.verdicts if not each.trial.is_incident]
    return [each for each in alone if each.trial.family in families and each.is_asked]


def device_days(evaluation: Evaluation) -> float:
    """How much normal life was seen."""
    return sum(weeks.end - weeks.start for weeks in evaluation.weeks) / DAY_S * len(evaluation.config.devices)


def _false_red(evaluation: Evaluation) -> float | None:
    return _normal(evaluation, Level.RED)


def _false_yellow(evaluation: Evaluation) -> float | None:
    count = _normal(evaluation, Level.YELLOW)
    return None if count is None else count / device_days(evaluation) * _FORTNIGHT


def _normal(evaluation: Evaluation, level: Level) -> float | None:
    if not evaluation.weeks:
        return None
    return float(sum(ticket.level is level for weeks in evaluation.weeks for ticket in weeks.tickets))


def _safety_red(evaluation: Evaluation) -> float | None:
    return _share([each.level is Level.RED for each in asked_of(evaluation, "safety")])


def _safety_delay(evaluation: Evaluation) -> float | None:
    delays = [each.red_delay_s for each in asked_of(evaluation, "safety")]
    return max((delay for delay in delays if delay is not None), default=None)


def _slow_found(evaluation: Evaluation) -> float | None:
    return _share([each.is_found for each in asked_of(evaluation, "slow")])


def _slow_in_time(evaluation: Evaluation) -> float | None:
    warnings = [each.warning_s for each in asked_of(evaluation, "slow")]
    return _share([warning is not None and warning >= _IN_TIME_S for warning in warnings])


def _slow_warning(evaluation: Evaluation) -> float | None:
    warnings = [each.warning_s for each in asked_of(evaluation, "slow")]
    known = [warning for warning in warnings if warning is not None]
    return median(known) / DAY_S if known else None


def _wrong_kind(evaluation: Evaluation) -> float | None:
    if not any(each.trial.family == "sensor" for each in evaluation.verdicts):
        return None
    return float(sum(each.why == "wrong_kind" for each in evaluation.strays))


def _one_ticket(evaluation: Evaluation) -> float | None:
    return _share([_is_one(each, evaluation.strays) for each in evaluation.verdicts if each.trial.is_incident])


def _is_one(incident: Verdict, strays: Sequence[Unexplained]) -> bool:
    """Whether one ticket tells of an incident, and none speaks of something else on its devices meanwhile."""
    trial = incident.trial
    mine = [each.ticket for each in strays if (each.seed, each.during) == (trial.seed, trial.fault)]
    others = [each for each in mine if trial.onset <= each.fired_at <= trial.felt_until]
    return len(incident.tickets) == 1 and not others


def _share(holds: Sequence[bool]) -> float | None:
    return sum(holds) / len(holds) if holds else None


_MEASURES: tuple[tuple[str, Unit, float, bool, Callable[[Evaluation], float | None]], ...] = (
    ("false_red", "count", 0.0, True, _false_red),
    ("false_yellow", "rate", 0.1, True, _false_yellow),
    ("safety_red", "share", 1.0, False, _safety_red),
    ("safety_delay", "s", 10.0, True, _safety_delay),
    ("slow_found", "share", 0.95, False, _slow_found),
    ("slow_in_time", "share", 0.95, False, _slow_in_time),
    ("slow_warning", "d", 7.0, False, _slow_warning),
    ("wrong_kind", "count", 0.0, True, _wrong_kind),
    ("one_ticket", "share", 1.0, False, _one_ticket),
)
