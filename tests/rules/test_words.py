"""The hour and the day on the wall of a site, asked for seldom and right at every second."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gateway.core.almanac import Almanac
from rules.language.expression import compile_condition
from rules.vocabulary import Bools, Floats, Frame, Vocabulary
from tests.rules.wall import Wall

SHANGHAI = Almanac(ZoneInfo("Asia/Shanghai"), "CN")
BERLIN = Almanac(ZoneInfo("Europe/Berlin"))
FRIDAY_NIGHT = 1_767_369_600.0  # Saturday 2026-01-03, 00:00 in Shanghai, still Friday in Berlin
FORWARD = 1_774_746_000.0  # Sunday 2026-03-29, 02:00 in Berlin becomes 03:00


def holds(text: str, calendar: Almanac, times: list[float]) -> list[bool]:
    condition, problems = compile_condition(text, Vocabulary(("a",), {}, {}, (), 2, calendar), {})
    assert condition, problems
    nothing = np.full((len(times), 2, 1), np.nan)
    frame = Frame(np.array(times), nothing, nothing, {}, calendar)
    whole: Bools = frame.full(condition.truth.true(frame))
    one_by_one = [frame.rows(i, i + 1) for i in range(len(times))]
    assert np.concatenate([row.full(condition.truth.true(row)) for row in one_by_one]).tolist() == whole.tolist()
    assert (whole[:, 0] == whole[:, 1]).all()
    return [bool(x) for x in whole[:, 0]]


@pytest.mark.parametrize(
    ("text", "calendar", "time"),
    [
        ("hour == 0", SHANGHAI, FRIDAY_NIGHT),
        ("weekday == 6", SHANGHAI, FRIDAY_NIGHT),
        ("hour == 17", BERLIN, FRIDAY_NIGHT),
        ("weekday == 5", BERLIN, FRIDAY_NIGHT),
        ("weekday == 1", SHANGHAI, FRIDAY_NIGHT + 2 * 86400.0),
        ("weekday == 7", SHANGHAI, FRIDAY_NIGHT + 86400.0),
        ("not workday", SHANGHAI, FRIDAY_NIGHT),
        ("workday", SHANGHAI, FRIDAY_NIGHT + 86400.0),  # Sunday 2026-01-04 is worked for the New Year's holiday
        ("workday", BERLIN, FRIDAY_NIGHT),
        ("hour == 1", BERLIN, FORWARD - 1.0),
        ("hour == 3", BERLIN, FORWARD),
        ("hour == 23", SHANGHAI, FRIDAY_NIGHT - 0.001),
    ],
)
def test_what_the_wall_shows(text: str, calendar: Almanac, time: float) -> None:
    assert holds(text, calendar, [time]) == [True]


def test_rows_on_both_sides_of_midnight() -> None:
    times = [FRIDAY_NIGHT - 7200.0, FRIDAY_NIGHT - 1.0, FRIDAY_NIGHT, FRIDAY_NIGHT + 1.0, FRIDAY_NIGHT + 86400.0]
    assert holds("hour == 0", SHANGHAI, times) == [False, False, True, True, True]
    assert holds("weekday == 6 and hour < 1", SHANGHAI, times) == [False, False, True, True, False]


class Asked(Wall):
    """Counts how often it is asked."""

    times = 0

    def wall(self, times: Floats) -> Floats:
        self.times += 1
        return times


def test_the_wall_is_asked_once_a_quarter_of_an_hour() -> None:
    calendar = Asked()
    condition, _ = compile_condition("hour >= 8", Vocabulary(("a",), {}, {}, (), 1, calendar), {})
    assert condition
    for second in range(3600):
        value = np.zeros((1, 1, 1))
        condition.truth.true(Frame(np.array([9e4 + second]), value, value, {}, calendar))
    assert calendar.times == 4


def test_a_point_of_the_profile_goes_before_a_word() -> None:
    words = Vocabulary(("hour",), {}, {}, (), 1, SHANGHAI)
    condition, _ = compile_condition("hour > 100", words, {})
    assert condition
    assert condition.names == {"hour"}
