"""How long the gateway takes from a reading to a ticket that people know of, against what the norms allow. Pure.

A figure of nothing is None, never 0. Quantiles are times that occurred (nearest rank), so they hold for three tickets
as for thousands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil

BUDGETS_S = {"10s": 10.0, "3min": 180.0, "5min": 300.0}
"""To warn the duty post, to be on site for a red one, and to handle it together."""

_STAGES = ("decided", "stored", "sent", "acknowledged")


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, in seconds, over `count` times."""

    count: int
    p50_s: float
    p95_s: float
    p99_s: float

    @classmethod
    def of(cls, times_s: Iterable[float]) -> "Spread | None":
        """None of none. A negative time is a clock that was set back: it took no time."""
        ordered = sorted(max(each, 0.0) for each in times_s)
        if not ordered:
            return None
        p50, p95, p99 = (ordered[ceil(percent * len(ordered) / 100) - 1] for percent in (50, 95, 99))
        return cls(len(ordered), p50, p95, p99)


@dataclass(frozen=True, slots=True)
class Stamps:
    """When a ticket passed each stage, in seconds since 1970; None if it has not yet."""

    reading: float  # event time of the reading with which the rule fired
    decided: float
    stored: float | None = None
    sent: float | None = None
    acknowledged: float | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """How long after the reading a stage was reached, and the share of tickets that reached it within each budget."""

    spread: Spread
    within: Mapping[str, float]


def latencies(stamps: Iterable[Stamps]) -> Mapping[str, Latency]:
    """By stage, in their order; a stage that nothing has reached is not there."""
    passed = list(stamps)
    found = {}
    for stage in _STAGES:
        times = [at - each.reading for each in passed if (at := getattr(each, stage)) is not None]
        if (spread := Spread.of(times)) is not None:
            within = {name: sum(took <= most for took in times) / len(times) for name, most in BUDGETS_S.items()}
            found[stage] = Latency(spread, within)
    return found
