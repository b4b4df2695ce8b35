"""New rules in a running engine: what did not change cannot tell that anything did, what is new knows the past."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.app.succession import Successor
from gateway.core.almanac import UTC_ALMANAC
from gateway.core.types import Block, Fleet
from gateway.pipeline.engine import Engine
from rules.book import Book
from rules.rule import Rule, Transition
from rules.vocabulary import Vocabulary
from tests.app.small_site import FLEET, PROFILE, T0

WORDS = Vocabulary(PROFILE.names, {}, {}, (), len(FLEET.devices), UTC_ALMANAC)
CONDITIONS = (
    "pressure < 2",
    "pressure < 1 or current > 9",
    "avg(current, 1m) > 5",
    "max(avg(current, 1m), 2m) > 6",
    "rises(current > 5, 2m) > 2",
    "stuck(pressure, 1m)",
    "missing(current)",
)


def rule(name: str, **written: Any) -> Rule:
    return Rule.model_validate({"id": name, **written})


@st.composite
def rules(draw: st.DrawFn, *ids: str) -> list[Rule]:
    """A rule for each of the ids, mostly with timers."""
    timer = st.sampled_from(["0s", "5s", "12s", "40s"])
    return [
        rule(
            name,
            yellow={"when": draw(st.sampled_from(CONDITIONS)), "for": draw(timer)},
            red={"when": draw(st.sampled_from(CONDITIONS)), "for": draw(timer)},
            keep=draw(timer),
        )
        for name in ids
    ]


@st.composite
def series(draw: st.DrawFn) -> Block:
    """Values that come and go and are at times unknown; drawn by numpy, since there are hundreds of them."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    times = T0 + np.cumsum(chance.choice([1, 1, 1, 2, 5, 20], draw(st.integers(2, 60)))).astype(float)
    values = chance.choice([0.0, 1.5, 3.0, 3.0, 6.0, 10.0, math.nan], (len(times), 2, 2))
    stays = chance.random(values.shape) < draw(st.sampled_from([0.3, 0.9]))
    for row in range(1, len(times)):
        values[row] = np.where(stays[row], values[row - 1], values[row])
    return Block(FLEET, times, values, np.where(np.isnan(values), np.inf, 0.0))


def part(block: Block, begin: int, end: int) -> Block:
    return Block(block.fleet, block.times[begin:end], block.values[begin:end], block.age[begin:end])


def engine_of(written: Sequence[Rule]) -> Engine:
    return Engine(FLEET, {}, Book(written, WORDS))


def evaluated(engine: Engine, block: Block) -> list[Transition]:
    return [finding.transition for finding in engine.evaluate(block)]


def of_rules(ids: set[str], transitions: Sequence[Transition]) -> list[Transition]:
    """Those of some rules; within a row they come in the order of the file, which a reload may change."""
    return sorted((t for t in transitions if t.rule in ids), key=lambda t: (t.time, t.rule, t.row))


class Seen:
    """A history of one block."""

    def __init__(self, block: Block) -> None:
        self._block = block

    def profiles(self) -> Mapping[str, tuple[float, float]]:
        times = self._block.times
        return {"pump": (float(times[0]), float(times[-1]))} if len(times) else {}

    def heard(self, fleet: Fleet, before: float) -> float:
        times = self._block.times[self._block.times < before]
        return float(times[-1]) if len(times) else -np.inf

    def blocks(self, fleet: Fleet, start: float, end: float, step_s: float) -> Iterator[Block]:
        first, last = np.searchsorted(self._block.times, [start, end])
        yield part(self._block, int(first), int(last))


def succeeded(engine: Engine, written: Sequence[Rule], past: Block) -> Successor:
    successor = Successor(engine, written, WORDS)
    successor.see(Seen(past), engine.book.time, 1.0, lambda: False)
    return successor


@settings(max_examples=200, deadline=None)
@given(series(), rules("a", "b", "c"), rules("c", "d", "e"), st.data())
def test_rules_that_stay_fire_and_clear_as_if_there_had_been_no_reload(
    block: Block, stay: list[Rule], others: list[Rule], data: st.DataObject
) -> None:
    """Reloads between any two rows, to and fro; `c` is another rule in each of the two configurations."""
    rows = len(block.times)
    cuts = sorted(data.draw(st.sets(st.integers(1, rows - 1), min_size=1, max_size=4), "cuts"))
    plain, reloaded = engine_of(stay), engine_of(stay)
    expected: list[Transition] = []
    got: list[Transition] = []
    second = data.draw(st.permutations([*stay[:2], *others]), "order")
    for turn, (begin, end) in enumerate(zip([0, *cuts], [*cuts, rows], strict=True)):
        if turn:
            succeeded(reloaded, second if turn % 2 else stay, part(block, 0, begin)).take_over()
        got += evaluated(reloaded, part(block, begin, end))
        expected += evaluated(plain, part(block, begin, end))
    kept = {"a", "b"}
    assert of_rules(kept, got) == of_rules(kept, expected)
    states = {state[:2]: state for state in plain.book.pending_states() if state[0] in kept}
    assert {state[:2]: state for state in reloaded.book.pending_states() if state[0] in kept} == states


