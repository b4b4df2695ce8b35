"""What each point last showed at this hour of the day and at this time of the week: a quick memory, not an average.

It is asked one thing: is this reading a surprise at this time? Within a slot it soon follows what it sees, so a new
level at an old hour surprises once and not for the whole hour. (A memory of means that are only renewed at the next
visit raised two to three times as many false alarms on the development series.)
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.detector import Bools, Floats
from models.memory import Memory

DAY_S, WEEK_S = 86400.0, 604800.0
HOURS = 24
"""Slots of a day: morning peaks rise over one to two hours."""
TURNS = 84
"""Slots of a week, two hours each: Saturday is no Friday, and a finer cut would need more weeks."""
HOUR_PACE = 0.15
"""Share of a surprise that an hour's slot takes over in one step: a slot of twelve five-minute steps follows half-way
in four."""
TURN_PACE = 0.5
"""A slot of the week is seen seven times less often and follows as much faster."""

Halves = NDArray[np.float32]


@dataclass(slots=True)
class Seasons(Memory):
    """One value per device, slot and point, relative to the point's first reading; NaN until lived."""

    hours: Halves  # [D, HOURS, P]
    turns: Halves  # [D, TURNS, P]

    @classmethod
    def cold(cls, devices: int, points: int) -> Self:
        """No time known."""
        # Each slot's devices and points lie side by side in memory.
        return cls(
            np.full((HOURS, devices, points), np.nan, np.float32).swapaxes(0, 1),
            np.full((TURNS, devices, points), np.nan, np.float32).swapaxes(0, 1),
        )

    def surprises(self, time: float, away: Floats) -> Floats:
        """How far away[D, P] is from what was seen at this hour and at this time of the week, [2, D, P]; NaN if new."""
        return np.stack(
            (away - self.hours[:, _slot(time, DAY_S, HOURS)], away - self.turns[:, _slot(time, WEEK_S, TURNS)])
        )

    def learn(self, time: float, away: Floats, surprises: Floats, learns: Bools) -> None:
        """Follow away[D, P] where learns[D, P]."""
        for memory, surprise, pace, slot in (
            (self.hours, surprises[0], HOUR_PACE, _slot(time, DAY_S, HOURS)),
            (self.turns, surprises[1], TURN_PACE, _slot(time, WEEK_S, TURNS)),
        ):
            told = away - (1.0 - pace) * surprise
            np.copyto(told, away, where=np.isnan(surprise))
            np.copyto(memory[:, slot], told, where=learns, casting="same_kind")


def _slot(time: float, period_s: float, slots: int) -> int:
    return int(time % period_s * slots / period_s) % slots
