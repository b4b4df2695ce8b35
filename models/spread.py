"""How far a step's mean usually lies from what was expected, whatever number of readings the mean rests on."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.detector import Bools, Floats
from models.memory import Memory

CREDITED = 16.0
"""Readings that count towards a mean's precision: within one step they are rarely independent."""
OUTLIER = 16.0
"""A square counts at most this many usual squares (4 sigma), so that one spike does not blind the detector."""
FINEST = 1e-6
"""Least spread as a share of the level: the resolution of a 32-bit float, with a margin."""
SLOWEST = 1.0 / 1000.0
"""Least rate at which the readings' own variance is followed, per step."""


@dataclass(slots=True)
class Spread(Memory):
    """Variance split in two: between steps, and of single readings within a step (which the mean divides by count).

    Squared residuals and 1/count are averaged side by side, so the part between steps is `total - within x inverse`.
    What was learnt at one reading a minute thus holds at one a second, and the other way round.
    """

    total: Floats  # [D, P] mean squared residual
    inverse: Floats  # [D, P] mean of 1/count over the same steps
    within: Floats  # [D, P] variance of single readings
    steps: Floats  # [D, P] steps that showed it

    @classmethod
    def cold(cls, devices: int, points: int) -> Self:
        """No spread known."""
        return cls(*(np.zeros((devices, points)) for _ in range(4)))

    def sigma(self, inverse: Floats, level: Floats, doubt: Floats | None = None) -> Floats:
        """Usual distance [D, P] of a mean over 1/inverse[D, P] readings, with extra variance `doubt`."""
        variance = self.within * self.inverse
        np.subtract(self.total, variance, out=variance)
        np.maximum(variance, 0.0, out=variance)
        variance += self.within * inverse
        if doubt is not None:
            variance += doubt
        finest = FINEST * level
        finest *= finest
        variance += finest
        np.maximum(variance, _TINY, out=variance)
        return np.sqrt(variance, out=variance)

    def learn(self, residual: Floats, inverse: Floats, rate: Floats) -> None:
        """Fold residuals[D, P] of means over 1/inverse[D, P] readings in, at rate[D, P]."""
        square = residual * residual
        settled = self.total > 0.0
        if np.count_nonzero(settled) == settled.size:
            np.minimum(square, OUTLIER * self.total, out=square)
        else:
            # Until the spread is known the first squares are taken as they are.
            np.minimum(square, OUTLIER * self.total, out=square, where=settled)
            rate = np.where(settled, rate, rate > 0.0)
        square -= self.total
        square *= rate
        self.total += square
        change = inverse - self.inverse
        change *= rate
        self.inverse += change

    def learn_within(self, variance: Floats, learns: Bools) -> None:
        """Follow the variance of single readings where a step showed one and the device may learn."""
        shown = learns & ~np.isnan(variance)
        self.steps += shown
        calm = np.where(self.within > 0.0, np.minimum(variance, OUTLIER * self.within), variance)
        rate = np.maximum(1.0 / np.maximum(self.steps, 1.0), SLOWEST)
        np.copyto(self.within, self.within + rate * (calm - self.within), where=shown)


_TINY = np.finfo(np.float64).tiny


def inverse_count(count: Floats) -> Floats:
    """One over the readings that are believed to be independent, at least one."""
    return 1.0 / np.maximum(np.minimum(count, CREDITED), 1.0)
