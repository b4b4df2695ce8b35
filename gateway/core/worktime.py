"""Working time: the hours of a site's working days, by the clock and the calendar on its wall."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.core.almanac import UTC_ALMANAC, Almanac
from rules.duration import DAY_S

_QUARTER_S = 900.0
_FEW = 96 * 4
_LEAST_S = 0.001
"""What adding up may lose; without it, work that ends when people go home could end when they come back."""


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """People work while the clock on the wall shows a time from `opens_s` on and before `closes_s`, on working days.

    Both are seconds since midnight. Where the clocks are changed within the hours, what they show decides.
    """

    almanac: Almanac
    opens_s: float
    closes_s: float

    def after(self, start: float, working_s: float) -> float:
        """When so much work has been done, in seconds since 1970; of no work, when it can begin.

        Zones change, and days begin, at whole quarters of an hour of UTC; so within a quarter the wall runs evenly.
        """
        first, count, left = np.floor(start / _QUARTER_S), _FEW, working_s
        while True:
            opens, lasts = self._open(np.arange(first, first + count) * _QUARTER_S, start)
            done = np.cumsum(lasts)
            enough = np.flatnonzero((lasts > 0) & (done >= left - _LEAST_S))
            if enough.size:
                at = enough[0]
                return float(opens[at] + left - (done[at] - lasts[at]))
            first, count, left = first + count, count * 2, left - float(done[-1])

    def days_after(self, start: float, days: float) -> float:
        """The same time of day so many working days later; outside working time, days count from the next opening."""
        day, second = divmod(self._wall(self.after(start, 0.0)), DAY_S)
        left = int(days)
        while left:
            day += 1
            left -= self.almanac.works_on(int(day))
        return self.almanac.moment(day * DAY_S + second)

    def _open(self, quarters: NDArray[np.float64], start: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """From when and for how long work is done in each quarter of an hour [T], beginning with the start."""
        second = self.almanac.wall(quarters) % DAY_S
        opens = np.maximum(quarters + np.maximum(self.opens_s - second, 0.0), start)
        closes = quarters + np.minimum(self.closes_s - second, _QUARTER_S)
        lasts = np.where(self.almanac.workday(quarters), np.maximum(closes - opens, 0.0), 0.0)
        return opens, lasts

    def _wall(self, at: float) -> float:
        return float(self.almanac.wall(np.array([at]))[0])


CLOCK_ONLY = WorkingHours(UTC_ALMANAC, 0.0, DAY_S)
"""Whole days from Monday to Friday, of no place in particular."""
