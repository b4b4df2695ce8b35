"""Scales of a drawing: values in pixels, labels that keep their distance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gateway.core.envelope import Columns
from gateway.core.types import Floats
from gateway.workbench.page.sketch import Strip

_FAR, _VERY_FAR, _FLAT = 1.5, 3.0, 0.01


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to pixels below the top of the page."""

    low: float
    high: float
    seen: tuple[float, float]
    top: float
    tall: int

    @classmethod
    def over(cls, strip: Strip, low: float, high: float, top: float, tall: int) -> "Scale":
        """What was seen, what was usual, and the limits around it: the nearest, and others that do not squeeze it."""
        seen = (low, high)
        if strip.band:
            low, high = min([low, *strip.band.heights]), max([high, *strip.band.heights])
        shown = (low, high)
        for line in sorted(strip.lines, key=lambda line: _distance(line.value, *shown)):
            flat = high - low <= _FLAT * max(abs(low), abs(high), abs(line.value))
            far = _FAR if (low, high) != shown else np.inf if flat else _VERY_FAR
            if _distance(line.value, *shown) <= far * (shown[1] - shown[0]) or (flat and far == np.inf):
                low, high = min(low, line.value), max(high, line.value)
        if low == high:
            low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
        return cls(low, high, seen, top, tall)

    def has(self, value: float) -> bool:
        """Whether a value lies on the scale."""
        return self.low <= value <= self.high

    def y(self, value: float) -> float:
        """Pixels from the top of the drawing; what is off the scale lies at its edge."""
        share = (self.high - value) / (self.high - self.low)
        return round(self.top + self.tall * min(max(share, 0.0), 1.0), 1)

    def units(self, values: Floats) -> Columns:
        """Whole half pixels from the top of the strip."""
        return np.rint(2 * self.tall * (self.high - values) / (self.high - self.low)).astype(np.intp)


def _distance(value: float, low: float, high: float) -> float:
    return max(low - value, value - high, 0.0)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places for labels, each as near to where it is wanted as its neighbours allow, inside [low, high] if they fit.

    >>> spread([10.0, 12.0, 40.0], 8.0, 0.0, 50.0)
    [10.0, 18.0, 40.0]
    >>> spread([48.0, 49.0], 8.0, 0.0, 50.0)
    [42.0, 50.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed: list[float] = []
    for i in order:
        placed.append(max(wanted[i], low if not placed else placed[-1] + gap))
    limit = high
    for k in reversed(range(len(placed))):
        placed[k] = min(placed[k], limit)
        limit = placed[k] - gap
    by_label = dict(zip(order, placed, strict=True))
    return [by_label[i] for i in range(len(wanted))]
