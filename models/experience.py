"""How long each point has been learnt from, and how fast it therefore still learns."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.daily import DAY_S
from models.detector import Bools, Floats
from models.memory import Memory

MEMORY_S = 14.0 * DAY_S
"""Relations, spreads and tails are those of the last two weeks or so: two weekends, and the season may pass."""
LONGEST_S = 900.0
"""A reading after a gap stands for at most this long: an outage is not evidence."""
PRIOR_S = 7200.0
"""Weight of what was believed before the first reading, so that the first minutes do not decide."""


@dataclass(slots=True)
class Experience(Memory):
    """Site time learnt per point, and the last deviation seen, which serves as context until the next one."""

    learnt_s: Floats  # [D, P]
    seen: Floats  # [D, P] time of the last step with a fresh reading, NaN before the first
    held: Floats  # [D, P] its deviation, 0 before the first

    @classmethod
    def cold(cls, devices: int, points: int) -> Self:
        """Never seen."""
        shape = (devices, points)
        return cls(np.zeros(shape), np.full(shape, np.nan), np.zeros(shape))

    def see(self, times: Floats, fresh: Bools) -> tuple[Floats, Bools]:
        """Note steps around times[K]: what site time each fresh[K, D, P] one stands for, and who was seen by then.

        A point read every five minutes is as well known after a day as one read every second.
        """
        seen = np.empty((len(times) + 1, *self.seen.shape))
        seen[0] = self.seen
        np.copyto(seen[1:], np.where(fresh, times[:, None, None], np.nan))
        np.fmax.accumulate(seen, axis=0, out=seen)
        self.seen[:] = seen[-1]
        stands_for_s = np.fmin(times[:, None, None] - seen[:-1], LONGEST_S)
        return stands_for_s * fresh, ~np.isnan(seen[1:])

    def start_over(self, points: Bools, first_s: float) -> None:
        """Points[D, P] that turn out to be measurements only now: what was learnt of them as switches is no spread."""
        np.copyto(self.learnt_s, first_s, where=points & (self.learnt_s > first_s))


def running(start: Floats, increments: Floats) -> Floats:
    """Start[...] and what it becomes with each of increments[K, ...], [K + 1, ...]; summed in order of time."""
    sums = np.empty((len(increments) + 1, *start.shape))
    sums[0], sums[1:] = start, increments
    return np.add.accumulate(sums, axis=0, out=sums)


def rate(learnt_s: Floats, learns_s: Floats, start_s: float) -> Floats:
    """Weight of a step for what is learnt from start_s on: zero before, then a running mean that forgets."""
    later = np.minimum(learnt_s - start_s, MEMORY_S)
    weight: Floats = learns_s * (later >= 0.0) / (np.maximum(later, 0.0) + (PRIOR_S + learns_s))
    return weight
