"""The functions of the rule language: one entry per function; the reference page is made from these tables.

To add one, add one entry. `expression` gives it its arguments, checks their number and units, and knows no names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from typing import Literal

import numpy as np

from rules.vocabulary import Bools, Floats, Frame
from rules.windows import (
    Average,
    Change,
    Deviation,
    Highest,
    Lowest,
    Rate,
    Rises,
    Stuck,
    Total,
    Window,
)

Unit = Literal["same", "seconds", "none", "unknown"]
"""Of a function's value: that of its arguments, seconds, a plain number, or one that nothing can be checked against."""


@dataclass(frozen=True, slots=True)
class OverPoints:
    """A function of numbers of the same moment; NaN in, NaN out."""

    usage: str
    doc: str
    least: int
    most: int
    of: Callable[..., Floats]


@dataclass(frozen=True, slots=True)
class OverTime:
    """A function of one quantity (or of a condition, as 0 and 1) over a window that ends now."""

    usage: str
    doc: str
    of: Callable[[float, int], Window]
    takes: Literal["number", "condition"] = "number"
    unit: Unit = "same"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A function of one point about what is known of it; [T, D] from a frame and the point's column."""

    usage: str
    doc: str
    of: Callable[[Frame, int], Floats]
    unit: Unit = "none"


@dataclass(frozen=True, slots=True)
class Word:
    """A name without arguments that is always there; true or false, never unknown."""

    usage: str
    doc: str
    of: Callable[[Frame], Bools]


def _mean(*numbers: Floats) -> Floats:
    return reduce(np.add, numbers) / len(numbers)


def _spread(*numbers: Floats) -> Floats:
    return reduce(np.maximum, numbers) - reduce(np.minimum, numbers)


def _lowest(*numbers: Floats) -> Floats:
    return reduce(np.minimum, numbers)


def _highest(*numbers: Floats) -> Floats:
    return reduce(np.maximum, numbers)


def _age(frame: Frame, point: int) -> Floats:
    return frame.age[..., point]


def _missing(frame: Frame, point: int) -> Floats:
    return np.isnan(frame.values[..., point]).astype(float)


def _offline(frame: Frame) -> Bools:
    offline: Bools = np.all(np.isnan(frame.values), axis=2)
    return offline


_Many = partial(OverPoints, least=2, most=20)

OVER_POINTS = {
    "abs": OverPoints("abs(x)", "x without its sign", 1, 1, np.abs),
    "min": _Many("min(x, y, …)", "the smallest", of=_lowest),
    "max": _Many("max(x, y, …)", "the largest", of=_highest),
    "mean": _Many("mean(x, y, …)", "the mean of several points at this moment", of=_mean),
    "spread": _Many("spread(x, y, …)", "the largest less the smallest", of=_spread),
    "clip": OverPoints("clip(x, low, high)", "x, but not below low and not above high", 3, 3, np.clip),
}

OVER_TIME = {
    "avg": OverTime("avg(x, 5m)", "the mean over the last five minutes, weighted by time", Average),
    "min": OverTime("min(x, 5m)", "the lowest value of the last five minutes", Lowest),
    "max": OverTime("max(x, 5m)", "the highest value of the last five minutes", Highest),
    "std": OverTime("std(x, 5m)", "the standard deviation over the last five minutes", Deviation),
    "sum": OverTime("sum(x, 1h)", "x times seconds, summed over the last hour; kW gives kJ", Total, unit="unknown"),
    "rate": OverTime("rate(x, 5m)", "the change per second over the last five minutes", Rate, unit="unknown"),
    "delta": OverTime("delta(x, 5m)", "the value now less the value five minutes ago", Change),
    "held": OverTime(
        "held(cond, 1h)", "the share (0 to 1) of the last hour in which cond was true", Average, "condition", "none"
    ),
    "rises": OverTime("rises(cond, 1h)", "how often cond became true in the last hour", Rises, "condition", "none"),
    "stuck": OverTime(
        "stuck(x, 1h)", "true if x was known and did not change at all in the last hour", Stuck, unit="none"
    ),
}

KNOWLEDGE = {
    "age": Knowledge("age(point)", "seconds since the last good value", _age, "seconds"),
    "missing": Knowledge("missing(point)", "true if the point is unknown now", _missing),
}

WORDS = {
    "offline": Word("offline", "true if no point of the device is known", _offline),
}

FUNCTIONS = {
    name: " or ".join(table[name].usage for table in (OVER_POINTS, OVER_TIME, KNOWLEDGE) if name in table)
    for name in sorted({*OVER_POINTS, *OVER_TIME, *KNOWLEDGE})
}
"""How each function is written, by name."""
