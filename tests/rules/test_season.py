"""Rules that count in a part of the year, ahead of it, or once for a site."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.almanac import Almanac
from rules.book import Book
from rules.lint.defaults import lint_rules
from rules.rule import Pack, Rule, Season, Transition
from rules.season import month_day, shortly_before, within, written
from rules.vocabulary import Calendar, Vocabulary
from tests.rules.wall import UTC as UTC_WALL

SHANGHAI = Almanac(ZoneInfo("Asia/Shanghai"))
FLOOD = {"from": "05-01", "to": "09-30"}
DAYS = st.dates(date(2023, 1, 1), date(2029, 12, 31))
ENDS = st.dates(date(2024, 1, 1), date(2024, 12, 31))


def number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def book(*, calendar: Calendar = UTC_WALL, **fields: Any) -> Book:
    rule = {"id": "r", "yellow": {"when": "a > 1"}, **fields}
    pack = Pack.model_validate({"profile": "p", "season": FLOOD, "rules": [rule]})
    return Book(tuple(pack.rules_of("p").values()), Vocabulary(("a",), {}, {}, (), 3, calendar))


def feed(watched: Book, time: float, a: float = 5.0) -> list[tuple[str, int]]:
    values = np.full((1, 3, 1), a)
    found: list[Transition] = watched.update(np.array([time]), values, np.zeros_like(values), {})
    return [(change.change, change.row) for change in found]


@pytest.mark.parametrize(("text", "day"), [("05-01", 501), (" 12-31 ", 1231), ("02-29", 229)])
def test_days_of_the_year(text: str, day: int) -> None:
    assert month_day(text) == day
    assert written(day) == text.strip()


@pytest.mark.parametrize(
    "text", ["5-1", "2026-05-01", "13-01", "00-10", "02-30", "05-00", "May 1", 501, None, "０5-01"]
)
def test_what_is_no_day_of_the_year(text: Any) -> None:
    with pytest.raises(ValueError, match="not a day of the year; write month and day, such as 05-01"):
        month_day(text)


@given(day=DAYS, first=ENDS, last=ENDS)
def test_a_season_has_both_its_ends_and_may_pass_new_year(day: date, first: date, last: date) -> None:
    ends = [(each.month, each.day) for each in (first, last)]
    own = (day.month, day.day)
    expected = ends[0] <= own <= ends[1] if ends[0] <= ends[1] else own >= ends[0] or own <= ends[1]
    low, high = (100 * month + day for month, day in ends)
    found = within(low, high, np.array([number(day)]))
    assert found.tolist() == [expected]


def test_where_there_is_no_29_february() -> None:
    days = np.array([number(date(year, *day)) for year in (2024, 2026) for day in ((2, 28), (3, 1))])
    assert within(229, 301, days).tolist() == [False, True, False, True]
    assert within(201, 229, days).tolist() == [True, False, True, False]
    assert within(229, 229, np.array([number(date(2024, 2, 29)), number(date(2026, 2, 28))])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("first", "last", "ahead", "begins", "count"),
    [
        (501, 930, 30, date(2026, 4, 1), 30),
        (1115, 315, 30, date(2026, 10, 16), 30),
        (110, 120, 30, date(2025, 12, 11), 30),
        (301, 331, 2, date(2028, 2, 28), 2),
        (501, 930, 300, date(2026, 10, 1), 212),  # never in the season itself
    ],
)
def test_the_days_ahead_of_a_season(first: int, last: int, ahead: int, begins: date, count: int) -> None:
    days = number(begins) + np.arange(-1, count + 1)
    assert shortly_before(first, last, ahead, days).tolist() == [False, *[True] * count, False]


def test_a_season_begins_and_ends_at_midnight_on_the_wall() -> None:
    watched = book(calendar=SHANGHAI)
    assert feed(watched, at("2026-04-30 15:59:59")) == []
    assert feed(watched, at("2026-04-30 16:00")) == [("fired", 0), ("fired", 1), ("fired", 2)]
    assert feed(watched, at("2026-09-30 15:59:59")) == []
    assert feed(watched, at("2026-09-30 16:00")) == [("cleared", 0), ("cleared", 1), ("cleared", 2)]
    assert feed(watched, at("2026-12-24 16:00")) == []
    assert feed(watched, at("2027-06-01 16:00"), 0.0) == []


def test_a_rule_may_have_a_season_of_its_own() -> None:
    watched = book(season={"from": "11-15", "to": "03-15"})
    assert feed(watched, at("2026-11-14 23:59")) == []
    assert [change for change, _ in feed(watched, at("2026-12-31 12:00"))] == ["fired"] * 3
    assert feed(watched, at("2027-01-01 12:00")) == []
    assert [change for change, _ in feed(watched, at("2027-03-16 00:00"))] == ["cleared"] * 3


def test_a_reminder_comes_once_for_a_site_and_year_whatever_is_restarted() -> None:
    keys: dict[str, Any] = {"ahead": "30d", "per": "site", "yellow": {"when": "always", "between": "08:00-18:00"}}
    watched = book(**keys)
    assert feed(watched, at("2026-03-31 12:00"), np.nan) == []
    assert feed(watched, at("2026-04-01 07:59"), np.nan) == []
    assert feed(watched, at("2026-04-01 08:00"), np.nan) == [("fired", 0)]
    assert feed(watched, at("2026-04-01 19:00"), np.nan) == []
    states = watched.pending_states() + watched.changed_states()
    watched = book(**keys)
    assert all(watched.restore(*state) for state in states)
    assert feed(watched, at("2026-04-02 12:00")) == []
    assert feed(watched, at("2026-05-01 00:00")) == [("cleared", 0)]
    assert feed(watched, at("2026-06-01 12:00")) == []
    assert feed(watched, at("2027-04-01 12:00")) == [("fired", 0)]


def test_other_dates_are_another_rule_and_no_season_is_the_rule_of_old() -> None:
    plain = Rule.model_validate({"id": "r", "yellow": {"when": "a > 1"}})
    seasons = [Season.model_validate(FLOOD), Season.model_validate(FLOOD | {"to": "10-15"})]
    kinds = [plain, *(plain.model_copy(update={"season": each}) for each in seasons)]
    kinds += [kinds[1].model_copy(update={"ahead_s": 86400.0}), plain.model_copy(update={"per": "site"})]
    assert len({rule.fingerprint for rule in kinds}) == len(kinds)


def test_one_row_at_a_time_is_the_same_as_many() -> None:
    times = at("2026-04-29 20:00") + 3600.0 * np.arange(40, dtype=np.float64)
    values = np.full((40, 3, 1), 5.0)
    whole = [(x.time, x.row) for x in book().update(times, values, np.zeros_like(values), {})]
    single = book()
    apart = [(time, row) for time in times.tolist() for _, row in feed(single, time)]
    assert whole == apart == [(at("2026-05-01 00:00"), row) for row in range(3)]


@pytest.mark.parametrize("ahead", ["12h", "36h", "0s", "301d"])
def test_a_reminder_comes_one_to_three_hundred_days_ahead(ahead: str) -> None:
    with pytest.raises(ValueError, match="not a number of days from 1d to 300d"):
        Rule.model_validate({"id": "r", "yellow": {"when": "a > 1"}, "ahead": ahead})


def test_a_default_that_is_written_is_remarked() -> None:
    rule = Rule.model_validate({"id": "r", "yellow": {"when": "a > 1"}, "per": "device"})
    assert [remark["loc"] for remark in lint_rules([rule]) if "loc" in remark] == [(0, "per")]
