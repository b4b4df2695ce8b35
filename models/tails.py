"""How rare a residual is: smoothed at three paces, each side against its own slowly forgotten tail.

Above its 98 % quantile q a statistic is taken to fall off exponentially with its own mean excess b, so a value s is
exceeded with probability 0.02 exp(-(s - q) / b). From that follows the time a healthy device takes to reach it, the
same unit for every point, pace and device; the rarest one counts, none is weighted.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from models.detector import Floats
from models.memory import Memory

PACES_S = (60.0, 600.0, 3600.0)
"""Time constants: a jump, a change within the 15 minutes that a rule waits, a drift of a quarter of the noise."""
SIDES = 2 * len(PACES_S)
"""Each pace is judged upwards and downwards."""
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
        spread = np.tile(np.sqrt(share / (2.0 - share)), (2, 1))
        # Each statistic's devices and points lie side by side in memory, so that numpy walks them in one run.
        quantile = np.tile(2.05 * spread[:, :, None], (1, devices, points)).swapaxes(0, 1)
        smooth = np.zeros((len(PACES_S), devices, points)).swapaxes(0, 1)
        return cls(smooth, quantile, np.maximum(quantile * THINNEST, LEAST))

    def follow(self, residual: Floats, step_s: float) -> Floats:
        """Smooth residual[D, P] (in usual spreads) in; NaN leaves a point as it was.

        Returns how far each smoothed residual lies above its quantile, [D, 2S, P].
        """
        capped = np.minimum(residual, STRANGEST)
        np.maximum(capped, -STRANGEST, out=capped)
        move = capped[:, None, :] - self.smooth
        move *= _shares(step_s)
        if np.count_nonzero(np.isnan(capped)):
            np.copyto(move, 0.0, where=np.isnan(move))
        self.smooth += move
        over = np.concatenate((self.smooth, -self.smooth), axis=1)
        over -= self.quantile
        return over

    def weeks(self, over: Floats) -> Floats:
        """Natural logarithm of the weeks between two healthy values so far `over` their quantiles, [D, 2S, P]."""
        weeks = over / self.excess
        weeks += _LOOKS
        return weeks

    def learn(self, over: Floats, up: Floats, down: Floats, pace: Floats) -> None:
        """Move quantiles and mean excesses by values so far `over` the quantiles; see `TailRates`."""
        above = over > 0.0
        self.quantile += self.excess * np.where(above, up, down)
        over -= self.excess
        over *= pace
        np.add(self.excess, over, out=self.excess, where=above)
        least = np.abs(self.quantile)
        least *= THINNEST
        np.maximum(least, LEAST, out=least)
        np.maximum(self.excess, least, out=self.excess)


@dataclass(frozen=True, slots=True)
class TailRates:
    """How far quantiles and mean excesses of K steps may move, in mean excesses."""

    up: Floats  # [K, D, 1, P]
    down: Floats
    excess: Floats

    @classmethod
    def of(cls, rate: Floats) -> Self:
        """For what is learnt at rate[K, D, P]."""
        rate = rate[:, :, None, :]
        return cls(np.minimum(rate * (1.0 / BEYOND - 1.0), FASTEST), -rate, np.minimum(rate / BEYOND, FASTEST))


@lru_cache(maxsize=16)
def _shares(step_s: float) -> Floats:
    """What one step contributes to each smoothed value, [S, 1]; the first is the step itself."""
    shares = 1.0 - np.exp(-step_s / np.array(PACES_S))
    shares[0] = 1.0
    return shares[:, None]


# A statistic smoothed over s seconds gives a new look every s seconds, of which BEYOND are beyond the quantile.
_LOOKS = np.log(np.tile(PACES_S, 2) / WEEK_S / BEYOND)[:, None]
