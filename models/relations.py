"""How the points of a device move together: each point's deviation expected from its neighbours' deviations.

One covariance per device and block of neighbouring columns; its regularised inverse holds the ridge regression of
every point on all others at once (row i of the inverse, divided by its diagonal). Profiles put related points side
by side, so blocks of neighbours bound the cost without a search.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.daily import DAY_S
from models.detector import Floats
from models.experience import MEMORY_S
from models.memory import Memory

BLOCK = 12
"""Columns that see each other: 96 bytes of covariance per point, and a pump, a lift or a meter fits whole."""
RIDGE = 0.01
"""Share of a point's own variance added to it: sensors are repeatable to about a tenth of their usual swing."""
SETTLING_S = 86400.0
"""The ridge is larger by SETTLING_S / learnt time: relations seen in a part of a day may be two drifts that met."""
PRIOR_S = 1200.0
"""Weight of what was believed before, so that the first minutes do not decide."""
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

    def learn(self, deviation: Floats, learns_s: Floats, learnt_s: Floats) -> None:
        """Fold deviation[D, P] in for learns_s[D, P] of site time after learnt_s[D, P]: a running mean that forgets.

        A pair moves at the lesser of its two rates.
        """
        rate = learns_s / (np.minimum(_settled_s(learnt_s), MEMORY_S) + (PRIOR_S + learns_s))
        x, r = self._blocked(deviation), self._blocked(rate)
        gain = x[..., :, None] * x[..., None, :]
        gain -= self.covariance
        gain *= np.minimum(r[..., :, None], r[..., None, :])
        self.covariance += gain

    def refresh(self, turn: int, learnt_s: Floats) -> None:
        """Solve the regressions anew for the devices whose turn it is, after learnt_s[D, P]."""
        settled_s = _settled_s(learnt_s).max(axis=1)
        devices, groups, width, _ = self.weights.shape
        mine = slice(turn % (turns := -(-devices * groups // SOLVES)), None, turns)
        covariance = self.covariance[mine]
        spread = np.sqrt(np.einsum("dgii->dgi", covariance))
        spread[spread == 0.0] = 1.0
        correlation = covariance / (spread[..., :, None] * spread[..., None, :])
        ridge = RIDGE + np.square(SETTLING_S / np.maximum(settled_s[mine], 60.0))
        inverse = np.linalg.inv(correlation + ridge[:, None, None, None] * np.eye(width))
        weights = -inverse / np.einsum("dgii->dgi", inverse)[..., :, None]
        weights *= spread[..., :, None] / spread[..., None, :]
        weights[..., range(width), range(width)] = 0.0
        self.weights[mine] = weights

    def owed_to(self, points: NDArray[np.intp], away: Floats) -> Floats:
        """What the residuals away[D, P] of points[D, K] have made others be expected, [D, K, P]."""
        devices, groups, width, _ = self.weights.shape
        rows, (block, column) = np.arange(devices)[:, None], np.divmod(points, width)
        owed = np.zeros((*points.shape, groups, width))
        told = self.weights[rows, block, :, column] * away[rows, points, None]
        owed[rows, np.arange(points.shape[1]), block] = told
        return owed.reshape(*points.shape, -1)[..., : away.shape[1]]

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


def _settled_s(learnt_s: Floats) -> Floats:
    """How long relations have been learnt: anew once the usual day is known, for deviations from it are others."""
    return np.where(learnt_s < DAY_S, learnt_s, learnt_s - DAY_S)


def _blocks(points: int) -> tuple[int, int]:
    groups = -(-points // BLOCK)
    return groups, -(-points // groups)
