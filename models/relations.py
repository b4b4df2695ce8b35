"""How the points of a device move together: each point's deviation expected from its neighbours' deviations.

One covariance per device and block of neighbouring columns; its regularised inverse holds the ridge regression of
every point on all others at once (row i of the inverse, divided by its diagonal). Profiles put related points side
by side, so blocks of neighbours bound the cost without a search.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.detector import Bools, Floats
from models.memory import Memory

BLOCK = 12
"""Columns that see each other: 96 bytes of covariance per point, and a pump, a lift or a meter fits whole."""
RIDGE = 0.01
"""Share of a point's own variance added to it: sensors are repeatable to about a tenth of their usual swing."""
SETTLING_S = 3600.0
"""The ridge is larger by SETTLING_S / learnt time: an hour of one regime proves no relation."""
SOLVES = 2000
"""Blocks inverted per refresh (about 20 ms); a larger fleet takes turns."""


@dataclass(slots=True)
class Relations(Memory):
    """Covariance and leave-one-out weights, padded to whole blocks."""

    covariance: Floats  # [D, G, B, B]
    weights: Floats  # [D, G, B, B], zero diagonal

    @classmethod
    def cold(cls, devices: int, points: int) -> Self:
        """No relation known: every point stands alone."""
        groups, width = _blocks(points)
        shape = (devices, groups, width, width)
        return cls(np.zeros(shape), np.zeros(shape))

    def expected(self, deviation: Floats) -> Floats:
        """Deviation[D, P] expected of each point from the others."""
        return self._flat(np.matmul(self.weights, self._blocked(deviation)[..., None]), deviation.shape[1])

    def doubt(self, missing: Bools) -> Floats:
        """The variance [D, P] that points without a value add to what is expected of the others."""
        unknown = self._blocked(missing.astype(np.float64)) * np.einsum("dgii->dgi", self.covariance)
        return self._flat(np.matmul(np.square(self.weights), unknown[..., None]), missing.shape[1])

    def learn(self, deviations: Floats, rates: Floats) -> None:
        """Fold deviations[K, D, P] in, one after the other. A pair moves at the lesser of its two rates[K, D, P]."""
        x, r = self._blocked(deviations), self._blocked(rates)
        pair = np.minimum(r[..., :, None], r[..., None, :])
        gain = x[..., :, None] * x[..., None, :]
        gain *= pair
        keep = np.subtract(1.0, pair, out=pair)
        for k in range(len(gain)):
            self.covariance *= keep[k]
            self.covariance += gain[k]

    def refresh(self, turn: int, learnt_s: Floats) -> None:
        """Solve the regressions anew for the devices whose turn it is; learnt_s[D] is how long each has learnt."""
        devices, groups, width, _ = self.weights.shape
        mine = slice(turn % (turns := -(-devices * groups // SOLVES)), None, turns)
        covariance = self.covariance[mine]
        spread = np.sqrt(np.einsum("dgii->dgi", covariance))
        spread[spread == 0.0] = 1.0
        correlation = covariance / (spread[..., :, None] * spread[..., None, :])
        ridge = RIDGE + SETTLING_S / np.maximum(learnt_s[mine], SETTLING_S)
        inverse = np.linalg.inv(correlation + ridge[:, None, None, None] * np.eye(width))
        weights = -inverse / np.einsum("dgii->dgi", inverse)[..., :, None]
        weights *= spread[..., :, None] / spread[..., None, :]
        weights[..., range(width), range(width)] = 0.0
        self.weights[mine] = weights

    def _blocked(self, values: Floats) -> Floats:
        _, groups, width, _ = self.weights.shape
        *shape, points = values.shape
        if points < groups * width:
            padded = np.zeros((*shape, groups * width))
            padded[..., :points] = values
            return padded.reshape(*shape, groups, width)
        return values.reshape(*shape, groups, width)

    def _flat(self, blocked: Floats, points: int) -> Floats:
        return blocked.reshape(len(blocked), -1)[:, :points]


def _blocks(points: int) -> tuple[int, int]:
    groups = -(-points // BLOCK)
    return groups, -(-points // groups)
