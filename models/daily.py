"""The usual day: what each point reads at each time of day, learnt over days; weekdays are not told apart."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.detector import Floats
from models.memory import Memory

DAY_S = 86400.0
NODES = 48
"""Nodes of the profile, half an hour apart with straight lines between: morning peaks rise over one to two hours."""
NODE_S = DAY_S / NODES

FIRST_DAY_GAIN = 3.0
"""On its first day a node takes over exp(-3), all but 5 %, of what it was told before."""
LONGEST_DAYS = 14.0
"""Later it averages over this many days: two weekends, so that Monday is not judged by Sunday alone."""


@dataclass(slots=True)
class UsualDay(Memory):
    """One value per device, node and point; NaN until that time of day has been lived once."""

    nodes: Floats  # [D, NODES, P]

    @classmethod
    def cold(cls, devices: int, points: int) -> Self:
        """No time of day known."""
        return cls(np.full((devices, NODES, points), np.nan))

    def expected(self, time: float, mean: Floats) -> Floats:
        """What is usual at `time`, [D, P]. A time of day never lived starts from the one before, or from `mean`."""
        left, right, share = self._around(time)
        np.copyto(left, mean, where=np.isnan(left))
        np.copyto(right, left, where=np.isnan(right))
        return left + share * (right - left)

    def learn(self, time: float, deviation: Floats, gain: Floats, learns_s: Floats) -> None:
        """Move the two nodes around `time` by gain x deviation for each half hour of learns_s, all [D, P]."""
        left, right, share = self._around(time)
        move = deviation * np.minimum(gain * learns_s / NODE_S, 1.0)
        left += (1.0 - share) * move
        right += share * move

    def _around(self, time: float) -> tuple[Floats, Floats, float]:
        node, share = divmod(time % DAY_S / NODE_S, 1.0)
        first = int(node) % NODES
        return self.nodes[:, first], self.nodes[:, (first + 1) % NODES], share


def day_gain(learnt_s: Floats, first_s: float) -> Floats:
    """How strongly a point that has learnt for so long follows today: a running mean that forgets over two weeks."""
    later = np.maximum(1.0 / (1.0 + learnt_s / DAY_S), 1.0 / LONGEST_DAYS)
    return np.where(learnt_s < first_s, FIRST_DAY_GAIN, later)
