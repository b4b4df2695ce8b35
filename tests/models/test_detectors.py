"""What every registered detector keeps: a detector gets these tests by existing, and an entry in EXAMPLES."""

import os
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points

import numpy as np
import pytest

from models.detector import Bools, Detector, DetectorPlugin, Floats
from tests.models.made import train

PLUGINS: list[DetectorPlugin] = [entry.load() for entry in entry_points(group="gateway.detectors")]
POINTS = ("load", "heat", "level", "switch", "constant", "count")
D = 3

pytestmark = pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)


EXAMPLES: dict[str, Callable[[tuple[str, ...]], Mapping[str, object]]] = {"usual": lambda _: {"warm_up": "3h"}}
"""Settings that each detector can work with on rows like those below, for these points."""


@pytest.fixture(scope="module", autouse=True)
def trained_examples(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A trained detector needs a bundle: of the same plant, read at the slowest pace below, for each set of points."""
    folder = tmp_path_factory.mktemp("bundles")

    @cache
    def example(points: tuple[str, ...]) -> Mapping[str, object]:
        times, values, age = rows(24 * 8, every_s=120.0, seed=1)
        columns = [POINTS.index(point) for point in points]
        file = folder / f"{'-'.join(points)}.json"
        train(file, points, (times, values[:, :, columns], age[:, :, columns]))
        return {"bundle": file}

    EXAMPLES["trained"] = example


def make(plugin: DetectorPlugin, points: tuple[str, ...] = POINTS, devices: int = D) -> Detector:
    return plugin.make(plugin.settings.model_validate(EXAMPLES[plugin.name](points)), points, devices)


def rows(hours: float, every_s: float = 60.0, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Times, values and ages; some values are held, some unknown."""
    rng = np.random.default_rng(seed)
    times = 1_772_409_600.0 + every_s * np.arange(round(hours * 3600 / every_s), dtype=np.float64)
    load = 10 + 3 * np.sin(times / 86400 * 2 * np.pi)[:, None] + rng.normal(0, 0.5, (len(times), D))
    columns = (
        load,
        2 * load + rng.normal(0, 0.2, load.shape),
        rng.normal(5, 1, load.shape),
        (rng.random(load.shape) < 0.3).astype(float),
        np.full_like(load, 7.0),
        np.cumsum(rng.random(load.shape) < 0.5, axis=0).astype(float),
    )
    values = np.stack(columns, axis=2)
    age = np.where(rng.random(values.shape) < 0.1, every_s, 0.0)
    values[rng.random(values.shape) < 0.05] = np.nan
    return times, values, age


def run(
    detector: Detector, data: tuple[Floats, Floats, Floats], cut: int = 10**9, frozen: Bools | None = None
) -> Floats:
    times, values, age = data
    still = np.zeros(values.shape[1], dtype=np.bool_) if frozen is None else frozen
    parts = [
        detector.update(times[i : i + cut], values[i : i + cut], age[i : i + cut], still)
        for i in range(0, len(times), cut)
    ]
    return np.concatenate(parts)


def test_health_goes_with_the_scores_of_the_last_update(plugin: DetectorPlugin) -> None:
    """It lies between 0 and 100, and is unknown where the score is."""
    detector, (times, values, age) = make(plugin), rows(48)
    values[-900:, 0, 2] += 50.0
    scores = run(detector, (times, values, age))
    health = detector.health()
    assert health.shape == scores.shape
    np.testing.assert_array_equal(np.isnan(health), np.isnan(scores))
    known = health[~np.isnan(health)]
    assert known.size
    assert known.min() >= 0.0
    assert known.max() <= 100.0
    assert np.nanmean(health[-50:, 0]) < np.nanmean(health[:-900, 0]) - 10.0


def test_others_go_with_the_scores_of_the_last_update(plugin: DetectorPlugin) -> None:
    """At most the score; unknown where that is, or always."""
    detector, data = make(plugin), rows(48)
    scores = run(detector, data)
    others = detector.others()
    assert others.shape == scores.shape
    known = ~np.isnan(others)
    assert (others[known] >= 0.0).all()
    assert (others[known] <= scores[known]).all()
    assert not (known & np.isnan(scores)).any()


def same_state(left: Detector, right: Detector) -> None:
    a, b = left.state(), right.state()
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def test_is_registered_once_with_usable_settings(plugin: DetectorPlugin) -> None:
    settings = plugin.settings.model_validate(EXAMPLES[plugin.name](POINTS))
    plugin.check(settings, "thing", POINTS)
    with pytest.raises(ValueError, match="no_such_setting"):
        plugin.settings.model_validate({"no_such_setting": 1})
    assert make(plugin).warm_up_s > 0


@pytest.mark.parametrize("cut", [1, 7, 64, 1024])
@pytest.mark.parametrize("every_s", [60.0, 7.0])
def test_block_cuts_change_nothing(plugin: DetectorPlugin, cut: int, every_s: float) -> None:
    data = rows(10 * every_s / 60 + 2, every_s)
    whole, parts = make(plugin), make(plugin)
    np.testing.assert_array_equal(run(whole, data), run(parts, data, cut))
    same_state(whole, parts)


def test_scores_are_in_range_and_unknown_until_warm(plugin: DetectorPlugin) -> None:
    times, values, _ = data = rows(12)
    detector = make(plugin)
    scores = run(detector, data)
    known = ~np.isnan(scores)
    assert scores.shape == values.shape[:2]
    assert not known[times < times[0] + detector.warm_up_s].any()
    assert known[-1].all()
    assert ((scores[known] >= 0) & (scores[known] <= 1)).all()


def test_state_goes_round_with_rows_moved_and_a_new_device_cold(plugin: DetectorPlugin) -> None:
    times, values, age = rows(14)
    half = len(times) // 2
    old = make(plugin)
    run(old, (times[:half], values[:half], age[:half]))
    rows_then = np.array([2, -1, 0])
    new = make(plugin)
    new.restore(old.state(), rows_then)
    later = run(old, (times[half:], values[half:], age[half:]))
    moved = (times[half:], values[half:][:, [2, 1, 0]], age[half:][:, [2, 1, 0]])
    again = run(new, moved)
    np.testing.assert_array_equal(again[:, [0, 2]], later[:, [2, 0]])
    assert np.isnan(again[: round(0.8 * new.warm_up_s / 60), 1]).all()


def test_an_untouched_copy_of_the_state(plugin: DetectorPlugin) -> None:
    detector = make(plugin)
    data = rows(5)
    run(detector, data)
    before = detector.state()
    copy = {name: array.copy() for name, array in before.items()}
    run(detector, rows(6))
    for name, array in before.items():
        assert array.ndim == 0 or len(array) == D
        np.testing.assert_array_equal(array, copy[name])


def test_foreign_states_are_refused(plugin: DetectorPlugin) -> None:
    state = make(plugin).state()
    everyone = np.arange(D)
    with pytest.raises(ValueError, match="another"):
        make(plugin, points=tuple(reversed(POINTS))).restore(state, everyone)
    with pytest.raises(ValueError):
        make(plugin).restore({}, everyone)
    for name in state:
        with pytest.raises(ValueError):
            make(plugin).restore({key: array for key, array in state.items() if key != name}, everyone)


def test_frozen_devices_are_scored_but_not_learnt_from(plugin: DetectorPlugin) -> None:
    """What was learnt of a frozen device judges later rows as if the rows in between had been the usual ones."""
    times, values, age = rows(12)
    half = len(times) // 2
    values[half:, 0, 2] += 4.0
    first, second = (times[:half], values[:half], age[:half]), (times[half:], values[half:], age[half:])
    free, frozen = make(plugin), make(plugin)
    run(free, first)
    run(frozen, first)
    scores = run(frozen, second, frozen=np.array([True, False, False]))
    others = run(free, second)
    np.testing.assert_array_equal(scores[:, 1:], others[:, 1:])
    assert np.isfinite(scores[-1]).all()
    assert scores[-1, 0] >= others[-1, 0]
    assert np.median(scores[-60:, 0]) > 0.5


def test_a_silent_device_is_unknown(plugin: DetectorPlugin) -> None:
    times, values, age = rows(12)
    values[-30:, 1], age[-30:, 1] = np.nan, np.inf
    scores = run(make(plugin), (times, values, age))
    assert np.isnan(scores[-1, 1])
    assert np.isfinite(scores[-1, [0, 2]]).all()


@pytest.mark.parametrize("gone", range(len(POINTS)))
def test_missing_columns_harm_no_others(plugin: DetectorPlugin, gone: int) -> None:
    times, values, age = rows(8)
    values[:, :, gone] = np.nan
    scores = run(make(plugin), (times, values, age))
    assert np.isfinite(scores[-1]).all()


def test_nothing_known_scores_nothing(plugin: DetectorPlugin) -> None:
    times, values, age = rows(8)
    scores = run(make(plugin), (times, np.full_like(values, np.nan), np.full_like(age, np.inf)))
    assert np.isnan(scores).all()


def test_switches_constants_and_counters_are_no_anomalies(plugin: DetectorPlugin) -> None:
    times, values, age = rows(30)
    values[-200:, :, 3] = 1.0
    values[-100:, :, 4] = 8.0
    values[-100:, :, 5] += 1000.0
    scores = run(make(plugin), (times, values, age))
    assert np.nanmax(scores[-200:]) < 0.95


@pytest.mark.parametrize("poison", [np.inf, -np.inf, 1e300])
def test_absurd_values_are_unknown_values(plugin: DetectorPlugin, poison: float) -> None:
    times, values, age = rows(10)
    values[::17, :, 2] = poison
    detector = make(plugin)
    scores = run(detector, (times, values, age))
    assert np.isfinite(scores[-1]).all()
    assert not any(np.isinf(a).any() for a in detector.state().values() if a.ndim and a.dtype.kind == "f")


@pytest.mark.timeout(3600)
def test_a_long_run_neither_drifts_nor_loses_itself(plugin: DetectorPlugin) -> None:
    """Twenty days; `scripts/soak` asks for a million steps."""
    data = rows(float(os.environ.get("SOAK_STEPS", "14400")) / 30.0, every_s=120.0)
    detector = make(plugin)
    size = sum(array.nbytes for array in detector.state().values())
    scores = run(detector, data, cut=4096)
    assert sum(array.nbytes for array in detector.state().values()) == size
    third = len(scores) // 3
    # All three measurements are unknown at once in about one row of eight thousand.
    assert np.isfinite(scores[third:]).mean() > 0.999
    assert (scores[third:] > 0.95).mean() < 0.002
    assert abs(np.nanmedian(scores[third : 2 * third]) - np.nanmedian(scores[2 * third :])) < 0.1


def test_explains_every_row_at_any_time(plugin: DetectorPlugin) -> None:
    detector = make(plugin)
    assert detector.explain(0).channels == ()
    times, values, _ = data = rows(12)
    values[-20:, 1, 2] += 12.0
    scores = run(detector, data)
    assert scores[-1, 1] > 0.5
    for row in range(D):
        told = detector.explain(row)
        assert told.score == scores[-1, row]
        assert sum(channel.share for channel in told.channels) == pytest.approx(1.0)
    top = detector.explain(1)
    assert top.channels[0].point == "level"
    assert top.channels[0].value > top.channels[0].high > top.channels[0].expected > top.channels[0].low
    assert times[-20] <= top.since <= times[-1]


def test_what_a_person_accepts_changes_no_other_device_and_survives_a_restart(plugin: DetectorPlugin) -> None:
    times, values, age = rows(14)
    half = len(times) // 2
    values[half - 60 :, 0, 2] += 4.0
    first, second = (times[:half], values[:half], age[:half]), (times[half:], values[half:], age[half:])
    told, untold = make(plugin), make(plugin)
    run(told, first)
    run(untold, first)
    told.accept(np.array([True, False, False]))
    restarted = make(plugin)
    restarted.restore(told.state(), np.arange(D))
    scores, others = run(told, second), run(untold, second)
    np.testing.assert_array_equal(scores[:, 1:], others[:, 1:])
    np.testing.assert_array_equal(run(restarted, second), scores)
    assert np.nanmedian(scores[:60, 0]) < np.nanmedian(others[:60, 0])


def test_health_is_told_for_each_row_and_device(plugin: DetectorPlugin) -> None:
    times, values, age = rows(12)
    whole, parts = make(plugin), make(plugin)
    run(whole, (times, values, age))
    told = []
    for i in range(0, len(times), 7):
        run(parts, (times[i : i + 7], values[i : i + 7], age[i : i + 7]))
        told.append(parts.health())
    health = whole.health()
    assert health.shape == values.shape[:2]
    np.testing.assert_array_equal(np.concatenate(told), health)
    known = ~np.isnan(health)
    assert known[-1].all()
    assert ((health[known] >= 0.0) & (health[known] <= 100.0)).all()
