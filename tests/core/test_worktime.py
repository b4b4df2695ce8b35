"""Working time, against a table of the year's holidays and a twin that counts minutes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.almanac import Almanac, CalendarName
from gateway.core.policy import limit_of
from gateway.core.worktime import CLOCK_ONLY, WorkingHours

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
OFFICE = (8.5 * 3600, 17.5 * 3600)
CHINA = WorkingHours(Almanac(SHANGHAI, "CN"), *OFFICE)
GERMANY = WorkingHours(Almanac(BERLIN, "none"), *OFFICE)

OFF_2026 = (("01-01", 3), ("02-15", 9), ("04-04", 3), ("05-01", 5), ("06-19", 3), ("09-25", 3), ("10-01", 7))
"""First day and length of the holidays of 2026, as the State Council announced them."""
WORKED_2026 = ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10")


def at(text: str, zone: ZoneInfo, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def shown(time: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(time, zone).replace(tzinfo=None).isoformat(" ", "minutes")


def test_every_day_of_2026_is_what_the_state_council_announced() -> None:
    off = {date.fromisoformat(f"2026-{day}") + timedelta(days=n) for day, length in OFF_2026 for n in range(length)}
    worked = {date.fromisoformat(f"2026-{day}") for day in WORKED_2026}
    for n in range(365):
        day = date(2026, 1, 1) + timedelta(days=n)
        expected = day in worked or (day.weekday() < 5 and day not in off)
        assert CHINA.almanac.works_on((day - date(1970, 1, 1)).days) == expected, day


@pytest.mark.parametrize(
    ("start", "limit", "falls"),
    [
        ("2026-03-10 10:00", "3wd", "2026-03-13 10:00"),
        ("2026-03-13 16:00", "1wd", "2026-03-16 16:00"),
        ("2026-03-13 16:00", "4wh", "2026-03-16 11:00"),
        ("2026-03-13 13:30", "4wh", "2026-03-13 17:30"),  # done as people go home, not when they come back
        ("2026-03-13 17:30", "1wd", "2026-03-17 08:30"),  # closed: counts from Monday's opening
        ("2026-03-14 03:00", "30m", "2026-03-14 03:30"),  # clock time, at night, on a Saturday
        ("2026-09-30 16:00", "3wd", "2026-10-10 16:00"),  # over the National Day to a Saturday that is worked
        ("2026-09-30 16:00", "4wh", "2026-10-08 11:00"),
        ("2026-10-04 12:00", "1wd", "2026-10-09 08:30"),
        ("2026-10-10 17:00", "1wh", "2026-10-12 09:00"),  # the worked Saturday, then a free Sunday
        ("2026-02-13 17:00", "1wh", "2026-02-14 09:00"),  # the Saturday before the Spring Festival is worked
        ("2026-02-14 12:00", "1wd", "2026-02-24 12:00"),
        ("2026-02-27 09:00", "2wd", "2026-03-02 09:00"),  # over another one
        ("2026-09-18 09:00", "5wd", "2026-09-24 09:00"),  # a Sunday that is worked lies between
    ],
)
def test_limits_on_a_chinese_site(start: str, limit: str, falls: str) -> None:
    assert shown(limit_of(limit).after(at(start, SHANGHAI), CHINA), SHANGHAI) == falls


@pytest.mark.parametrize(
    ("start", "limit", "falls"),
    [
        ("2026-03-27 16:30", "2wh", "2026-03-30 09:30"),  # an hour less lies between
        ("2026-03-27 16:30", "1wd", "2026-03-30 16:30"),
        ("2026-10-23 16:30", "2wh", "2026-10-26 09:30"),  # an hour more
        ("2026-10-23 16:30", "1wd", "2026-10-26 16:30"),
    ],
)
def test_limits_over_a_change_of_the_clocks(start: str, limit: str, falls: str) -> None:
    assert shown(limit_of(limit).after(at(start, BERLIN), GERMANY), BERLIN) == falls


@pytest.mark.parametrize(
    ("wall", "moment"),
    [
        ("2026-03-29 01:59", "2026-03-29 00:59"),
        ("2026-03-29 02:30", "2026-03-29 01:00"),  # never shown: the first that is later
        ("2026-03-29 03:00", "2026-03-29 01:00"),
        ("2026-10-25 02:30", "2026-10-25 00:30"),  # shown twice: the first
        ("2026-10-25 03:00", "2026-10-25 02:00"),
    ],
)
def test_the_moment_at_which_a_wall_shows_a_time(wall: str, moment: str) -> None:
    seconds = datetime.fromisoformat(wall).replace(tzinfo=UTC).timestamp()
    assert shown(GERMANY.almanac.moment(seconds), ZoneInfo("UTC")) == moment


def test_a_start_in_either_fold_counts_from_itself() -> None:
    friday_zone = ZoneInfo("Asia/Amman")  # changed its clocks on Fridays: 2021-10-29, at 01:00 back to 00:00
    hours = WorkingHours(Almanac(friday_zone, "none"), 0.0, 2 * 3600.0)
    first, second = at("2021-10-29 00:30", friday_zone), at("2021-10-29 00:30", friday_zone, fold=1)
    assert second - first == 3600.0
    assert hours.after(first, 1800.0) == first + 1800.0
    assert hours.after(first, 9000.0) == first + 9000.0  # three hours are worked that night
    assert hours.after(second, 5400.0) == second + 5400.0
    assert shown(hours.days_after(second, 1), friday_zone) == "2021-11-01 00:30"


def test_without_a_site_days_are_those_of_the_week() -> None:
    start = at("2026-03-13 16:00", ZoneInfo("UTC"))
    assert CLOCK_ONLY.days_after(start, 1) == start + 3 * 86400.0


ZONES = st.sampled_from([("Asia/Shanghai", "CN"), ("Europe/Berlin", "none"), ("Asia/Kathmandu", "none")])
HOURS = st.tuples(st.integers(0, 12 * 60), st.integers(30, 12 * 60)).map(lambda h: (h[0] * 60.0, (h[0] + h[1]) * 60.0))
STARTS = st.integers(int(at("2026-01-01 00:00", SHANGHAI)) // 60, int(at("2026-12-01 00:00", SHANGHAI)) // 60)


def _hours(zone: tuple[str, CalendarName], hours: tuple[float, float]) -> WorkingHours:
    return WorkingHours(Almanac(ZoneInfo(zone[0]), zone[1]), *hours)


def _twin(worktime: WorkingHours, minute: int, minutes: int) -> int:
    """Step by step along the minutes, looking at the wall each time."""
    days: dict[date, bool] = {}
    while True:
        wall = datetime.fromtimestamp(minute * 60, worktime.almanac.zone)
        day = wall.date()
        if day not in days:
            days[day] = worktime.almanac.works_on((day - date(1970, 1, 1)).days)
        if days[day] and worktime.opens_s <= wall.hour * 3600 + wall.minute * 60 < worktime.closes_s:
            minutes -= 1
        minute += 1
        if minutes == 0:
            return minute


@settings(deadline=None, max_examples=60)
@given(ZONES, HOURS, STARTS, st.integers(1, 900))
def test_it_is_what_counting_the_minutes_gives(
    zone: tuple[str, CalendarName], hours: tuple[float, float], start: int, minutes: int
) -> None:
    worktime = _hours(zone, hours)
    assert worktime.after(start * 60.0, minutes * 60.0) == _twin(worktime, start, minutes) * 60.0


@settings(deadline=None)
@given(ZONES, HOURS, STARTS, st.floats(0, 3e5), st.floats(0, 3e5), st.integers(0, 10))
def test_who_begins_later_is_not_done_earlier(
    zone: tuple[str, CalendarName], hours: tuple[float, float], start: int, later: float, work: float, days: int
) -> None:
    worktime = _hours(zone, hours)
    assert worktime.after(start * 60.0, work) <= worktime.after(start * 60.0 + later, work) + 0.001
    office = _hours(zone, OFFICE)  # open while no clock is changed
    assert office.days_after(start * 60.0, days) <= office.days_after(start * 60.0 + later, days)


@settings(deadline=None)
@given(ZONES, HOURS, STARTS, st.floats(1, 1e5), st.floats(1, 1e5))
def test_work_adds_up(
    zone: tuple[str, CalendarName], hours: tuple[float, float], start: int, first: float, then: float
) -> None:
    worktime = _hours(zone, hours)
    halfway = worktime.after(start * 60.0, first)
    assert worktime.after(halfway, then) == pytest.approx(worktime.after(start * 60.0, first + then), abs=0.01)


@settings(deadline=None)
@given(ZONES, STARTS, st.integers(0, 6), st.integers(0, 6))
def test_working_days_add_up(zone: tuple[str, CalendarName], start: int, first: int, then: int) -> None:
    office = _hours(zone, OFFICE)
    assert office.days_after(office.days_after(start * 60.0, first), then) == office.days_after(
        start * 60.0, first + then
    )
