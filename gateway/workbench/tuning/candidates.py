"""Limits that are worth a try, from how a quantity was distributed: percentiles, and robust deviations from its median.

A percentile says how much of the time would be beyond the limit. The deviations are those of a normal distribution
that has the same median absolute deviation (scaled by 1.4826, Rousseeuw and Croux 1993), which outliers do not move.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gateway.core.types import Floats

PERCENTILES = (90.0, 95.0, 98.0, 99.0, 99.5, 99.9, 99.99)
DEVIATIONS = (3.0, 4.0, 5.0, 6.0, 8.0)
_NORMAL = 1.4826
_DIGITS = 3  # of a limit: more would pretend to know more than the sensor does

Kind = Literal["now", "percentile", "deviations", "beyond"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Why a number is a candidate: `percentile` and `deviations` have a size, `now` is the one that is written."""

    kind: Kind
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A limit to try, and all that speaks for it."""

    number: float
    origins: tuple[Origin, ...]


def candidates(
    values: Floats, now: float, *, upward: bool, low: float = -np.inf, high: float = np.inf
) -> tuple[Candidate, ...]:
    """Candidates for a limit that alarms above (`upward`) or below, from `values` [N]; mildest last, `now` included.

    What lies outside [low, high], where the quantity can never be, is left out.
    """
    sign = 1.0 if upward else -1.0
    found: dict[float, list[Origin]] = {now: [Origin("now")]}
    for exact, origin in _proposals(sign * values):
        number = _rounded(sign * exact, upward=upward)
        if low < number < high:
            found.setdefault(number, []).append(origin)
    return tuple(Candidate(number, tuple(found[number])) for number in sorted(found, reverse=not upward))


def _proposals(values: Floats) -> Iterator[tuple[float, Origin]]:
    """For a limit that alarms above."""
    if not len(values):
        return
    for percent, value in zip(PERCENTILES, np.percentile(values, PERCENTILES).tolist(), strict=True):
        yield value, Origin("percentile", percent)
    median = float(np.median(values))
    deviation = _NORMAL * float(np.median(np.abs(values - median)))
    if deviation > 0:
        for count in DEVIATIONS:
            yield median + count * deviation, Origin("deviations", count)
    yield float(values.max()), Origin("beyond")


def _rounded(value: float, *, upward: bool) -> float:
    """To few digits, away from the values, so that what is at the limit now is not beyond it."""
    if value == 0 or not np.isfinite(value):
        return value
    step = 10.0 ** (np.floor(np.log10(abs(value))) - _DIGITS + 1)
    steps = value / step
    near = np.round(steps)
    whole = near if abs(steps - near) < 1e-6 else (np.ceil(steps) if upward else np.floor(steps))
    return float(f"{whole * step:.{_DIGITS + 3}g}")


def thinned(parts: Iterable[Floats], most: int) -> Floats:
    """Values [N] of all parts; evenly thinned out so that there are at most twice as many as `most`."""
    kept: list[Floats] = []
    stride, seen, total = 1, 0, 0
    for part in parts:
        kept.append(part[-seen % stride :: stride])
        seen, total = seen + len(part), total + len(kept[-1])
        while total > 2 * most:
            kept, stride = [np.concatenate(kept)[::2]], 2 * stride
            total = len(kept[0])
    return np.concatenate(kept) if kept else np.empty(0)
