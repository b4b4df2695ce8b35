"""What will be: against the twin, at any cut of the rows; drifts are found, noise and daily swings are not."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.vocabulary import Floats
from rules.windows.trend import Trend
from tests.rules import twin

HOUR, DAY = 3600.0, 86400.0
MONDAY = 1_704_067_200.0
TWO_WEEKS = 14 * DAY

steps = st.sampled_from([60.0, 60.0, 120.0, 300.0, 7.0, 1800.0])
readings = st.sampled_from([0.0, 1.0, 2.5, -3.0, 80.0, math.nan])


def run(times: Floats, x: Floats, limit: float, length_s: float, size: int = 4096) -> Floats:
    window = Trend(x.shape[1], limit, length_s)
    with np.errstate(all="ignore"):
        return np.concatenate([window.feed(times[i : i + size], x[i : i + size]) for i in range(0, len(times), size)])


@st.composite
def series(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Two devices: a climb with some noise, and anything."""
    gaps = draw(st.lists(steps, min_size=1, max_size=90))
    times = draw(st.sampled_from([0.0, 17.0, MONDAY])) + np.cumsum(gaps)
    noise = draw(st.lists(st.floats(-0.5, 0.5), min_size=len(gaps), max_size=len(gaps)))
    wild = draw(st.lists(readings, min_size=len(gaps), max_size=len(gaps)))
    climb = 0.002 * draw(st.sampled_from([-1.0, 1.0])) * (times - times[0]) + np.array(noise)
    return times, np.stack([climb, np.array(wild)], axis=1)


@settings(max_examples=60, deadline=None)
@given(series(), st.sampled_from([20.0, -20.0, 1.0]), st.sampled_from([HOUR, 1.5 * HOUR]))
def test_it_is_what_the_twin_finds(rows: tuple[Floats, Floats], limit: float, length_s: float) -> None:
    times, x = rows
    got = run(times, x, limit, length_s)
    for device in range(2):
        past = [(t, None if math.isnan(v) else v) for t, v in zip(times.tolist(), x[:, device].tolist(), strict=True)]
        expected = [twin.eta(past[: i + 1], limit, length_s) for i in range(len(past))]
        np.testing.assert_allclose(got[:, device], [math.nan if v is None else v for v in expected], rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(series(), st.sampled_from([1, 7, 64]))
def test_cutting_into_blocks_changes_not_one_bit(rows: tuple[Floats, Floats], size: int) -> None:
    np.testing.assert_array_equal(run(*rows, 20.0, HOUR, size), run(*rows, 20.0, HOUR, 1024))


def test_rows_by_the_minute_and_by_the_second_say_the_same_at_whole_minutes() -> None:
    fine = MONDAY + np.arange(0.0, 3 * HOUR, 5.0)
    x = (0.001 * (fine - MONDAY) + np.sin(fine))[:, None]
    minutes = fine % 60.0 == 0.0
    np.testing.assert_array_equal(run(fine, x, 30.0, HOUR)[minutes], run(fine[minutes], x[minutes], 30.0, HOUR))


def weeks(devices: int, days: float = 14.5, seed: int = 0) -> tuple[Floats, Floats]:
    """Times and white noise at ten minutes."""
    times = MONDAY + np.arange(0.0, days * DAY, 600.0)
    return times, np.random.default_rng(seed).normal(0.0, 1.0, (len(times), devices))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_clean_ramp_is_told_to_the_minute(sign: float) -> None:
    times, _ = weeks(1)
    ramp = sign * (40.0 + 0.5 * (times - MONDAY) / DAY)[:, None]
    told = run(times, ramp, sign * 60.0, TWO_WEEKS)[:, 0]
    truth = MONDAY + 40.0 * DAY - times
    known = ~np.isnan(told)
    assert known[times - MONDAY > 0.6 * TWO_WEEKS].all()
    np.testing.assert_allclose(told[known], truth[known], rtol=0.01)


def test_noise_without_a_trend_is_unknown_as_often_as_promised() -> None:
    times, noise = weeks(2000)
    told = run(times, noise, 50.0, TWO_WEEKS)[-1]
    assert (~np.isnan(told)).sum() <= 2000 * 0.001 * 3


def test_a_daily_swing_is_no_trend_and_hides_none() -> None:
    times, noise = weeks(50, seed=1)
    swing = 6.0 * np.sin((times - MONDAY) / DAY * 2 * np.pi)[:, None]
    assert np.isnan(run(times, 50.0 + swing + 0.3 * noise, 80.0, TWO_WEEKS)[-1]).all()
    drift = 1.0 * (times - MONDAY)[:, None] / DAY
    told = run(times, 50.0 + drift + swing + 0.3 * noise, 80.0, TWO_WEEKS)[-1] / DAY
    assert ((told > 12.0) & (told < 19.0)).all(), "15.5 days are left"


def test_a_wild_day_and_a_missing_one_decide_nothing() -> None:
    times, noise = weeks(20, seed=2)
    x = 50.0 + 1.0 * (times - MONDAY)[:, None] / DAY + 0.3 * noise
    before = run(times, x, 80.0, TWO_WEEKS)[-1]
    day = (times - MONDAY) // DAY
    x[day == 4] += 40.0
    x[day == 9] = np.nan
    np.testing.assert_allclose(run(times, x, 80.0, TWO_WEEKS)[-1], before, rtol=0.1)


def test_what_is_beyond_the_limit_or_moves_away_is_not_on_its_way() -> None:
    times, _ = weeks(1)
    ramp = (50.0 + 1.0 * (times - MONDAY) / DAY)[:, None]
    assert np.isnan(run(times, ramp, 55.0, TWO_WEEKS)[-1]).all()
    assert np.isnan(run(times, ramp, 20.0, TWO_WEEKS)[-1]).all()
    assert np.isnan(run(times, np.full_like(ramp, 50.0), 55.0, TWO_WEEKS)[-1]).all()


def test_less_than_half_a_window_says_nothing() -> None:
    times, _ = weeks(1)
    told = run(times, (times - MONDAY)[:, None] / DAY, 30.0, TWO_WEEKS)[:, 0]
    first = times[int(np.argmax(~np.isnan(told)))] - MONDAY
    assert 0.45 * TWO_WEEKS < first < 0.55 * TWO_WEEKS
