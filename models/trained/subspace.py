"""A principal component model: how far a row lies within the plane of usual rows (T²), and how far off it (Q).

T² is Hotelling's: unusual as a whole, though the points agree. Q, the squared prediction error of Jackson and Mudholkar
(1979), is large when they disagree: flow falls while the speed rises. Both are given as their square roots, which are
distances in standard deviations: their tails are thinner than exponential, so a calibration errs on the quiet side.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.detector import Floats
from models.trained.sums import total

STRANGEST = 1e3
"""A level counts at most this many standard deviations: more is as strange as can be, and squares stay finite."""
ROUNDS = 10
"""An unknown value is taken from the others so many times over; the estimate then moves by less than noise does."""
SKEWED = 1e-6
"""The axes may be off the perpendicular by rounding errors only."""


@dataclass(frozen=True, slots=True, eq=False)
class Subspace:
    """A plane of K axes among F points."""

    mean: Floats  # [F]
    scale: Floats  # [F] standard deviations
    loadings: Floats  # [F, K] the axes, perpendicular and of length 1
    variances: Floats  # [K] of the fitted rows along each axis

    @classmethod
    def of(cls, mean: Floats, scale: Floats, loadings: Floats, variances: Floats) -> Self:
        """Raises ValueError with what is wrong with it."""
        if not ((scale > 0.0).all() and (variances > 0.0).all()):
            raise ValueError("a spread of nothing")
        axes = loadings.shape[1]
        if not (0 < axes < len(mean)) or not np.abs(loadings.T @ loadings - np.eye(axes)).max() < SKEWED:
            raise ValueError("axes that are not perpendicular")
        return cls(mean, scale, loadings, variances)

    def standard(self, levels: Floats) -> Floats:
        """Levels[N, F] in standard deviations; what is unknown as the plane expects it from the rest."""
        z = np.clip((levels - self.mean) / self.scale, -STRANGEST, STRANGEST)
        unknown = np.isnan(z)
        rows = np.flatnonzero(unknown.any(axis=1))
        if rows.size:
            some = np.where(unknown[rows], 0.0, z[rows])
            for _ in range(ROUNDS):
                np.copyto(some, self._nearest(self._along(some)), where=unknown[rows])
            z[rows] = some
        return z

    def distances(self, z: Floats) -> tuple[Floats, Floats]:
        """The roots of T² and of Q for z[N, F], [N] each."""
        along = self._along(z)
        off = z - self._nearest(along)
        return np.sqrt(total(along * along / self.variances)), np.sqrt(total(off * off))

    @property
    def within(self) -> Floats:
        """[F, F], the matrix M of T² = z' M z."""
        return np.asarray((self.loadings / self.variances) @ self.loadings.T)

    @property
    def off(self) -> Floats:
        """[F, F], the matrix M of Q = z' M z."""
        return np.asarray(np.eye(len(self.mean)) - self.loadings @ self.loadings.T)

    def _along(self, z: Floats) -> Floats:
        """Where z[N, F] lies along the axes, [N, K]."""
        return total(z[:, None, :] * self.loadings.T)

    def _nearest(self, along: Floats) -> Floats:
        """The point of the plane there, [N, F]."""
        return total(along[:, None, :] * self.loadings)
