"""What is usual: against the twin, at any step of the rows, across the weeks and the jumps of a clock on the wall."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.vocabulary import Bools, Calendar, Floats
from rules.windows.learnt import Usual
from tests.rules import twin
from tests.rules.wall import UTC, Wall

HOUR, DAY, WEEK = 3600.0, 86400.0, 604800.0
MONDAY = 1_704_067_200.0

steps = st.sampled_from([60.0, 60.0, 61.0, 600.0, 1800.0, HOUR, HOUR, 7000.0, DAY, DAY, 6 * DAY, WEEK - HOUR, 5 * WEEK])
values = st.sampled_from([0.0, 1.0, 2.5, -3.0, 80.0, 1e16, math.nan])


def run(times: Floats, x: Floats, size: int = 4096, calendar: Calendar = UTC) -> Floats:
    window = Usual(x.shape[1], calendar)
    cuts = [slice(i, i + size) for i in range(0, len(times), size)]
    with np.errstate(all="ignore"):
        return np.concatenate([window.feed(times[cut], x[cut]) for cut in cuts])


@st.composite
def series(draw: st.DrawFn) -> tuple[Floats, Floats]:
    gaps = draw(st.lists(steps, min_size=1, max_size=40))
    times = draw(st.sampled_from([0.0, 17.0, MONDAY])) + np.cumsum(gaps)
    flat = draw(st.lists(values, min_size=2 * len(gaps), max_size=2 * len(gaps)))
    return times, np.array(flat).reshape(-1, 2)


@settings(max_examples=60, deadline=None)
@given(series())
def test_it_is_what_the_twin_finds(rows: tuple[Floats, Floats]) -> None:
    times, x = rows
    got = run(times, x)
    for device in range(2):
        known = [None if not abs(v) < 1e15 else float(v) for v in x[:, device]]
        expected = twin.usual(list(zip(times.tolist(), known, strict=True)))
        np.testing.assert_allclose(got[:, device], [math.nan if v is None else v for v in expected], rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(series(), st.sampled_from([1, 7, 64]))
def test_cutting_into_blocks_changes_not_one_bit(rows: tuple[Floats, Floats], size: int) -> None:
    np.testing.assert_array_equal(run(*rows, size), run(*rows, 1024))


def months(step_s: float, weeks: float) -> tuple[Floats, Floats]:
    """Two devices with a day of their own, and noise that depends on nothing but the second."""
    times = MONDAY + np.arange(0.0, weeks * WEEK, step_s)
    noise = np.sin(times * 12.9898) * 43758.5453 % 1.0
    day = np.sin(times * 2 * np.pi / DAY)
    x = np.stack([10.0 + 3.0 * day + noise, np.where(noise < 0.3, np.nan, noise)], axis=1)
    return times, x


def test_rows_a_second_and_rows_a_minute_apart_give_the_same_bits() -> None:
    slow_times, slow = months(60.0, 2.5)
    quick_times, quick = months(20.0, 2.5)
    lately = quick_times[-1] - 3 * HOUR
    fine = lately + np.arange(0.0, 3 * HOUR)
    fine_x = np.repeat(quick[quick_times >= lately], 20, axis=0)[: len(fine)]
    times = np.concatenate([quick_times[quick_times < lately], fine])
    every = run(times, np.concatenate([quick[quick_times < lately], fine_x]))
    whole = np.isin(times, slow_times)
    assert whole.sum() == len(slow_times)
    np.testing.assert_array_equal(every[whole], run(slow_times, slow))
    assert not np.isnan(every[-1]).any()


def hourly(weeks: int, of_week: list[float]) -> tuple[Floats, Floats]:
    """One device that shows a value of its own in each week, a row a minute."""
    times = MONDAY + np.arange(0.0, weeks * WEEK, 60.0)
    return times, np.array(of_week)[((times - MONDAY) // WEEK).astype(int)][:, None]


def at(times: Floats, now: Floats, week: float, hour: float = 9.0) -> float:
    return float(now[np.searchsorted(times, MONDAY + week * WEEK + hour * HOUR), 0])


def test_it_is_the_median_of_the_last_four_weeks_without_the_running_hour() -> None:
    times, x = hourly(7, [0.1, 5.0, 7.0, 9.0, 100.0, 200.0, 300.0])
    now = run(times, x)
    assert math.isnan(at(times, now, 0, 167.0))
    assert [at(times, now, week) for week in range(1, 7)] == [0.1, 2.55, 5.0, 6.0, 8.0, 54.5]


@pytest.mark.parametrize(("minutes", "counts"), [(29, False), (30, True), (60, True)])
def test_an_hour_of_which_half_is_unknown_counts_for_nothing(minutes: int, counts: bool) -> None:  # noqa: FBT001
    times = MONDAY + np.arange(0.0, WEEK + HOUR, 60.0)
    x = np.where(times - MONDAY < minutes * 60.0, 0.1, np.nan)[:, None]
    assert np.array_equal(run(times, x)[-1], [0.1] if counts else [np.nan], equal_nan=True)


def test_after_four_silent_weeks_nothing_is_usual() -> None:
    times = np.array([MONDAY, MONDAY + HOUR, MONDAY + WEEK, MONDAY + 4 * WEEK, MONDAY + 5 * WEEK, MONDAY + 9 * WEEK])
    x = np.array([[3.0], [np.nan], [np.nan], [np.nan], [np.nan], [4.0]])
    assert np.array_equal(run(times, x).ravel(), [np.nan, np.nan, 3, 3, np.nan, np.nan], equal_nan=True)


class Summer(Wall):
    """The clock is set forward by an hour after some weeks, and back after others."""

    def __init__(self, begin: int, end: int) -> None:
        self.begin, self.end = begin, end

    def wall(self, times: Floats) -> Floats:
        weeks = (times - MONDAY) / WEEK
        return times + HOUR * ((weeks >= self.begin) & (weeks < self.end))

    def workday(self, times: Floats) -> Bools:
        return np.ones(len(times), np.bool_)


def test_it_goes_by_the_clock_on_the_wall() -> None:
    """A pump that runs from 9 to 10 by the wall: in summer that is an hour earlier by the sun."""
    calendar = Summer(2, 4)
    times = MONDAY + np.arange(0.0, 6 * WEEK, 60.0)
    x = (calendar.wall(times) % DAY // HOUR == 9.0).astype(float)[:, None]
    now = run(times, x, calendar=calendar)
    learnt = times >= MONDAY + WEEK + 2 * HOUR
    moved = np.isin((times - MONDAY) // HOUR, [2 * 168, 4 * 168 - 1, 4 * 168])  # hours that the wall skips or repeats
    np.testing.assert_array_equal(now[learnt & ~moved], x[learnt & ~moved])


@pytest.mark.parametrize("calendar", [UTC, Summer(2, 4)])
def test_weeks_at_once_give_the_same_bits_as_a_quarter_of_an_hour_at_a_time(calendar: Calendar) -> None:
    times, x = months(60.0, 5.5)
    np.testing.assert_array_equal(run(times, x, 100_000, calendar), run(times, x, 15, calendar))


def test_an_hour_that_the_wall_skipped_has_no_mean_that_week() -> None:
    """Not that of four weeks before, in whose place it would have stood."""
    times, x = hourly(7, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert at(times, run(times, x), 6, 0.0) == 3.5
    assert at(times, run(times, x, calendar=Summer(5, 9)), 6, -1.0) == 3.0
