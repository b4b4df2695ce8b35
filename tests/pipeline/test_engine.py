"""How rows are cut into blocks changes nothing, learning stops while an alert fires, and scores are explained."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from drivers.device import Device, Point, Profile
from gateway.core.almanac import UTC_ALMANAC
from gateway.core.types import Block, Fleet, Floats
from gateway.pipeline.engine import Engine, Finding
from models.detector import Bools, Explanation
from models.settings import Settings
from models.usual import Usual
from rules.book import Book
from rules.rule import Rule
from rules.vocabulary import Vocabulary

T0 = 1_773_532_800.0
PROFILE = Profile(profile="pump", driver="none", points=(Point(name="pressure"), Point(name="current")))
DEVICES = 3
FLEET = Fleet(PROFILE, tuple(Device(id=f"P-{i}", profile="pump", on="x") for i in range(DEVICES)))
ROW_S = 30.0
UNUSUAL = {"id": "unusual", "yellow": {"when": "score.usual > 0.5"}, "red": {"when": "score.usual > 0.6", "for": "5m"}}
HIGH = {"id": "high", "yellow": {"when": "pressure > 3", "for": "2m"}, "keep": "3m", "clear": "pressure < 2.6"}
AVERAGE = {"id": "average", "yellow": {"when": "avg(current, 30m) > 6.05"}}


def engine_of(detectors: Mapping[str, Any], *rules: Mapping[str, Any]) -> Engine:
    words = Vocabulary(PROFILE.names, {}, {}, tuple(detectors), DEVICES, UTC_ALMANAC)
    return Engine(FLEET, detectors, Book([Rule.model_validate(rule) for rule in rules], words))


def quiet(seed: int, rows: int, begin: float = T0) -> Block:
    """A stretch of time in which all pumps do what they always do."""
    values = np.array([2.5, 6.0]) + np.random.default_rng(seed).normal(0.0, 0.05, (rows, DEVICES, 2))
    return Block(FLEET, begin + ROW_S * np.arange(rows, dtype=np.float64), values, np.full_like(values, 0.2))


def eventful(seed: int, rows: int = 240) -> Block:
    """Two hours in which one pump is not heard for a while and another leaves its usual."""
    block = quiet(seed, rows)
    block.values[rows // 4 : rows // 3, 2], block.age[rows // 4 : rows // 3, 2] = np.nan, np.inf
    block.values[rows // 2 : rows * 3 // 4, 1, 0] += 1.5
    return block


@cache
def learnt() -> dict[str, NDArray[Any]]:
    detector, past = new_detector(), quiet(99, 2 * 2880, T0 - 2 * 86400.0)
    detector.update(past.times, past.values, past.age, np.zeros(DEVICES, dtype=np.bool_))
    return detector.state()


def new_detector() -> Usual:
    return Usual(Settings.model_validate({"step": "30s", "warm_up": "1d"}), PROFILE.names, DEVICES)


def real_engine(*rules: Mapping[str, Any]) -> Engine:
    detector = new_detector()
    detector.restore(learnt(), np.arange(DEVICES))
    return engine_of({"usual": detector}, *(rules or (UNUSUAL, HIGH, AVERAGE)))


def part(block: Block, start: int, end: int) -> Block:
    return Block(FLEET, block.times[start:end], block.values[start:end], block.age[start:end])


def pieces(block: Block, cuts: Sequence[int]) -> list[Block]:
    edges = sorted({0, len(block.times), *(cut for cut in cuts if cut < len(block.times))})
    return [part(block, start, end) for start, end in pairwise(edges)]


class Recorder:
    """A detector that only notes what it is shown."""

    warm_up_s = 0.0

    def __init__(self) -> None:
        self.seen: list[tuple[Floats, list[bool]]] = []
        self.asked: list[int] = []

    def update(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        self.seen.append((times, frozen.tolist()))
        self.latest = values[:, :, 1]
        return values[:, :, 1]

    def health(self) -> Floats:
        return 100.0 * (1.0 - self.latest)

    def others(self) -> Floats:
        return 0.5 * self.latest

    def accept(self, rows: Bools) -> None:
        raise AssertionError("nobody teaches it")

    def explain(self, row: int) -> Explanation:
        self.asked.append(row)
        return Explanation(0.9, T0, ())

    def state(self) -> dict[str, NDArray[Any]]:
        return {}

    def restore(self, state: Mapping[str, NDArray[Any]], rows: NDArray[np.intp]) -> None:
        assert not state, "nothing was learnt"


@given(seed=st.integers(0, 5), cuts=st.lists(st.integers(1, 239), max_size=20))
@settings(max_examples=8, deadline=None)
def test_how_the_rows_are_cut_changes_no_transition_and_no_score(seed: int, cuts: list[int]) -> None:
    block = eventful(seed)
    whole, cut = real_engine(), real_engine()
    expected = [finding.transition for finding in whole.evaluate(block)]
    assert {transition.rule for transition in expected} >= {"high", "unusual"}
    found = [finding.transition for piece in pieces(block, cuts) for finding in cut.evaluate(piece)]
    assert found == expected
    np.testing.assert_array_equal(cut.scores["score.usual"], whole.scores["score.usual"])
    assert cut.learnt_until == whole.learnt_until == block.times[-1]


def test_one_row_at_a_time_is_the_same_as_all_at_once() -> None:
    block = eventful(7)
    whole, live = real_engine(), real_engine()
    expected = [finding.transition for finding in whole.evaluate(block)]
    found = [f.transition for i in range(len(block.times)) for f in live.evaluate(part(block, i, i + 1))]
    assert found == expected


@pytest.mark.parametrize("rows", [7, 64, 240])
def test_a_transition_is_explained_as_of_its_own_row_however_long_the_block(rows: int) -> None:
    block = eventful(7)
    live, played = real_engine(), real_engine()
    one_by_one = [f for i in range(240) for f in live.evaluate(part(block, i, i + 1))]
    at_once = [f for start in range(0, 240, rows) for f in played.evaluate(part(block, start, start + rows))]
    assert [finding.explanations for finding in at_once] == [finding.explanations for finding in one_by_one]
    explained = [(f.transition, f.explanations["usual"]) for f in at_once if f.explanations]
    assert {transition.change for transition, _ in explained} == {"fired", "escalated"}
    assert all(why.score == transition.evidence["score.usual"] for transition, why in explained)
    assert all(why.channels for _, why in explained)


def test_whether_an_alert_fires_is_looked_up_every_quarter_of_an_hour() -> None:
    detector = Recorder()
    engine = engine_of({"usual": detector}, {"id": "high", "yellow": {"when": "pressure > 3"}})
    block = quiet(1, 100)
    block.values[:] = 0.0
    block.values[10:50, 1, 0] = 9.0
    engine.evaluate(block)
    assert [(times[0] - T0, len(times), frozen) for times, frozen in detector.seen] == [
        (0.0, 30, [False, False, False]),
        (900.0, 30, [False, True, False]),
        (1800.0, 30, [False, False, False]),
        (2700.0, 10, [False, False, False]),
    ]


def test_the_transition_of_a_score_is_explained_and_its_clearing_is_not() -> None:
    detector = Recorder()
    engine = engine_of({"usual": detector}, UNUSUAL, HIGH)

    def row(at: float, pressure: float, score: float) -> list[Finding]:
        values = np.full((1, DEVICES, 2), 0.0)
        values[0, 2] = pressure, score
        return engine.evaluate(Block(FLEET, np.array([T0 + at]), values, np.zeros_like(values)))

    (fired,) = row(0.0, 0.0, 0.8)
    assert (fired.transition.change, fired.transition.row) == ("fired", 2)
    assert fired.explanations == {"usual": Explanation(0.9, T0, ())}
    row(1.0, 9.0, 0.8)
    (other,) = row(121.0, 9.0, 0.8)
    assert (other.transition.rule, other.explanations) == ("high", {}), "a rule that reads no score needs none"
    (cleared,) = row(122.0, 9.0, 0.1)
    assert (cleared.transition.change, cleared.explanations) == ("cleared", {})
    assert detector.asked == [2]


def test_all_that_is_said_is_columns_of_the_same_rows_and_is_explained_too() -> None:
    detector, heard = Recorder(), list[tuple[list[float], dict[str, Floats]]]()
    engine = engine_of({"usual": detector}, {"id": "ill", "yellow": {"when": "health.usual < 60"}})
    engine.listener = lambda times, said: heard.append((times.tolist(), dict(said)))
    values = np.zeros((2, DEVICES, 2))
    values[1, 2, 1] = 0.7
    (found,) = engine.evaluate(Block(FLEET, T0 + np.array([0.0, 30.0]), values, np.zeros_like(values)))
    assert (found.transition.row, found.transition.time) == (2, T0 + 30.0)
    assert found.transition.evidence == {"health.usual": pytest.approx(30.0)}
    assert [*found.explanations] == ["usual"]
    ((times, said),) = heard
    assert times == [T0, T0 + 30.0]
    np.testing.assert_allclose(said["health.usual"], 100.0 * (1.0 - said["score.usual"]))
    np.testing.assert_allclose(said["others.usual"], 0.5 * said["score.usual"])
    assert engine.scores.keys() == {"score.usual", "health.usual", "others.usual"}


def test_an_unknown_score_neither_fires_nor_clears() -> None:
    engine = engine_of({"usual": Recorder()}, UNUSUAL)
    values = np.zeros((3, DEVICES, 2))
    values[:, 0, 1] = 0.8, np.nan, 0.8
    values[:, 1, 1] = np.nan
    found = engine.evaluate(Block(FLEET, T0 + np.arange(3.0), values, np.zeros_like(values)))
    assert [(f.transition.row, f.transition.change) for f in found] == [(0, "fired")]


def test_the_past_that_is_remembered_fills_windows_and_raises_nothing() -> None:
    block = quiet(3, 100)
    block.values[..., 1] = 8.0
    past, now = part(block, 0, 99), part(block, 99, 100)
    warm, cold = real_engine(), real_engine()
    warm.remember(past)
    assert [f.transition.rule for f in warm.evaluate(now)] == ["average"] * DEVICES
    assert cold.evaluate(now) == []


def test_the_past_that_is_learnt_gives_the_scores_that_living_through_it_gives() -> None:
    block = eventful(3)
    past, now = part(block, 0, 100), part(block, 100, 110)
    lived, shown = real_engine(), real_engine()
    lived.evaluate(past)
    shown.learn(past)
    np.testing.assert_array_equal(shown.scores["score.usual"], lived.scores["score.usual"])
    assert not np.isnan(shown.scores["score.usual"]).any()
    lived.evaluate(now)
    shown.evaluate(now)
    np.testing.assert_array_equal(shown.scores["score.usual"], lived.scores["score.usual"])


@pytest.mark.parametrize("learnt", [0, 10])
@pytest.mark.parametrize("silent", [0, 7])
def test_detectors_are_shown_nothing_before_the_first_reading_that_is_news(learnt: int, silent: int) -> None:
    """What is only held from before is no news."""
    detector, block = Recorder(), quiet(4, 40)
    engine = engine_of({"usual": detector}, {"id": "any", "yellow": {"when": "score.usual > 0"}})
    if learnt:
        engine.learn(part(block, 0, learnt))
        detector.seen.clear()
    block.age[learnt : learnt + silent] = np.inf
    block.age[learnt : learnt + silent, 1] = 0.2 + ROW_S * np.arange(1, 1 + silent)[:, None] if learnt else np.inf
    found = [finding for piece in pieces(part(block, learnt, 40), [3]) for finding in engine.evaluate(piece)]
    assert detector.seen[0][0][0] == block.times[learnt + silent]
    assert {finding.transition.time for finding in found} == {block.times[learnt + silent]}


@pytest.mark.parametrize("detectors", [{}, {"usual": Recorder()}])
def test_a_block_without_rows_is_nothing(detectors: Mapping[str, Any]) -> None:
    engine = engine_of(detectors, HIGH)
    assert engine.evaluate(part(quiet(0, 1), 0, 0)) == []
    assert engine.learnt_until == -np.inf
