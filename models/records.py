"""Sudden news: how far a reading goes beyond everything that was seen before, whatever its scale and distribution.

Four statistics of each point are kept between bounds: the step's mean, the mean of the last twenty, and the surprise
at this hour of the day and at this time of the week. Bounds close in slowly, so that the distant past is forgotten.

A tail that falls off exponentially with mean excess b spans about 2 b ln n in n samples; a record that exceeds the
bounds by a share e of their span is therefore exceeded by a healthy one in n^(-2e) of all records. `surplus` is
2 e ln n, in mean excesses, the same unit for every statistic, point and device: none is weighted.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.detector import Bools, Floats
from models.memory import Memory

VALUE, MEAN, HOUR, TURN = range(4)
STATISTICS = 4
LAST = 20
"""Steps of the short mean: long enough to halve the noise twice, short enough for a quarter of an hour's rule."""
FORGET = 3e-5
"""Share by which bounds close in each step: half-way in 23,000 steps, sixteen days of minutes."""
FEWEST = 40.0
"""Samples before a record means anything."""
MOST = 1.0 / FORGET
"""Samples that bounds remember."""
STRANGEST = 50.0
"""Spans beyond the bounds that count at most; more is as strange as can be said, and infinity must not be stored."""

Halves = NDArray[np.float32]


@dataclass(slots=True)
class Records(Memory):
    """Bounds of every statistic, S of them, relative to the point's first reading."""

    low: Halves  # [D, S, P] NaN before the first sample
    high: Halves  # [D, S, P]
    count: Halves  # [D, S, P] samples learnt
    last: Halves  # [D, LAST, P] the last steps, NaN before there were so many
    place: NDArray[np.int32]  # [D] where in `last` the next step goes

    @classmethod
    def cold(cls, devices: int, points: int) -> Self:
        """Nothing seen."""
        return cls(
            _slots(STATISTICS, devices, points, np.nan),
            _slots(STATISTICS, devices, points, np.nan),
            _slots(STATISTICS, devices, points, 0.0),
            _slots(LAST, devices, points, np.nan),
            np.zeros(devices, np.int32),
        )

    def follow(self, away: Floats, surprises: Floats) -> Floats:
        """Take in a step's away[D, P]; the statistics [D, S, P], NaN where not known."""
        # All devices were first asked at one time or another, but each device's points move together.
        self.last[np.arange(len(away)), self.place] = away
        self.place[:] = (self.place + 1) % LAST
        return np.stack((away, _mean_known(self.last), surprises[0], surprises[1]), axis=1)

    def surplus(self, statistics: Floats) -> Floats:
        """How far statistics[D, S, P] lie beyond their bounds, in mean excesses, [D, S, P]; 0 within them."""
        beyond = np.maximum(statistics - self.high, self.low - statistics)
        np.fmax(beyond, 0.0, out=beyond)  # what is not known is no record
        with np.errstate(over="ignore"):
            beyond /= np.fmax(self.high - self.low, _TINY)
        np.minimum(beyond, STRANGEST, out=beyond)
        beyond *= 2.0 * np.log(np.maximum(self.count, 2.0))
        beyond *= self.count >= FEWEST
        return beyond

    def learn(self, statistics: Floats, learns: Bools) -> None:
        """Widen the bounds to statistics[D, S, P] where learns[D, P], and let them close in."""
        learns = learns[:, None, :] & ~np.isnan(statistics)
        low, high = np.fmin(self.low, statistics), np.fmax(self.high, statistics)
        closing = (high - low) * (FORGET / 2.0)
        np.copyto(self.low, low + closing, where=learns, casting="same_kind")
        np.copyto(self.high, high - closing, where=learns, casting="same_kind")
        self.count += learns
        np.minimum(self.count, MOST, out=self.count)


def _slots(slots: int, devices: int, points: int, value: float) -> Halves:
    """One slot's devices and points lie side by side in memory."""
    return np.full((slots, devices, points), value, np.float32).swapaxes(0, 1)


def _mean_known(last: Halves) -> Floats:
    unknown = np.isnan(last)
    if not np.count_nonzero(unknown):
        whole: Floats = last.mean(axis=1, dtype=np.float64)
        return whole
    known = np.maximum((~unknown).sum(axis=1), 1)
    mean = np.where(unknown, 0.0, last).sum(axis=1, dtype=np.float64) / known
    return np.where(unknown.all(axis=1), np.nan, mean)


_TINY = float(np.finfo(np.float32).tiny)
