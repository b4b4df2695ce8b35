"""The clock and the calendar on the wall."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gateway.core.almanac import Almanac, CalendarName

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu", "UTC"])
def test_it_shows_local_time(zone: str) -> None:
    place = ZoneInfo(zone)
    times = np.array([1.5, 1711846799.0, 1711846800.0, 1730000000.25, 1773561665.0])
    shown = [datetime.fromtimestamp(time, place).replace(tzinfo=None) for time in times.tolist()]
    expected = [(wall - datetime(1970, 1, 1)).total_seconds() for wall in shown]  # noqa: DTZ001 - a wall has no zone
    np.testing.assert_allclose(Almanac(place).wall(times), expected)


@pytest.mark.parametrize(
    ("day", "plain", "chinese"),
    [
        ("2026-10-09", True, True),  # a Friday like any other
        ("2026-10-10", False, True),  # a Saturday that is worked
        ("2026-10-11", False, False),  # a Sunday
        ("2026-10-06", True, False),  # a Tuesday in the national holidays
        ("2026-02-14", False, True),  # the Saturday before the Spring Festival
    ],
)
def test_workdays_follow_the_calendar(day: str, *, plain: bool, chinese: bool) -> None:
    calendars: dict[CalendarName, bool] = {"none": plain, "CN": chinese}
    for hour in ("00:00:00", "23:59:59"):
        time = datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=SHANGHAI).timestamp()
        for calendar, works in calendars.items():
            assert Almanac(SHANGHAI, calendar).workday(np.array([time])).tolist() == [works]
