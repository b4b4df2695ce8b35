"""Says why a device scores as it does: which points, what was expected of them, and what would still be usual."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.detector import Bools, Contribution, Explanation, Floats
from models.records import MEAN, VALUE, Halves


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the last step showed of D devices, P points and S statistics, in the points' units."""

    judged: Bools  # [D, P]
    deviation: Floats  # [D, P] of the smoothed residual, in spreads
    suspicious: Floats  # [D] the deviation at which a device is suspect
    expected: Floats  # [D, P] by the time of day, the other points and the residual's mean
    smooth: Floats  # [D, P] the smoothed residual beside its mean
    spread: Floats  # [D, P]
    surplus: Floats  # [D, S, P] of records
    statistics: Floats  # [D, S, P] relative to `base`
    low: Halves  # [D, S, P] their bounds before this step
    high: Halves  # [D, S, P]
    base: Floats  # [D, P]
    sudden: Bools  # [D] whether news makes the score rather than a lasting deviation

    def explain(self, row: int, score: float, since: float, points: Sequence[str]) -> Explanation:
        """The judged points of device `row` that drive its score, largest share first; at least the foremost one."""
        judged = np.flatnonzero(self.judged[row])
        if judged.size == 0:
            return Explanation(score, since, ())
        sudden = bool(self.sudden[row])
        weight = self._news(row)[judged] if sudden else self._lasting(row)[judged]
        order = [i for i in np.argsort(-weight, kind="stable") if weight[i] > 0.0]
        tell = self._record if sudden else self._change
        channels = (tell(row, int(judged[i]), float(weight[i] / weight.sum()), points[judged[i]]) for i in order)
        return Explanation(score, since, tuple(channels))

    def _lasting(self, row: int) -> Floats:
        """Squares of the deviations that stand out, [P]: variances add up."""
        away = np.abs(self.deviation[row])
        away = np.where(self.judged[row], away, 0.0)
        outside = np.where(away >= min(self.suspicious[row], away.max()), away, 0.0)
        weight: Floats = np.square(outside) + _LEAST * (away == away.max())
        return weight

    def _news(self, row: int) -> Floats:
        news = np.where(self.judged[row], self.surplus[row].max(axis=0), 0.0)
        weight: Floats = news + _LEAST * (news == news.max())
        return weight

    def _change(self, row: int, point: int, share: float, name: str) -> Contribution:
        """A point that stands elsewhere than it used to; within its band it would not be suspect."""
        expected = float(self.expected[row, point])
        band = float(self.suspicious[row] * self.spread[row, point])
        value = expected + float(self.smooth[row, point])
        return Contribution(name, share, value=value, expected=expected, low=expected - band, high=expected + band)

    def _record(self, row: int, point: int, share: float, name: str) -> Contribution:
        """A point that goes beyond all that it has shown; a surprise is told as a reading at this time."""
        which = int(self.surplus[row, :, point].argmax())
        base, told = self.base[row, point], self.statistics[row, which, point]
        value = base + (told if which == MEAN else self.statistics[row, VALUE, point])
        low, high = self.low[row, which, point] + value - told, self.high[row, which, point] + value - told
        return Contribution(name, share, float(value), float((low + high) / 2.0), float(low), float(high))


_LEAST = 1e-12
