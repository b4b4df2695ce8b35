"""How rare a residual is: smoothed at three paces, each side against its own slowly forgotten tail.

Above its 98 % quantile q a statistic is taken to fall off exponentially with its own mean excess b, so a value s is
exceeded with probability 0.02 exp(-(s - q) / b). From that follows the time a healthy device takes to reach it, the
same unit for every point, pace and device; the rarest one counts, none is weighted.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.detector import Floats
from models.memory import Memory

PACES_S = (60.0, 600.0, 3600.0)
"""Time constants: a jump, a change within the 15 minutes that a rule waits, a drift of a quarter of the noise."""
BEYOND = 0.02
"""Share of the time spent beyond the quantile: 400 steps of two weeks to learn a tail from."""
THINNEST = 1.0 / 5.0
"""Least mean excess as a share of the quantile, that of Gaussian noise: two weeks cannot prove a thinner tail."""
LEAST = 0.02
"""Least mean excess in usual spreads; a smaller shift is no concern of anyone."""
FASTEST = 1.0 / 3.0
"""Most of its mean excess that a quantile moves on one reading beyond it."""
STRANGEST = 10.0
"""A residual counts at most this many usual spreads: more is as rare as can be said, and must not echo for hours."""
WEEK_S = 604800.0


@dataclass(slots=True)
class Tails(Memory):
    """Smoothed residuals in usual spreads, and the tail of each on both sides; S paces, upper sides first."""

    smooth: Floats  # [D, S, P]
    quantile: Floats  # [D, 2S, P]
    excess: Floats  # [D, 2S, P]

    @classmethod
    def cold(cls, devices: int, points: int, step_s: float) -> Self:
        """Tails of white Gaussian noise: too low for real residuals, and a low quantile is soon corrected."""
        share = _shares(step_s)
        spread = np.tile(np.sqrt(share / (2.0 - share)), 2)
        quantile = np.tile((2.05 * spread)[None, :, None], (devices, 1, points))
        return cls(np.zeros((devices, len(PACES_S), points)), quantile, np.maximum(quantile * THINNEST, LEAST))

    def follow(self, residual: Floats, step_s: float) -> None:
        """Smooth residual[D, P] (in usual spreads) in; NaN leaves a point as it was."""
        capped = np.maximum(np.minimum(residual, STRANGEST), -STRANGEST)
        move = _shares(step_s)[None, :, None] * (capped[:, None, :] - self.smooth)
        np.add(self.smooth, move, out=self.smooth, where=~np.isnan(move))

    def weeks(self) -> Floats:
        """Natural logarithm of the weeks between two such values of one healthy statistic, [D, 2S, P]."""
        return (self._sides() - self.quantile) / self.excess + _LOOKS[None, :, None]

    def learn(self, rate: Floats) -> None:
        """Move quantiles and mean excesses by the smoothed residuals at rate[D, P]."""
        over = self._sides() - self.quantile
        beyond = over > 0.0
        pace = rate[:, None, :]
        self.quantile += self.excess * np.minimum(pace * (beyond / BEYOND - 1.0), FASTEST)
        self.excess += np.minimum(pace / BEYOND, FASTEST) * beyond * (over - self.excess)
        np.maximum(self.excess, np.maximum(np.abs(self.quantile) * THINNEST, LEAST), out=self.excess)

    def _sides(self) -> Floats:
        return np.concatenate((self.smooth, -self.smooth), axis=1)


def _shares(step_s: float) -> Floats:
    """What one step contributes to each smoothed value; the first is the step itself."""
    shares = 1.0 - np.exp(-step_s / np.array(PACES_S))
    shares[0] = 1.0
    return shares


# A statistic smoothed over s seconds gives a new look every s seconds, of which BEYOND are beyond the quantile.
_LOOKS = np.log(np.tile(PACES_S, 2) / WEEK_S / BEYOND)
