"""What a person taught counts from its own moment on: live, after a restart, and however the rows are cut."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.types import Block, Closing, Verdict
from gateway.pipeline.engine import Engine
from gateway.pipeline.lessons import Lesson, lessons_of
from models.detector import Bools
from tests.pipeline.test_engine import (
    DEVICES,
    FLEET,
    ROW_S,
    T0,
    UNUSUAL,
    Recorder,
    engine_of,
    eventful,
    part,
    pieces,
    quiet,
    real_engine,
)

SCORE = {"id": "odd", "yellow": {"when": "score.usual > 5"}}
LASTING = {**UNUSUAL, "keep": "30m"}
PRESSURE = {"id": "high", "yellow": {"when": "pressure > 3"}}


class Pupil(Recorder):
    """Notes between which rows it was taught."""

    def __init__(self) -> None:
        super().__init__()
        self.taught: list[tuple[float, list[bool]]] = []

    def accept(self, rows: Bools) -> None:
        last = self.seen[-1][0][-1] if self.seen else -np.inf
        self.taught.append((float(last), rows.tolist()))


def frozen(pupil: Pupil) -> list[tuple[float, bool]]:
    """When what was known of pump 1 being left out changed, seconds after T0."""
    seen = [(float(times[0]) - T0, rows[1]) for times, rows in pupil.seen]
    return [each for before, each in zip([(0.0, False), *seen], seen, strict=False) if each[1] != before[1]]


SAID = Closing("lakeside:P-1:odd:x", "odd", "P-1", "odd", T0, T0 + 9.0, Verdict.NORMAL, "li", ("usual",))


@pytest.mark.parametrize(
    ("closing", "lessons"),
    [
        (SAID, [Lesson(T0 + 9.0, 1, ("usual",))]),
        (replace(SAID, verdict=Verdict.FALSE), [Lesson(T0 + 9.0, 1, ("usual",))]),
        (replace(SAID, verdict=Verdict.DONE), []),
        (replace(SAID, scores=()), []),
        (replace(SAID, device="EL-1"), []),
    ],
)
def test_what_a_closing_teaches(closing: Closing, lessons: list[Lesson]) -> None:
    assert lessons_of(FLEET, [closing]) == lessons


@pytest.mark.parametrize("after_s", [0.0, 10.0, ROW_S, 7 * ROW_S, 7 * ROW_S + 1.0])
@pytest.mark.parametrize("cuts", [(), (1, 2, 3), (7, 8)])
def test_a_lesson_is_taken_up_before_the_first_row_that_is_later(after_s: float, cuts: Sequence[int]) -> None:
    pupil = Pupil()
    engine = engine_of({"usual": pupil}, SCORE)
    engine.teach([Lesson(T0 + after_s, 1, ("usual", "another"))])
    for piece in pieces(quiet(0, 20), cuts):
        engine.evaluate(piece)
    assert pupil.taught == [(T0 + after_s // ROW_S * ROW_S, [False, True, False])]


def test_who_has_learnt_it_is_not_taught_again() -> None:
    pupil = Pupil()
    engine = engine_of({"usual": pupil}, SCORE)
    engine.teach([Lesson(T0 + at, 1, ("usual",)) for at in (10.0, 40.0, 60.0)], known_until=T0 + 60.0)
    engine.learn(part(quiet(0, 20), 3, 20))
    assert pupil.taught == [(-np.inf, [False, True, False])], "only the one that came after the last row learnt"


def odd(rows: int, *spans: tuple[int, int, int]) -> Block:
    """Pump 1 between rows: with a score that fires (point 1), or a pressure that does (point 0)."""
    block = quiet(1, rows)
    block.values[:] = 0.0
    for first, last, point in spans:
        block.values[first:last, 1, point] = 9.0
    return block


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(10, 140, 1)], [(900.0, True), (1230.0, False)]),
        ([(10, 140, 0)], [(900.0, True), (4500.0, False)]),
        ([(10, 140, 0), (12, 70, 1)], [(900.0, True), (4500.0, False)]),
        ([(10, 35, 1), (62, 140, 1)], [(900.0, True), (1230.0, False), (2700.0, True), (4500.0, False)]),
    ],
    ids=["the alert", "of a limit", "of a limit too", "another alert"],
)
def test_it_lifts_the_freeze_of_the_alert_that_a_score_raised_before(
    spans: list[tuple[int, int, int]], expected: list[tuple[float, bool]]
) -> None:
    pupil, block = Pupil(), odd(180, *spans)
    engine = engine_of({"usual": pupil}, SCORE, PRESSURE)
    engine.teach([Lesson(T0 + 1215.0, 1, ("usual",))])
    engine.evaluate(block)
    assert frozen(pupil) == expected


def lessons(times: Sequence[float]) -> list[Lesson]:
    return [Lesson(T0 + at, 1, ("usual",)) for at in times]


@given(
    seed=st.integers(0, 3),
    cuts=st.lists(st.integers(1, 239), max_size=12),
    times=st.lists(st.floats(0, 240 * ROW_S), min_size=1, max_size=3),
)
@settings(max_examples=8, deadline=None)
def test_how_the_rows_are_cut_changes_nothing(seed: int, cuts: list[int], times: list[float]) -> None:
    block, whole, cut = eventful(seed), real_engine(), real_engine()
    for engine in (whole, cut):
        engine.teach(lessons(times))
    expected = whole.evaluate(block)
    assert [finding for piece in pieces(block, cuts) for finding in cut.evaluate(piece)] == expected
    same_state(cut, whole)


@pytest.mark.parametrize("killed_at", [201, 204, 207])
@pytest.mark.parametrize("kept_at", [150, 180, 201])
def test_a_restart_takes_up_what_no_checkpoint_has(kept_at: int, killed_at: int) -> None:
    """Rows before `kept_at` are in the checkpoint; the lesson comes between rows 200 and 201, while the alert fires."""
    block, said = eventful(7), lessons([200.5 * ROW_S])
    block.values[180:, 1, 0] += 4.0
    live = real_engine(LASTING)
    live.evaluate(part(block, 0, kept_at))
    learnt, learnt_until = live.detectors["usual"].state(), live.learnt_until
    live.teach(said)
    live.evaluate(part(block, kept_at, killed_at))
    assert live.book.firing().tolist() == [False, True, False]

    again = real_engine(LASTING)
    again.detectors["usual"].restore(learnt, np.arange(DEVICES))
    for state in live.book.pending_states():
        again.book.restore(*state)
    again.teach(said, learnt_until)
    again.learn(part(block, kept_at, killed_at))
    if kept_at < killed_at:
        same_state(again, live)
    for engine in (live, again):
        engine.evaluate(part(block, killed_at, 240))
    same_state(again, live)
    assert not is_same(live, untaught(block))


def test_what_a_checkpoint_has_is_not_taught_again_but_its_alert_keeps_nothing_frozen() -> None:
    block, said = eventful(7), lessons([170.5 * ROW_S])
    block.values[180:, 1, 0] += 4.0
    live = real_engine(LASTING)
    live.teach(said)
    live.evaluate(part(block, 0, 180))
    again = real_engine(LASTING)
    again.detectors["usual"].restore(live.detectors["usual"].state(), np.arange(DEVICES))
    for state in live.book.pending_states():
        again.book.restore(*state)
    again.teach(said, live.learnt_until)
    for engine in (live, again):
        engine.evaluate(part(block, 180, 240))
    same_state(again, live)


def untaught(block: Block) -> Engine:
    engine = real_engine(LASTING)
    engine.evaluate(block)
    return engine


def is_same(one: Engine, other: Engine) -> bool:
    mine, theirs = (engine.detectors["usual"].state() for engine in (one, other))
    return all(np.array_equal(mine[name], theirs[name], equal_nan=mine[name].dtype.kind == "f") for name in mine)


def same_state(one: Engine, other: Engine) -> None:
    mine, theirs = (engine.detectors["usual"].state() for engine in (one, other))
    for name in mine:
        np.testing.assert_array_equal(mine[name], theirs[name], name)
