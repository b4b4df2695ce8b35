"""The usual day: what each point reads at each time of day, learnt over days; weekdays are not told apart."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.detector import Bools, Floats
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
    """One value per device, node and point, relative to the point's first reading.

    Until a point has been lived with for a day its usual value is the mean so far: what is learnt at ten says nothing
    of what is usual at eleven.
    """

    nodes: NDArray[np.float32]  # [D, NODES, P] NaN until lived
    mean: Floats  # [D, P] of the first day

    @classmethod
    def cold(cls, devices: int, points: int) -> Self:
        """No time of day known."""
        # Each node's devices and points lie side by side in memory.
        nodes = np.full((NODES, devices, points), np.nan, np.float32).swapaxes(0, 1)
        return cls(nodes, np.zeros((devices, points)))

    def expected(self, time: float, learnt_s: Floats) -> Floats:
        """What is usual at `time`, [D, P], for points that have been learnt from for learnt_s[D, P]."""
        first, share = _place(time)
        left, right = self.nodes[:, first], self.nodes[:, (first + 1) % NODES]
        usual = left + share * (right.astype(np.float64) - left)
        lacking = (learnt_s < DAY_S) | np.isnan(usual)
        if np.count_nonzero(lacking):
            np.copyto(usual, self.mean, where=lacking)
        return usual

    def learn(self, time: float, away: Floats, learnt_s: Floats, learns_s: Floats) -> None:
        """Follow away[D, P] for learns_s[D, P] of site time, after learnt_s[D, P]."""
        first, share = _place(time)
        young = learnt_s < DAY_S
        if np.count_nonzero(young):
            mean = learns_s / np.maximum(learnt_s + learns_s, 1.0)
            np.copyto(self.mean, self.mean + mean * (away - self.mean), where=young & (learns_s > 0.0))
        left, right = self.nodes[:, first], self.nodes[:, (first + 1) % NODES]
        _begin(left, away, learns_s > 0.0)
        _begin(right, left, learns_s > 0.0)
        move = away - left - share * (right - left)
        move *= _gain(learnt_s, learns_s)
        np.copyto(move, 0.0, where=learns_s <= 0.0)
        left += (1.0 - share) * move
        right += share * move

    def move(self, shift: Floats) -> None:
        """All times of day lie shift[D, P] elsewhere from now on."""
        self.nodes += shift[:, None, :]
        self.mean += shift


def _place(time: float) -> tuple[int, float]:
    """The node before `time`, and how far it is from there to the next."""
    node, share = divmod(time % DAY_S / NODE_S, 1.0)
    return int(node) % NODES, share


def _begin(node: NDArray[np.float32], with_: NDArray[np.floating], where: Bools) -> None:
    np.copyto(node, with_, where=np.isnan(node) & where, casting="same_kind")


def _gain(learnt_s: Floats, learns_s: Floats) -> Floats:
    """How far a point that has learnt for so long follows today: a running mean that forgets over two weeks."""
    later = np.maximum(1.0 / (1.0 + learnt_s / DAY_S), 1.0 / LONGEST_DAYS)
    gain = np.where(learnt_s < DAY_S, FIRST_DAY_GAIN, later)
    return np.minimum(gain * learns_s / NODE_S, 1.0)
