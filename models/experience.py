"""How long each point has been learnt from, and the last that was seen of it."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.detector import Bools, Floats
from models.memory import Memory

MEMORY_S = 14.0 * 86400.0
"""Relations and spreads are those of the last two weeks or so: two weekends, and the season may pass."""
LONGEST_S = 900.0
"""A reading after a gap stands for at most this long: an outage is not evidence."""


@dataclass(slots=True)
class Experience(Memory):
    """Site time learnt per point, and its last step's mean, which stands until the next one."""

    learnt_s: Floats  # [D, P]
    seen: Floats  # [D, P] time of the last step with a fresh reading, NaN before the first
    held: Floats  # [D, P] its mean, relative to the first reading
    calm: Floats  # [D, P] the deviation from the usual day, smoothed

    @classmethod
    def cold(cls, devices: int, points: int) -> Self:
        """Never seen."""
        shape = (devices, points)
        return cls(np.zeros(shape), np.full(shape, np.nan), np.zeros(shape), np.zeros(shape))

    def see(self, time: float, away: Floats, fresh: Bools) -> Floats:
        """Note a step around `time`; returns what site time each fresh[D, P] mean stands for, the first for none.

        A point read every five minutes is as well known after a day as one read every second.
        """
        stands_for_s = np.minimum(time - self.seen, LONGEST_S)
        np.copyto(stands_for_s, 0.0, where=~fresh | np.isnan(stands_for_s))
        np.copyto(self.seen, time, where=fresh)
        np.copyto(self.held, away, where=fresh)
        return stands_for_s
