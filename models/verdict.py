"""From tails to a score with a promised rate, and from a score to how much of it may be learnt."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.daily import DAY_S
from models.detector import Bools, Floats
from models.experience import running
from models.memory import Memory

SUSPECT_LOG_WEEKS = 0.0
"""From here on (a score of 0.5) a device is suspect: a healthy one gets here once a week."""
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

    @property
    def suspect(self) -> Bools:
        """Which devices are suspect, [D]."""
        return ~np.isnan(self.since)

    def turn(self, time: float, suspect: Bools) -> None:
        """From `time` on, these devices are suspect."""
        self.since[:] = np.where(suspect, np.where(np.isnan(self.since), time, self.since), np.nan)

    def willingness(self, frozen: Bools, gaps_s: Floats) -> tuple[Floats, Floats]:
        """How much of each of the coming steps is learnt if the same devices stay suspect, [K, D].

        Nothing while frozen, little while suspect, but not for ever. Also how long each will then have been so.
        """
        suspect = self.suspect
        doubted = running(self.suspect_s, np.broadcast_to(gaps_s[:, None], (len(gaps_s), len(suspect))))[1:]
        doubted[:, ~(suspect | frozen)] = 0.0
        share = np.where(frozen, 0.0, np.where(suspect, RELUCTANCE, 1.0))
        return np.where(doubted > PATIENCE_S, 1.0, share), doubted


def rarest(weeks: Floats, looks: Floats) -> Floats:
    """Log weeks between such scores, [D], from those of the rarest of weeks[D, 2S, P].

    With M statistics looked at, the rarest of them is M times as frequent; looks[D] is log M.
    """
    rarest: Floats = np.maximum.reduce(weeks, axis=(1, 2), initial=-np.inf)
    rarest -= looks
    return rarest


def score(rarest: Floats, looks: Floats) -> Floats:
    """Weeks/(1 + weeks); NaN where nothing was looked at."""
    return np.where(looks >= 0.0, 1.0 / (1.0 + np.exp(-np.maximum(rarest, -50.0))), np.nan)
