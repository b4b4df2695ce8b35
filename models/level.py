"""Lasting change: where each point's residual stands, against where it used to stand and how far it used to stray.

A residual is smoothed over some fourteen steps and compared with its own long mean in its own spreads. How well the
spread is known depends on how independent the samples were that it was learnt from: a residual that wanders slowly
has shown only a few of its excursions, white noise hundreds. The share r of its variance that survives the smoothing
tells them apart, and widens the spread by 1 + 3 r: a tenth for white noise, fourfold for a random walk.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.detector import Bools, Floats
from models.memory import Memory

PACE = 0.07
"""Share of a new step in the smoothed residual: fourteen steps, a quarter of an hour of minutes, as rules wait."""
WANDER = 3.0
"""How much less is known of a spread that was learnt from one slow wandering: on the development series any factor
from 2 to 4 gives the same, none at all twice the false alarms."""
SETTLE = 20.0
"""Steps until the smoothed residual has forgotten where it began."""
FIRM_S = 12.0 * 86400.0
"""Until then a reference is a plain mean of all that was seen: what two weeks of history leave once the usual day and
the relations are known. With a week, a change of the weather is unusual."""
MEMORY_S = 56.0 * 86400.0
"""Afterwards it follows over two months, so that a wear of some weeks cannot take it along, and a season can."""
DRIFT = 0.5
"""While the mean of a whole day lies so many spreads aside, the spread is not learnt: a wear that comes slowly would
widen it faster than it grows. The mean of a day of noise lies a tenth of a spread aside."""
RESTART_S = 1200.0
"""What remains of the weight of what was learnt once its foundations have changed."""
FINEST = 1e-6
"""Least spread as a share of the level: the resolution of a 32-bit float, with a margin."""
DAY_S = 86400.0


@dataclass(slots=True)
class Level(Memory):
    """Mean and variance of the smoothed residual, and the variance of the raw one around the same mean."""

    steps: Floats  # [D, P] fresh steps seen, counted up to SETTLE
    smooth: Floats  # [D, P]
    mean: Floats  # [D, P]
    variance: Floats  # [D, P] of the smoothed residual
    whole: Floats  # [D, P] variance of the residual itself
    learnt_s: Floats  # [D, P] site time that these were learnt from
    day: Floats  # [D, P] mean of the residual over the last day

    @classmethod
    def cold(cls, devices: int, points: int) -> Self:
        """Nothing known."""
        return cls(*(np.zeros((devices, points)) for _ in range(7)))

    def follow(self, residual: Floats, fresh: Bools, stands_for_s: Floats) -> None:
        """Smooth residual[D, P] in where it is fresh, standing for so much site time."""
        share = np.maximum(1.0 / (self.steps + 1.0), PACE) * fresh
        self.smooth += share * (residual - self.smooth)
        self.day += stands_for_s / DAY_S * (self.smooth - self.day)
        self.steps += fresh
        np.minimum(self.steps, SETTLE, out=self.steps)

    def spread(self, level: Floats) -> Floats:
        """How far the smoothed residual strays from its mean, as far as that is known, [D, P]."""
        share = np.minimum(self.variance / np.maximum(self.whole, _TINY), 1.0)
        spread: Floats = np.sqrt(self.variance) * (1.0 + WANDER * share)
        return np.maximum(np.maximum(spread, FINEST * np.abs(level)), _TINY)

    def learn(self, residual: Floats, learns_s: Floats) -> None:
        """Fold residual[D, P] in, each for learns_s[D, P] of site time: a running mean that forgets over two months."""
        learns_s = learns_s * (self.steps >= SETTLE)
        lived_s = np.where(self.learnt_s < FIRM_S, self.learnt_s, MEMORY_S)
        rate = learns_s / np.maximum(lived_s + learns_s, _TINY)
        away = self.smooth - self.mean
        np.copyto(self.mean, self.smooth, where=self.steps < SETTLE)
        np.copyto(self.day, self.smooth, where=self.steps < SETTLE)
        self.mean += rate * away
        drifts = np.abs(self.day - self.mean) > DRIFT * self.spread(np.zeros_like(away))
        np.copyto(rate, 0.0, where=drifts & (self.learnt_s >= FIRM_S))
        self.variance += rate * (away * (self.smooth - self.mean) - self.variance)
        self.whole += rate * (np.square(residual - self.mean) - self.whole)
        self.learnt_s += learns_s

    def start_over(self, points: Bools) -> None:
        """What the residual of points[D, P] rests on has changed: learn its level and spread anew, quickly."""
        np.copyto(self.learnt_s, np.minimum(self.learnt_s, RESTART_S), where=points)

    def accept(self, points: Bools) -> None:
        """Where the residual of points[D, P] stands is usual from now on; how far it strays is relearnt in a day."""
        np.copyto(self.smooth, self.mean, where=points)
        np.copyto(self.day, self.mean, where=points)
        np.copyto(self.learnt_s, np.minimum(self.learnt_s, DAY_S), where=points)


_TINY = 1e-150
