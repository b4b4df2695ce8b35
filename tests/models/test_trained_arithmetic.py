"""The arithmetic of trained models beside scikit-learn and plain Python, and a calibration that keeps its word."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from models.trained.calibration import Tails, peaks, tail
from models.trained.fitting import ROWS_A_TREE, SEED, TREES, fit
from models.trained.levels import SMOOTH_S, Levels
from models.trained.scorer import Scorer
from models.trained.sifting import sift
from models.trained.training import stride


@pytest.mark.parametrize("count", [3000, 7])
def test_the_forest_scores_as_scikit_learn_does(count: int) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 1, (count, 5)) @ rng.normal(0, 1, (5, 5)) * 7 + 50
    forest = Scorer.of(fit(rows)).forest
    z = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    theirs = IsolationForest(n_estimators=TREES, max_samples=min(ROWS_A_TREE, count), random_state=SEED).fit(z)
    asked = np.concatenate([z[:200], 4 * z[-200:]])
    np.testing.assert_allclose(forest.score(asked), -theirs.score_samples(asked), rtol=0, atol=1e-9)


def test_levels_are_those_of_the_plain_twin() -> None:
    """Readings of one point at odd moments: means of minutes, then a moving average weighted by the time between."""
    rng = np.random.default_rng(3)
    times = 60_000.0 + np.cumsum(rng.choice([1.0, 7.0, 45.0, 130.0], 400))
    values = rng.normal(5, 2, (400, 1, 1))
    values[rng.random(400) < 0.1] = np.nan
    steps = Levels.cold(1, 1).take(times, values, np.zeros_like(values))
    minutes: dict[int, list[float]] = {}
    for time, value in zip(times.tolist(), values[:, 0, 0].tolist(), strict=True):
        minutes.setdefault(int(time // 60), [])
        if not np.isnan(value):
            minutes[int(time // 60)].append(value)
    level, seen, expected = np.nan, 0.0, []
    for minute, readings in list(minutes.items())[:-1]:
        middle = (minute + 0.5) * 60.0
        if readings:
            mean = sum(readings) / len(readings)
            share = 1.0 - np.exp(-(middle - seen) / SMOOTH_S)
            level = mean if np.isnan(level) else level + share * (mean - level)
            seen = middle
        expected.append(level)
    assert steps.levels[:, 0, 0].tolist() == pytest.approx(expected)


def test_peaks_an_hour_apart_are_two_alarms() -> None:
    series = np.zeros((400, 2))
    series[[10, 15, 69, 131], 0] = 5.0, 7.0, 6.0, 8.0
    series[399, 0] = series[0, 1] = 3.0
    assert peaks(series, 1.0, 60.0).tolist() == [7.0, 8.0, 3.0, 3.0]
    assert peaks(series, 9.0, 60.0).size == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_tail_keeps_its_promise_on_what_it_has_not_seen(seed: int) -> None:
    """Twenty device-weeks calibrate; forty others get beyond once a week and once in 19 weeks as often as is said."""
    rng = np.random.default_rng(seed)
    series = rng.standard_normal((10080, 60))
    for before, now in pairwise(series):
        now[:] = 0.9 * before + 0.44 * now  # as slow as levels are
    series **= 2  # as a T² of two points has it
    found = tail(series[:, :20], 60.0)
    tails = Tails(*(np.array([value]) for value in (found.threshold, found.excess, found.per_week)))
    once_a_week, once_in_19 = (float(tails.reached(weeks)[0]) for weeks in (0.0, np.log(19.0)))
    assert 0.3 < len(peaks(series[:, 20:], once_a_week, 60.0)) / 40 <= 1.3
    assert len(peaks(series[:, 20:], once_in_19, 60.0)) <= 6
    assert float(tails.log_weeks(np.array([once_in_19]))[0]) == pytest.approx(np.log(19.0))
    with pytest.raises(ValueError, match="nothing known"):
        tail(np.full((5, 1), np.nan), 60.0)


def test_what_a_model_looks_at() -> None:
    times = np.arange(600.0)[:, None] + np.zeros((1, 2))
    noise = np.random.default_rng(0).normal(0, 1, times.shape)
    columns = {
        "level": noise,
        "constant": np.where(times >= 0, [7.0, 8.0], 0.0),
        "switch": np.sign(noise),
        "counter": np.floor(times / 2),
        "unknown": np.where(times < 400, np.nan, noise),
    }
    readings = np.stack(list(columns.values()), axis=2)
    chosen, left_out = sift(list(columns), readings, readings)
    assert chosen.tolist() == [0]
    assert left_out == {name: name for name in columns if name != "level"}


@pytest.mark.parametrize("rows", [1.0, 80_000.0, 2_016_000.0, 50_000_000.0])
def test_kept_minutes_are_of_all_times_of_day(rows: float) -> None:
    every = stride(rows)
    assert rows / every <= 40_000 + 1
    assert len({minute * every % 1440 for minute in range(1440)}) >= 144
