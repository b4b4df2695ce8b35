"""After a restart the engine knows what its history knows, and holds nothing over the time in which nobody looked."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.device import Batch
from gateway.app.warmup import warm
from gateway.core.types import Fresh
from gateway.history.local import write_history
from gateway.pipeline.board import Board
from gateway.pipeline.engine import LEARN_STEP_S, Engine
from gateway.pipeline.warming import LEARN_FROM_S
from models.detector import Bools, Floats
from rules.rule import Rule
from tests.app.small_site import FLEET, T0, new_engine

AVERAGE = Rule.model_validate({"id": "average", "yellow": {"when": "avg(current, 10m) > 6"}})


class Shown:
    """A detector that notes which rows it was shown."""

    warm_up_s = 0.0

    def __init__(self) -> None:
        self.times: list[float] = []

    def update(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        self.times += times.tolist()
        self.scores = np.zeros(values.shape[:2])
        return self.scores

    def health(self) -> Floats:
        return 100.0 * (1.0 - self.scores)

    def others(self) -> Floats:
        return np.zeros_like(self.scores)


def readings(start: float, end: float, current: float) -> Fresh:
    """Both pumps, every second of [start, end)."""
    rows = np.repeat(np.arange(start, end, 1.0), 2)
    devices = np.tile(np.arange(2), len(rows) // 2)
    return Fresh(FLEET, rows, devices, rows - 0.25, np.tile([3.0, current], (len(rows), 1)))


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Ten minutes up to T0 with a high current."""
    path = tmp_path / "history.db"
    write_history(path, [readings(T0 - 600.0, T0, 8.0)])
    return path


def warmed(history: Path, engine: Engine, now: float, learnt_until: float | None = None, **other: Any) -> Board:
    board = Board([FLEET], 1.0)
    warm(history, engine, board, learnt_until, now, other.get("stopped", lambda: False))
    board.begin(other.get("begin", now))
    return board


def raised(engine: Engine, board: Board, now: float, current: float) -> list[str]:
    for device in FLEET.ids:
        board.put(Batch(device, now - 0.1, np.array([3.0, current])))
    return [f.transition.rule for block, _ in board.take(now) for f in engine.evaluate(block)]


def test_windows_are_full_from_the_first_tick(history: Path) -> None:
    engine = new_engine(rules=(AVERAGE,))
    board = warmed(history, engine, T0 + 1.0)
    assert raised(engine, board, T0 + 2.0, 8.0) == ["average", "average"]


def test_held_values_are_shown_from_the_first_tick(history: Path) -> None:
    board = warmed(history, new_engine(), T0)
    ((block, _),) = board.take(T0 + 1.0)
    assert block.times.tolist() == [T0 + 1.0]
    assert block.values[0].tolist() == [[3.0, 8.0], [3.0, 8.0]]


def test_an_hour_of_downtime_is_unknown_not_held(history: Path) -> None:
    engine = new_engine(rules=(AVERAGE,))
    board = warmed(history, engine, T0 + 3600.0)
    ((block, _),) = board.take(T0 + 3601.0)
    assert np.isnan(block.values).all()
    assert raised(engine, board, T0 + 3602.0, 8.0) == []


def test_the_time_that_the_warm_up_itself_takes_is_unknown_too(tmp_path: Path) -> None:
    """Only 200 of the last 600 seconds are known: the last reading must not speak for the 350 of the warm-up."""
    history = tmp_path / "history.db"
    write_history(history, [readings(T0 - 200.0, T0, 8.0)])
    engine = new_engine(rules=(AVERAGE,))
    board = warmed(history, engine, T0, begin=T0 + 350.0)
    assert raised(engine, board, T0 + 351.0, 8.0) == []
    engine = new_engine(rules=(AVERAGE,))
    write_history(tmp_path / "longer.db", [readings(T0 - 400.0, T0, 8.0)])
    board = warmed(tmp_path / "longer.db", engine, T0, begin=T0 + 150.0)
    assert raised(engine, board, T0 + 151.0, 8.0) == ["average", "average"]


@pytest.mark.parametrize("rounding", [0.0, 0.3])
def test_a_detector_learns_only_what_it_has_not_learnt(history: Path, rounding: float) -> None:
    detector = Shown()
    warmed(history, new_engine(("usual", detector)), T0 + rounding, learnt_until=T0 - 100.0)
    assert detector.times == [T0 - 99.0 + second for second in range(99)]


def test_without_a_checkpoint_it_learns_all_there_is(history: Path) -> None:
    detector = Shown()
    engine = new_engine(("usual", detector))
    warmed(history, engine, T0)
    assert detector.times[0] == T0 - 600.0, "from the first reading on, not two weeks of nothing"
    assert set(readings(T0 - 600.0, T0, 8.0).rows.tolist()) <= set(detector.times)
    assert engine.learnt_until == T0 - 1.0
    assert (np.diff(detector.times) > 0).all()


@pytest.mark.parametrize("learnt_until", [None, T0 - 365 * 86400.0])
def test_after_a_year_in_a_drawer_it_learns_the_last_weeks_before(tmp_path: Path, learnt_until: float | None) -> None:
    detector, history, then = Shown(), tmp_path / "history.db", T0 - 300 * 86400.0
    write_history(history, [readings(then - each * 86400.0, then - each * 86400.0 + 60.0, 8.0) for each in (20, 3, 0)])
    warmed(history, new_engine(("usual", detector)), T0, learnt_until)
    assert detector.times[0] == pytest.approx(then - LEARN_FROM_S, abs=LEARN_STEP_S)
    assert detector.times[-1] == then + 59.0, "the last reading, and nothing of the year"
    assert (np.diff(detector.times) <= LEARN_STEP_S).all()


def test_a_checkpoint_from_just_ahead_of_now_learns_nothing(history: Path) -> None:
    detector = Shown()
    warmed(history, new_engine(("usual", detector)), T0, learnt_until=T0 + 60.0)
    assert detector.times == []


def test_who_is_told_to_stop_stops(history: Path) -> None:
    detector = Shown()
    warmed(history, new_engine(("usual", detector)), T0, stopped=lambda: len(detector.times) > 0)
    assert 0 < len(detector.times) <= 4096


@pytest.mark.parametrize("spoil", ["absent", "garbage", "cut", "empty"])
def test_a_history_that_is_no_good_costs_the_warm_up_only(
    spoil: str, history: Path, caplog: pytest.LogCaptureFixture
) -> None:
    match spoil:
        case "absent":
            history.unlink()
        case "garbage":
            history.write_bytes(bytes(range(256)) * 64)
        case "cut":
            history.write_bytes(history.read_bytes()[:5000])
        case _:
            history.write_bytes(b"")
    engine = new_engine(("usual", Shown()), rules=(AVERAGE,))
    board = warmed(history, engine, T0)
    assert raised(engine, board, T0 + 1.0, 8.0) == []
    assert board.take(T0 + 2.0)
    levels = [record.levelno for record in caplog.records]
    assert levels in ([], [logging.WARNING])
    assert bool(levels) is (spoil != "absent")
