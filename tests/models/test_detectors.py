"""What every registered detector keeps: a detector gets these tests by existing."""

from importlib.metadata import entry_points

import numpy as np
import pytest

from models.detector import Bools, Detector, DetectorPlugin, Floats

PLUGINS: list[DetectorPlugin] = [entry.load() for entry in entry_points(group="gateway.detectors")]
POINTS = ("load", "heat", "level", "switch", "constant", "count")
D = 3

pytestmark = pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)


def make(plugin: DetectorPlugin, points: tuple[str, ...] = POINTS, devices: int = D) -> Detector:
    return plugin.make(plugin.settings.model_validate({"warm_up": "3h"}), points, devices)


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


def same_state(left: Detector, right: Detector) -> None:
    a, b = left.state(), right.state()
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def test_is_registered_once_with_usable_settings(plugin: DetectorPlugin) -> None:
    assert plugin.settings().model_dump() == plugin.settings.model_validate({}).model_dump()
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
    assert np.isnan(again[: round(2.5 * 60), 1]).all()


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
    assert scores[-60:, 0].min() > 0.95


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


def test_a_long_run_neither_drifts_nor_loses_itself(plugin: DetectorPlugin) -> None:
    data = rows(24 * 20, every_s=120.0)
    scores = run(make(plugin), data, cut=4096)
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
    assert scores[-1, 1] > 0.95
    for row in range(D):
        told = detector.explain(row)
        assert told.score == scores[-1, row]
        assert sum(channel.share for channel in told.channels) == pytest.approx(1.0)
    top = detector.explain(1)
    assert top.channels[0].point == "level"
    assert top.channels[0].value > top.channels[0].high > top.channels[0].expected > top.channels[0].low
    assert times[-20] <= top.since <= times[-1]
