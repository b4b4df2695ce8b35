"""The clock and the calendar on the wall of a site: local time, and whether people work that day."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import holidays
import numpy as np
from numpy.typing import NDArray

from rules.duration import DAY_S

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
CalendarName = Literal["CN", "none"]

_QUARTER_S = 900.0
_FIRST_DAY = date(1970, 1, 1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Almanac:
    """A time zone, and a country's days off.

    With the calendar CN public holidays are days off, and the weekends that are worked in exchange are workdays, as
    the State Council announces them each November; a year that is not announced yet has its legal holidays alone.
    """

    zone: ZoneInfo
    calendar: CalendarName = "none"
    _days: holidays.HolidayBase | None = field(init=False, default=None, compare=False)

    def __post_init__(self) -> None:
        if self.calendar != "none":
            object.__setattr__(self, "_days", holidays.country_holidays(self.calendar))

    def wall(self, times: Floats) -> Floats:
        """Times [T], in seconds since 1970, as the clock on the wall shows them: seconds since its 1970-01-01 [T]."""
        quarters, index = np.unique(np.floor(times / _QUARTER_S), return_inverse=True)
        offsets = np.array([self._offset_s(quarter * _QUARTER_S) for quarter in quarters])
        local: Floats = times + offsets[index]
        return local

    def workday(self, times: Floats) -> Bools:
        """Whether people work on the day of each time [T]."""
        days, index = np.unique(np.floor(self.wall(times) / DAY_S), return_inverse=True)
        works: Bools = np.array([self.works_on(int(day)) for day in days], np.bool_)[index]
        return works

    def moment(self, wall: float) -> float:
        """The first moment at which the clock on the wall shows this, or more where the clocks skip it."""
        day, second = divmod(wall, DAY_S)
        local = datetime.combine(_FIRST_DAY + timedelta(days=day), time.min, self.zone) + timedelta(seconds=second)
        shown, other = local.timestamp(), local.replace(fold=1).timestamp()
        if other >= shown:
            return shown
        quarters = np.arange(other // _QUARTER_S + 1.0, shown // _QUARTER_S + 1.0) * _QUARTER_S  # it lies in a gap
        return float(quarters[self.wall(quarters) >= wall][0])

    def works_on(self, day: int) -> bool:
        """Whether people work on a day; days count from 1970-01-01."""
        local = _FIRST_DAY + timedelta(days=day)
        return local.weekday() < _SATURDAY if self._days is None else self._days.is_working_day(local)

    def _offset_s(self, at: float) -> float:
        """Zones change at whole quarters of an hour, so one offset holds for all of it."""
        offset = datetime.fromtimestamp(at, self.zone).utcoffset()
        return offset.total_seconds() if offset else 0.0


UTC_ALMANAC = Almanac(ZoneInfo("UTC"))
"""Of no place in particular."""
