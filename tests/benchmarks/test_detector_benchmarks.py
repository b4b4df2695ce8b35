"""The benchmarks of the detector measure what they say; figures are asserted only where they are no matter of speed."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.detector_rate import DetectorLoad, Gaussian, detector_rate
from benchmarks.programs import NotMeasured
from benchmarks.scoreboards import ScoreboardLoad, halves, scoreboards
from benchmarks.warning import House, WarningLoad, warning
from gateway.core.config import load
from gateway.core.plugins import discover
from models.bench import make
from models.detector import Floats

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "benchmarks"


def silent(_: str) -> None:
    return


def test_the_cost_of_the_detector_stands_beside_a_reference() -> None:
    result = detector_rate(DetectorLoad(devices=4, points=3, rounds=2, rows=3), silent)
    figures = {figure.name: figure for figure in result.figures}
    assert all(len(figures[name].rounds) == 2 for name in ("every row a step", "12 rows a step", "60 rows a step"))
    assert figures["state of a device and point"].low > 500.0
    assert len(result.goals) == 3


def test_the_plain_gaussian_says_how_far_out_a_value_lies() -> None:
    scorer = Gaussian()
    for value in np.random.default_rng(0).normal(5.0, 2.0, 4000).tolist():
        scorer.learn_one(None, value)
    assert scorer.score_one(None, 5.0) == pytest.approx(0.0, abs=0.05)
    assert scorer.score_one(None, 7.0) == pytest.approx(0.683, abs=0.03)
    assert scorer.score_one(None, 11.0) > 0.99


def test_warnings_and_false_tickets_come_from_the_gateways_own_rules() -> None:
    small = WarningLoad(devices=1, days=1, learnt_days=1, profiles=("power-meter",), faults=())
    result = warning(small, silent)
    assert [figure.middle for figure in result.figures] == [0.0, 0.0]
    config = load(ROOT / "config.yaml", plugins=discover(), need_secrets=False).config
    assert config is not None
    house = House(config, discover(), "pump-set", WarningLoad(devices=2, learnt_days=1))
    house.learn()
    seen = house.live(1, "pipe-burst", 0.8)
    assert seen.by_limit.keys() == {0, 1}
    assert seen.by_score == {}


def told(values: Floats) -> Floats:
    detector = make()
    return np.array([detector.score_one(1.7e9 + 300.0 * row, value) for row, value in enumerate(values[:, None])])


def test_a_spike_and_a_shift_of_a_series_are_found_and_a_quiet_one_is_quiet() -> None:
    rng = np.random.default_rng(5)
    quiet = 20.0 + np.sin(np.arange(2000) / 288.0 * 2 * np.pi) + rng.normal(0.0, 0.2, 2000)
    eventful = quiet.copy()
    eventful[1200] += 8.0
    eventful[1600:] += 4.0
    calm, found = told(quiet), told(eventful)
    assert (calm[600:] > 0.9).sum() == 0
    assert found[1200] > 0.95
    assert found[1600:1620].max() > 0.75  # more than lasting change can be: news
    assert ((found[1630:1800] > 0.5) & (found[1630:1800] < 0.8)).all()


def test_each_half_has_half_of_every_folder() -> None:
    names = [f"{folder}/{number}.csv" for folder, files in (("a", 8), ("b", 5), ("c", 2)) for number in range(files)]
    for seed in range(5):
        ours, theirs = halves(names, seed)
        assert sorted(ours + theirs) == list(range(15))
        assert sum(names[i].startswith("a/") for i in ours) == 4
        assert abs(len(ours) - len(theirs)) <= 1
    assert halves(names, 0) != halves(names, 1)


def test_without_data_there_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match="--data"):
        scoreboards(ScoreboardLoad(data=tmp_path), silent)


@pytest.mark.skipif(not DATA.is_dir(), reason="the scoreboards' data are not on this machine; they are no part of it")
def test_the_scoreboards_own_script_scores_the_detector() -> None:
    result = scoreboards(ScoreboardLoad(data=DATA, only="nab/realTraffic/speed_t"), silent)
    figures = {figure.name: figure.middle for figure in result.figures}
    assert figures["NAB standard"] > 50.0
    result = scoreboards(ScoreboardLoad(data=DATA, only="skab/valve2"), silent)
    figures = {figure.name: figure.middle for figure in result.figures}
    assert figures["SKAB F1"] > 0.75
    assert figures["SKAB false alarm rate"] < 20.0
