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

    def sigma(self, inverse: Floats, doubt: Floats, level: Floats) -> Floats:
        """Usual distance [D, P] of a mean over 1/inverse[D, P] readings, with extra variance `doubt`."""
        between = np.maximum(self.total - self.within * self.inverse, 0.0)
        variance = between + self.within * inverse + doubt + np.square(FINEST * level)
        return np.sqrt(np.maximum(variance, np.finfo(np.float64).tiny))

    def learn(self, residual: Floats, inverse: Floats, rate: Floats) -> None:
        """Fold residuals[D, P] of means over 1/inverse[D, P] readings in, at rate[D, P]."""
        square = np.square(residual)
        # Until the spread is known the first squares are taken as they are.
        settled = self.total > 0.0
        np.minimum(square, OUTLIER * self.total, out=square, where=settled)
        taken = np.where(settled, rate, rate > 0.0)
        self.total += taken * (square - self.total)
        self.inverse += taken * (inverse - self.inverse)

    def learn_within(self, variance: Floats, learns: Bools) -> None:
        """Follow the variance of single readings where a step showed one and the device may learn."""
        shown = learns & ~np.isnan(variance)
        if not shown.any():
            return
        self.steps += shown
        calm = np.where(self.within > 0.0, np.minimum(variance, OUTLIER * self.within), variance)
        rate = np.maximum(1.0 / np.maximum(self.steps, 1.0), SLOWEST)
        np.copyto(self.within, self.within + rate * (calm - self.within), where=shown)


def inverse_count(count: Floats) -> Floats:
    """One over the readings that are believed to be independent, at least one."""
    return 1.0 / np.maximum(np.minimum(count, CREDITED), 1.0)