@settings(max_examples=150, deadline=None)
@given(series(), rules("a", "b"), rules("b", "c", "d"), st.data())
def test_new_windows_know_the_past(block: Block, old: list[Rule], new: list[Rule], data: st.DataObject) -> None:
    """Part of it from the history, the last rows from the blocks that came while it was read."""
    rows = len(block.times)
    at = data.draw(st.integers(1, rows - 1), "reload")
    lag = data.draw(st.integers(0, at), "rows that came meanwhile")
    engine, always = engine_of(old), engine_of(new)
    if at > lag:
        evaluated(engine, part(block, 0, at - lag))
    successor = Successor(engine, new, WORDS)
    if at > lag:
        successor.see(Seen(part(block, 0, rows)), engine.book.time, 1.0, lambda: False)
    if lag:
        successor.follow(part(block, at - lag, at))
        evaluated(engine, part(block, at - lag, at))
    successor.take_over()
    for row in range(at, rows):
        evaluated(engine, part(block, row, row + 1))
    evaluated(always, block)
    for name, standing in engine.book._windows.items():
        np.testing.assert_allclose(standing.now[-1], always.book._windows[name].now[-1], rtol=1e-9, atol=1e-9)


HOT = rule("hot", yellow={"when": "current > 7", "for": "10s"}, keep="10s")


def steady(current: float, begin: float, rows: int) -> Block:
    values = np.tile([3.0, current], (rows, 2, 1))
    return Block(FLEET, begin + np.arange(rows, dtype=float), values, np.zeros_like(values))


@pytest.mark.parametrize(
    "other",
    [
        rule("hot", yellow={"when": "current > 8", "for": "10s"}, keep="10s"),
        rule("hot", yellow={"when": "current > 7", "for": "11s"}, keep="10s"),
        rule("hot", yellow={"when": "current > 7", "for": "10s"}, keep="10s", **{"class": "another.problem"}),
        rule("warm", yellow={"when": "current > 7", "for": "10s"}, keep="10s"),
    ],
)
def test_a_rule_that_decides_otherwise_starts_anew(other: Rule) -> None:
    engine = engine_of([HOT])
    assert len(evaluated(engine, steady(9.0, T0, 20))) == 2
    ended = succeeded(engine, [other], steady(9.0, T0, 20)).take_over()
    assert [(name, row, body["level"]) for name, row, _, body in ended] == [("hot", 0, "yellow"), ("hot", 1, "yellow")]
    assert not engine.book.firing().any()
    again = evaluated(engine, steady(9.0, T0 + 20.0, 15))
    for_s = other.levels["yellow"].for_s
    assert [(t.rule, t.time) for t in again] == [(other.id, T0 + 20.0 + for_s)] * 2


def test_a_rule_with_other_words_keeps_its_alert() -> None:
    engine = engine_of([HOT])
    evaluated(engine, steady(9.0, T0, 20))
    other = HOT.model_copy(update={"title": {"en": "{device} is hot"}, "advice": {"en": "cool it"}, "latch": True})
    assert succeeded(engine, [other], steady(9.0, T0, 20)).take_over() == []
    assert engine.book.firing().all()
    assert evaluated(engine, steady(9.0, T0 + 20.0, 15)) == []


def test_a_rule_whose_window_has_no_past_says_so() -> None:
    engine = engine_of([HOT])
    evaluated(engine, steady(9.0, T0, 200))
    average = rule("average", yellow={"when": "avg(current, 2m) > 7"})
    empty = succeeded(engine, [HOT, average], steady(9.0, T0, 0))
    assert (empty.needs_past, empty.blind()) == (True, ["average"])
    full = succeeded(engine, [HOT, average], steady(9.0, T0, 200))
    assert full.blind() == []
    full.take_over()
    assert [t.rule for t in evaluated(engine, steady(9.0, T0 + 200.0, 1))] == ["average", "average"]


def test_who_is_told_to_stop_reads_no_more() -> None:
    engine = engine_of([HOT])
    evaluated(engine, steady(9.0, T0, 200))
    successor = Successor(engine, [rule("average", yellow={"when": "avg(current, 2m) > 7"})], WORDS)
    successor.see(Seen(steady(9.0, T0, 200)), engine.book.time, 1.0, lambda: True)
    assert successor.blind() == ["average"]
