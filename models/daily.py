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
        # Each node's devices and points lie side by side in memory.
        return cls(np.full((NODES, devices, points), np.nan).swapaxes(0, 1))

    def around(self, time: float) -> tuple[Floats, Floats, float]:
        """The nodes before and after `time`, live [D, P] each, and how far it is from one to the other."""
        node, share = divmod(time % DAY_S / NODE_S, 1.0)
        first = int(node) % NODES
        return self.nodes[:, first], self.nodes[:, (first + 1) % NODES], share


def expected(left: Floats, right: Floats, share: float, mean: Floats) -> Floats:
    """What is usual between two nodes, [D, P]. One never lived starts from the one before, or from `mean`."""
    usual = right - left
    usual *= share
    usual += left
    if np.count_nonzero(np.isnan(usual)):
        np.copyto(left, mean, where=np.isnan(left))
        np.copyto(right, left, where=np.isnan(right))
        usual = (right - left) * share + left
    return usual


def follow(left: Floats, right: Floats, share: float, move: Floats) -> None:
    """Move two nodes by move[D, P], each as much as it counts."""
    left += (1.0 - share) * move
    right += share * move


def day_move(learnt_s: Floats, learns_s: Floats, first_s: float) -> Floats:
    """How far a point that has learnt for so long follows today: a running mean that forgets over two weeks."""
    later = np.maximum(1.0 / (1.0 + learnt_s / DAY_S), 1.0 / LONGEST_DAYS)
    gain = np.where(learnt_s < first_s, FIRST_DAY_GAIN, later)
    return np.minimum(gain * learns_s / NODE_S, 1.0)
