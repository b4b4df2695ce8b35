"""From tails to a score with a promised rate, and from a score to how much of it may be learnt."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.daily import DAY_S
from models.detector import Bools, Floats
from models.memory import Memory

SUSPECT = 0.5
"""From here on a device is suspect: a healthy one gets here once a week."""
TICKET = 0.95
"""Worth a ticket: a healthy device gets here once in 19 weeks."""
RELUCTANCE = 1.0 / 20.0
"""How fast a suspect device is learnt from: a day of it counts as an hour."""
PATIENCE_S = 7.0 * DAY_S
"""After a week of suspicion or of a firing alert, what is there is the new usual and is learnt as such."""


@dataclass(slots=True)
class Verdict(Memory):
    """The score of each device and since when it is suspect."""

    score: Floats  # [D]
    since: Floats  # [D] NaN while not suspect
    suspect_s: Floats  # [D] how long it has been suspect or frozen

    @classmethod
    def cold(cls, devices: int) -> Self:
        """Nothing known."""
        return cls(np.full(devices, np.nan), np.full(devices, np.nan), np.zeros(devices))

    def judge(self, time: float, weeks: Floats, judged: Bools) -> None:
        """Score each device: weeks/(1 + weeks) for the weeks[D, 2S, P] of its rarest judged[D, P] statistic.

        With M statistics looked at, the rarest of them is M times as frequent.
        """
        looks = weeks.shape[1] * judged.sum(axis=1)
        rarest = weeks.max(axis=(1, 2)) - np.log(np.maximum(looks, 1))
        score = 1.0 / (1.0 + np.exp(-np.maximum(rarest, -50.0)))
        self.score[:] = np.where(looks > 0, score, np.nan)
        suspect = self.score >= SUSPECT
        self.since[:] = np.where(suspect, np.where(np.isnan(self.since), time, self.since), np.nan)

    def willingness(self, frozen: Bools, step_s: float) -> Floats:
        """How much of this step is learnt, [D]: nothing while frozen, little while suspect, but not for ever."""
        suspect = self.score >= SUSPECT
        self.suspect_s += step_s
        self.suspect_s[~(suspect | frozen)] = 0.0
        share = np.where(suspect, RELUCTANCE, 1.0)
        share[frozen] = 0.0
        share[self.suspect_s > PATIENCE_S] = 1.0
        return share
