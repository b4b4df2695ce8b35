"""Says why a device scores as it does: which points, what was expected of them, and what would still be usual."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.detector import Contribution, Explanation, Floats
from models.verdict import TICKET

TICKET_LOG_WEEKS = float(np.log(TICKET / (1.0 - TICKET)))


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the last step showed; S paces, upper sides first."""

    expected: Floats  # [D, P]
    sigma: Floats  # [D, P]
    smooth: Floats  # [D, S, P] residuals in sigmas
    excess: Floats  # [D, 2S, P] sigmas by which one factor e of rarity is gained
    weeks: Floats  # [D, 2S, P] log weeks between such values, -inf where a point is not judged

    def explain(self, row: int, score: float, since: float, points: Sequence[str]) -> Explanation:
        """The judged points of device `row` that stand out, largest share first; at least the foremost one.

        Shares are of log rarity beyond once a week. A value is the level at the pace at which the point stands out
        most (the last step, ten minutes or an hour); beyond its band it would alone be worth a ticket.
        """
        weeks = self.weeks[row]
        judged = np.flatnonzero(np.isfinite(weeks).all(axis=0))
        if judged.size == 0:
            return Explanation(score, since, ())
        looks = float(np.log(weeks.shape[0] * judged.size))
        rarity = weeks.max(axis=0)[judged] - looks
        weight = np.maximum(rarity, 0.0)
        weight[rarity.argmax()] = max(float(rarity.max()), 1.0)
        order = [i for i in np.argsort(-weight, kind="stable") if weight[i] > 0.0]
        return Explanation(
            score,
            since,
            tuple(
                self._contribution(row, int(judged[i]), float(weight[i] / weight.sum()), looks, points) for i in order
            ),
        )

    def _contribution(self, row: int, point: int, share: float, looks: float, points: Sequence[str]) -> Contribution:
        weeks, paces = self.weeks[row, :, point], self.smooth.shape[1]
        upper = int(weeks.argmax()) % paces
        lower = upper + paces
        spare = self.excess[row, :, point] * (TICKET_LOG_WEEKS + looks - weeks)
        away, expected, sigma = self.smooth[row, upper, point], self.expected[row, point], self.sigma[row, point]
        return Contribution(
            points[point],
            share,
            value=float(expected + sigma * away),
            expected=float(expected),
            low=float(expected + sigma * (away - spare[lower])),
            high=float(expected + sigma * (away + spare[upper])),
        )
