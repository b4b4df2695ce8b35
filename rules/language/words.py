"""What a frame itself tells: the hour and the day on the wall of the site, and what is known of a device."""

from collections.abc import Callable

import numpy as np

from rules.duration import DAY_S
from rules.vocabulary import Bools, Calendar, Floats, Frame

HOUR_S, QUARTER_S = 3600.0, 900.0


def second_of_day(calendar: Calendar, times: Floats) -> Floats:
    """Seconds since midnight, for times [T]."""
    return np.mod(calendar.wall(times), DAY_S)


def hour(calendar: Calendar, times: Floats) -> Floats:
    """0 to 23, for times [T]."""
    return np.floor(second_of_day(calendar, times) / HOUR_S)


def weekday(calendar: Calendar, times: Floats) -> Floats:
    """1 for Monday to 7 for Sunday, for times [T]; 1970 began on a Thursday."""
    day: Floats = np.mod(np.floor(calendar.wall(times) / DAY_S) + 3.0, 7.0) + 1.0
    return day


def workday(calendar: Calendar, times: Floats) -> Floats:
    """1 on days on which people work, for times [T]."""
    return calendar.workday(times).astype(np.float64)


def always(_: Frame) -> Floats:
    """1, for all devices and times."""
    return np.ones((1, 1))


def offline(frame: Frame) -> Floats:
    """1 where nothing is known of a device, [T, D]."""
    unknown: Bools = np.all(np.isnan(frame.values), axis=2)
    return unknown.astype(np.float64)


def age(frame: Frame, point: int) -> Floats:
    """Seconds since the last good value, [T, D]."""
    return frame.age[..., point]


def missing(frame: Frame, point: int) -> Floats:
    """1 where the point is unknown, [T, D]."""
    return np.isnan(frame.values[..., point]).astype(np.float64)


class OnTheWall:
    """Reads the wall once in a quarter of an hour: nothing there changes in between, whatever the zone."""

    def __init__(self, read: Callable[[Calendar, Floats], Floats]) -> None:
        self._read = read
        self._quarter = np.nan
        self._shown: Floats = np.full((1, 1), np.nan)

    def __call__(self, frame: Frame) -> Floats:
        """[T, 1], or [1, 1] if all rows lie in the same quarter."""
        quarters = np.floor(frame.times / QUARTER_S)
        if quarters[0] == quarters[-1]:
            if quarters[0] != self._quarter:
                self._quarter = float(quarters[0])
                self._shown = self._read(frame.calendar, quarters[:1] * QUARTER_S)[:, None]
            return self._shown
        distinct, index = np.unique(quarters, return_inverse=True)
        return self._read(frame.calendar, distinct * QUARTER_S)[index][:, None]
