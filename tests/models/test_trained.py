"""Trained models: the arithmetic is scikit-learn's, the calibration keeps its word, nothing depends on the machine."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.detector import Detector, Floats
from models.trained.blame import blamed
from models.trained.bundle import Bundle, read_bundle
from models.trained.detector import PLUGIN, Trained, TrainedSettings
from models.trained.fitting import fit
from models.trained.scorer import STATISTICS
from models.trained.training import LEAST_ROWS, TooLittle, Training
from models.trained.trial import Report, together
from tests.models.made import POINTS, Data, plant, train

DAY = 86400.0


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    file = tmp_path_factory.mktemp("trained") / "thing.json"
    return file, train(file, POINTS, plant(14.0))


@pytest.fixture(scope="module")
def bundle(trained: tuple[Path, Report]) -> Bundle:
    return read_bundle(trained[0], POINTS)


def made(trained: tuple[Path, Report], devices: int = 3) -> Trained:
    return Trained(TrainedSettings(bundle=trained[0]), POINTS, devices)


def run(detector: Detector, data: Data, cut: int = 4096) -> Floats:
    times, values, age = data
    free = np.zeros(values.shape[1], dtype=np.bool_)
    parts = [(times[i : i + cut], values[i : i + cut], age[i : i + cut]) for i in range(0, len(times), cut)]
    return np.concatenate([detector.update(*part, free) for part in parts])


def live(hours: float, seed: int = 5) -> Data:
    return plant(hours / 24.0, seed=seed)


def test_distances_are_those_of_the_plain_twin(bundle: Bundle) -> None:
    """T² and Q written out, one row and one axis after the other."""
    arrays, subspace = bundle.arrays, bundle.scorer.subspace
    levels = plant(0.01, seed=9)[1][:, 0, :4]
    z = subspace.standard(levels)
    t2, q = subspace.distances(z)
    for row, level in enumerate(levels.tolist()):
        standard = [(x - m) / s for x, m, s in zip(level, arrays["mean"], arrays["scale"], strict=True)]
        along = [sum(x * axis[p] for p, x in enumerate(standard)) for axis in arrays["loadings"].T]
        near = [sum(a * axis[p] for a, axis in zip(along, arrays["loadings"].T, strict=True)) for p in range(4)]
        plain_t2 = sum(a * a / v for a, v in zip(along, arrays["variances"], strict=True))
        plain_q = sum((x - n) ** 2 for x, n in zip(standard, near, strict=True))
        assert (t2[row] ** 2, q[row] ** 2) == pytest.approx((plain_t2, plain_q))


def test_an_unknown_value_is_taken_from_the_others(bundle: Bundle) -> None:
    subspace = bundle.scorer.subspace
    whole = plant(0.02, seed=9)[1][:, 0, :4]
    holes = whole.copy()
    holes[:, 1] = np.nan  # heat is twice the load
    assert np.abs(subspace.standard(holes) - subspace.standard(whole))[:, 1].mean() < 0.2
    statistics = bundle.scorer.statistics(holes[:, None], np.ones((len(holes), 1), dtype=np.bool_))
    assert np.isfinite(statistics).all()
    holes[:, :3] = np.nan
    assert np.isnan(bundle.scorer.statistics(holes[:, None], np.ones((len(holes), 1), dtype=np.bool_))).all()


def test_false_alarms_on_days_held_back_are_those_promised(trained: tuple[Path, Report]) -> None:
    report = trained[1]
    assert report.features == ("load", "heat", "flow", "level")
    assert report.left_out == {"switch": "switch"}
    assert report.held_back_weeks == pytest.approx(3 * 3.5 / 7.0, rel=0.01)
    assert {rate.model for rate in report.rates} == {*STATISTICS, "together"}
    together = {rate.score: rate for rate in report.rates if rate.model == "together"}
    assert together[0.5].promised == 1.0
    assert together[0.95].promised == pytest.approx(1 / 19)
    assert together[0.5].per_device_week <= 2.0
    assert together[0.95].alarms == 0


def test_a_broken_relation_within_the_usual_range(trained: tuple[Path, Report]) -> None:
    """Flow falls while load and heat stay; each alone is nothing new."""
    times, values, age = live(6.0)
    values[-60:, 1, 2] -= 6.0
    detector = made(trained)
    scores = run(detector, (times, values, age))
    assert np.nanmax(scores[:-60]) < 0.95
    assert np.nanmax(scores[:, [0, 2]]) < 0.95
    assert (scores[-45:, 1] > 0.95).all()
    told = detector.explain(1)
    assert (told.channels[0].point, told.channels[0].share > 0.9) == ("flow", True)
    assert told.channels[0].value < told.channels[0].low < told.channels[0].expected < told.channels[0].high
    assert times[-60] <= told.since <= times[-45]
    assert sum(channel.share for channel in told.channels) == pytest.approx(1.0)


@pytest.mark.parametrize("which", [1, 2])
def test_the_foremost_point_is_the_one_whose_change_would_help_most(bundle: Bundle, which: int) -> None:
    """Found by trying: every point at every value, the others as they are. At the edge of its band it is a ticket."""
    subspace, tails = bundle.scorer.subspace, bundle.tails

    def distance(levels: Floats) -> Floats:
        return subspace.distances(subspace.standard(levels))[which - 1]

    mean, scale = subspace.mean, subspace.scale
    levels = mean + scale * np.array([3.0, -2.0, 1.0, 5.0])
    statistics = tails.threshold * np.where(np.arange(3) == which, 9.0, 0.1)
    told = blamed(bundle, levels, statistics, np.ones(3))[0]
    tried = np.tile(levels, (4, 4001, 1))
    for point in range(4):
        tried[point, :, point] = mean[point] + scale[point] * np.linspace(-8.0, 8.0, 4001)
    found = np.stack([distance(each) for each in tried])
    foremost, best = map(int, np.unravel_index(found.argmin(), found.shape))
    assert told.point == bundle.manifest.features[foremost]
    assert told.expected == pytest.approx(tried[foremost, best, foremost], abs=0.004 * scale[foremost])
    edge = mean.copy()
    edge[foremost] += told.high - told.expected
    weeks = tails.log_weeks(np.where(np.arange(3) == which, distance(edge[None])[0], 0.0))
    assert together(weeks[None])[0] == pytest.approx(np.log(19.0))


def test_what_the_forest_alone_sees_is_explained_by_the_point_farthest_out(bundle: Bundle) -> None:
    levels = bundle.arrays["mean"] + bundle.arrays["scale"] * np.array([0.1, 0.1, 0.1, -6.0])
    statistics = np.array([0.99, *bundle.tails.threshold[1:]])
    (told,) = blamed(bundle, levels, statistics, np.ones(3))
    assert (told.point, told.share) == ("level", 1.0)
    assert told.value < told.low < told.expected < told.high


def test_a_minute_is_in_the_score_at_the_end_of_the_next(trained: tuple[Path, Report]) -> None:
    times, values, age = live(2.0)
    detector, twin = made(trained), made(trained)
    seen = run(detector, (times, values, age), cut=1)
    values[-1] += 40.0  # belongs to the minute that the last row opens
    values[-2, 1] += 40.0  # to the minute that it ends
    np.testing.assert_array_equal(run(twin, (times, values, age)), seen)


def test_rows_are_scored_alike_alone_and_together(bundle: Bundle) -> None:
    levels = plant(0.5, seed=2)[1][:, :, :4]
    settled = np.ones(levels.shape[:2], dtype=np.bool_)
    together = bundle.scorer.statistics(levels, settled)
    for k in range(0, len(levels), 50):
        for d in range(3):
            alone = bundle.scorer.statistics(levels[k : k + 1, d : d + 1], settled[:1, :1])
            np.testing.assert_array_equal(alone[0, 0], together[k, d])


def test_accepting_makes_the_present_usual_and_no_more(trained: tuple[Path, Report]) -> None:
    times, values, age = live(12.0)
    values[120:, :2, 3] += 3.0
    values[-60:, 0, 3] += 6.0
    detector = made(trained)
    before = run(detector, (times[:240], values[:240], age[:240]))
    assert (before[-1, :2] > 0.95).all()
    detector.accept(np.array([True, False, True]))
    again = made(trained)
    again.restore(detector.state(), np.arange(3))
    for each in (detector, again):
        after = run(each, (times[240:], values[240:], age[240:]))
        assert after[1:-60, 0].max() < 0.95  # the very next minute
        assert after[1:, 1].min() > 0.95
        assert after[:, 2].max() < 0.95
        assert after[-1, 0] > 0.95  # as far again
    fresh = made(trained)
    fresh.accept(np.ones(3, dtype=np.bool_))
    assert (fresh.state()["standing.allowance"] == 1.0).all()


def test_a_pause_makes_a_device_settle_anew(trained: tuple[Path, Report]) -> None:
    times, values, age = live(4.0)
    values[100:140, 1], age[100:140, 1] = np.nan, np.inf
    scores = run(made(trained), (times, values, age))
    assert np.isfinite(scores[99, 1])
    assert np.isnan(scores[110:170, 1]).all()
    assert np.isfinite(scores[175:, 1]).all()
    assert np.isfinite(scores[32:, [0, 2]]).all()


def test_another_bundle_of_the_same_points_starts_anew(trained: tuple[Path, Report], tmp_path: Path) -> None:
    old = made(trained)
    run(old, live(2.0))
    train(tmp_path / "new.json", POINTS, plant(7.0, seed=3))
    new = Trained(TrainedSettings(bundle=tmp_path / "new.json"), POINTS, 3)
    new.restore(old.state(), np.arange(3))
    assert np.isnan(new.state()["standing.score"]).all()


def test_training_is_the_same_every_time_and_however_blocks_are_cut(tmp_path: Path) -> None:
    data = plant(7.0, devices=2)
    for name, cut in (("one", 4096), ("two", 777)):
        train(tmp_path / f"{name}.json", POINTS, data, cut=cut)
    one, two = (read_bundle(tmp_path / f"{name}.json", POINTS) for name in ("one", "two"))
    assert one.manifest.tails == two.manifest.tails
    for name, array in one.arrays.items():
        np.testing.assert_array_equal(array, two.arrays[name])


def all_of_it(points: tuple[str, ...], data: Data) -> None:
    times, values, age = data
    training = Training(points, values.shape[1], float(times[0]), float(times[-1]) + 60.0, fit)
    training.see(times, values, age)
    training.finish("thing", {}, {})


def test_too_little_is_said_in_one_sentence() -> None:
    with pytest.raises(TooLittle, match=r"6\.0 days of history are too short to train on: at least 7"):
        Training(POINTS, 1, 0.0, 6 * DAY, fit)
    for gone, part in ((0.0, "first half"), (0.49, "third quarter"), (0.74, "last quarter")):
        times, values, age = plant(7.0, devices=1)
        values[int(gone * len(times)) :] = np.nan
        with pytest.raises(TooLittle, match=f"of the {part} of this time are known; at least {LEAST_ROWS}"):
            all_of_it(POINTS, (times, values, age))
    times, values, age = plant(7.0, devices=1)
    with pytest.raises(TooLittle, match="only 1 points"):
        all_of_it(POINTS[3:], (times, values[:, :, 3:], age[:, :, 3:]))


def test_the_daemon_scores_without_scikit_learn_and_the_thread_ends_with_the_process(
    trained: tuple[Path, Report],
) -> None:
    program = f"""
import sys, threading
from pathlib import Path
import numpy as np
import gateway.app.daemon
from gateway.cli.reference.commands import commands
from gateway.core.plugins import discover
list(commands())  # imports them all
plugin = discover().detectors["trained"]
detector = plugin.make(plugin.settings(bundle=Path({str(trained[0])!r})), {POINTS!r}, 1)
values = np.ones((4000, 1, 5))
for part in np.split(np.arange(4000), 40):
    detector.update(60.0 * part, values[part], 0.0 * values[part], np.zeros(1, np.bool_))
print([thread.name for thread in threading.enumerate()])
print([name for name in ("sklearn", "scipy", "joblib", "pandas") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.splitlines() == ["['MainThread', 'trained_0']", "[]"]


def test_the_plugin_checks_the_profile(trained: tuple[Path, Report]) -> None:
    settings = TrainedSettings(bundle=trained[0])
    PLUGIN.check(settings, "thing", POINTS)
    with pytest.raises(ValueError, match="was trained for the profile thing, not for another"):
        PLUGIN.check(settings, "another", POINTS)
