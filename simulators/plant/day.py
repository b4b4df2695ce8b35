"""How a building lives through a week: shares of water, lift trips and electricity, hour by hour, by its use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Use = Literal["residential", "office", "campus"]

DAY_S = 86_400.0
WEEK_S = 7 * DAY_S
_STEP_S = 300.0
_THURSDAY_S = 3 * DAY_S  # 1970-01-01 was a Thursday; weeks here begin on Monday


@dataclass(frozen=True, slots=True, eq=False)
class Week:
    """A demand over the week relative to its mean working day, on a five-minute lattice with both ends."""

    seconds: Floats  # [2017] since Monday 00:00
    level: Floats  # [2017] 1 = the mean of a working day
    sum: Floats  # [2017] of the level since Monday 00:00, in seconds

    @classmethod
    def of(cls, shares: str, weekend_total: float, swing: float = 1.0) -> Self:
        """A week from the 24 hourly shares of a working day; `swing` below 1 flattens the day."""
        work = np.array(shares.split(), dtype=np.float64)
        work /= work.mean()
        rest = _weekend(work, weekend_total)
        hourly = 1.0 + swing * (np.concatenate((np.tile(work, 5), np.tile(rest, 2))) - 1.0)
        seconds = np.arange(0.0, WEEK_S + 1.0, _STEP_S)
        level = _cubic(hourly, seconds / 3600.0 - 0.5)
        return cls(seconds, level, np.concatenate(([0.0], np.cumsum((level[1:] + level[:-1]) * (_STEP_S / 2.0)))))

    def at(self, local_s: Floats) -> Floats:
        """The demand at local seconds since 1970."""
        return np.interp(since_monday_s(local_s), self.seconds, self.level)

    def total(self, local_s: Floats) -> Floats:
        """The demand summed since 1970, in mean working-day seconds: what a counter would have counted."""
        weeks = np.floor((local_s + _THURSDAY_S) / WEEK_S)
        total: Floats = weeks * self.sum[-1] + np.interp(since_monday_s(local_s), self.seconds, self.sum)
        return total

    def when(self, total: Floats) -> Floats:
        """The local seconds at which the sum reached `total`: the inverse of `total`."""
        weeks = np.floor(total / self.sum[-1])
        within = np.interp(total - weeks * self.sum[-1], self.sum, self.seconds)
        when: Floats = weeks * WEEK_S + within - _THURSDAY_S
        return when


def since_monday_s(local_s: Floats) -> Floats:
    """Seconds since Monday 00:00."""
    seconds: Floats = np.mod(local_s + _THURSDAY_S, WEEK_S)
    return seconds


def _weekend(work: Floats, total: float) -> Floats:
    """The morning comes an hour and three quarters later and flatter, midday is 15 % stronger."""
    hours = np.arange(24.0)
    late = 0.85 * np.interp(hours - 1.75, hours, work) + 0.15
    rest = np.where((hours >= 5) & (hours < 12), late, work)
    rest = np.where((hours >= 10) & (hours < 15), rest * 1.15, rest)
    scaled: Floats = rest * (total / rest.mean())
    return scaled


def _cubic(nodes: Floats, position: Floats) -> Floats:
    """Periodic Catmull-Rom interpolation: through every node, no corners."""
    before = np.floor(position).astype(np.int64)
    f = position - before
    p0, p1, p2, p3 = (nodes[(before + shift) % len(nodes)] for shift in (-1, 0, 1, 2))
    curve: Floats = p1 + 0.5 * f * (p2 - p0 + f * (2 * p0 - 5 * p1 + 4 * p2 - p3 + f * (3 * (p1 - p2) + p3 - p0)))
    return curve


Demand = Mapping[Use, Week]
"""What the people of a building ask for, by its use."""

# Shares of the day in percent, hour 0 to 23, of a working day. An office is nearly empty at weekends; a campus has its
# peak late in the evening (student housing: 7.2 % of the day between 22 and 23 h).
WATER: Demand = {
    "residential": Week.of(
        "2.2 1.4 0.9 0.8 0.9 1.7 4.3 7.0 6.6 5.2 4.7 4.9 5.0 4.0 3.5 3.5 4.0 5.0 6.6 7.3 7.2 6.5 4.5 2.3",
        weekend_total=1.08,
    ),
    "office": Week.of(
        "0.8 0.7 0.7 0.7 0.7 0.9 1.6 4.0 7.6 8.6 8.4 8.2 8.8 7.2 7.6 7.9 7.6 6.6 4.2 2.6 1.8 1.3 0.9 0.8",
        weekend_total=0.30,
    ),
    "campus": Week.of(
        "3.4 1.4 0.8 0.7 0.8 1.6 4.6 5.8 4.4 3.9 4.0 4.9 5.6 4.0 3.4 3.4 3.8 5.2 5.6 5.4 6.0 7.0 7.2 6.9",
        weekend_total=1.02,
    ),
}
LIFT_TRIPS: Demand = {
    "residential": Week.of(
        "1.0 0.5 0.3 0.3 0.5 1.3 4.5 9.2 8.6 5.3 4.3 4.8 5.0 4.2 4.0 4.4 5.3 7.2 9.2 7.4 5.3 4.0 2.4 1.0",
        weekend_total=0.90,
    ),
    "office": Week.of(
        "0.3 0.2 0.2 0.2 0.2 0.4 1.6 6.4 8.8 8.0 6.6 7.8 8.6 7.6 6.6 6.2 6.4 8.4 6.8 3.8 2.3 1.5 0.8 0.4",
        weekend_total=0.25,
    ),
    "campus": Week.of(
        "1.3 0.5 0.3 0.3 0.4 0.9 3.6 8.6 6.8 5.4 4.6 6.8 6.6 5.2 4.2 4.4 5.0 7.0 6.6 5.0 4.6 5.0 4.8 3.1",
        weekend_total=0.80,
    ),
}
# The table is of a summer day; without air conditioning the same day is flatter.
ELECTRICITY: Demand = {
    "residential": Week.of(
        "3.9 3.4 3.1 2.9 2.8 2.8 3.0 3.4 3.6 3.7 3.9 4.1 4.3 4.2 4.2 4.2 4.3 4.5 5.0 5.8 6.3 6.2 5.6 4.8",
        weekend_total=1.04,
        swing=0.6,
    ),
    "office": Week.of(
        "2.0 1.9 1.9 1.9 1.9 2.0 2.6 4.2 5.9 6.5 6.7 6.7 6.2 6.4 6.7 6.7 6.6 6.0 4.8 3.9 3.2 2.6 2.2 2.1",
        weekend_total=0.45,
        swing=0.8,
    ),
    "campus": Week.of(
        "4.2 3.2 2.7 2.6 2.5 2.6 3.0 3.6 4.2 4.5 4.6 4.8 4.7 4.3 4.3 4.4 4.5 4.5 4.7 5.2 5.6 5.8 5.6 4.9",
        weekend_total=0.90,
        swing=0.7,
    ),
}
