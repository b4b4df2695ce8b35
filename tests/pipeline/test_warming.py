"""An engine that was shown the past is as one that lived through it: windows of an hour, and the weeks of `usual`."""

from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from drivers.device import Device, Point, Profile
from gateway.core.almanac import UTC_ALMANAC
from gateway.core.types import Block, Fleet, Floats
from gateway.pipeline.engine import LEARN_STEP_S, Engine
from gateway.pipeline.warming import warm
from rules.book import Book
from rules.rule import Rule
from rules.vocabulary import Vocabulary

HOUR, DAY, WEEK = 3600.0, 86400.0, 604800.0
NOW = 1_773_532_800.0 + 9.5 * HOUR
TICK = 20.0
PROFILE = Profile(profile="pump", driver="none", points=(Point(name="power"),))
FLEET = Fleet(PROFILE, (Device(id="P-1", profile="pump", on="x"), Device(id="P-2", profile="pump", on="x")))


class Recorded:
    """A past that began `since` ago and has a row at every tick; it notes how it was asked."""

    def __init__(self, since: float) -> None:
        self.first = NOW - since
        self.asked: list[tuple[float, float, float]] = []

    def profiles(self) -> Mapping[str, tuple[float, float]]:
        return {"pump": (self.first, NOW)}

    def heard(self, fleet: Fleet, before: float) -> float:
        return float((np.ceil(before / TICK) - 1) * TICK)

    def blocks(self, fleet: Fleet, start: float, end: float, step_s: float) -> Iterator[Block]:
        """Every instant, and the recorded rows in between."""
        self.asked.append((start, end, step_s))
        begin, until = np.ceil(start / TICK), np.ceil(end / TICK)
        for first in np.arange(begin, until, 4096):
            yield lived(TICK * np.arange(first, min(first + 4096, until)))


def lived(times: Floats) -> Block:
    """What two pumps draw: one by the hour of the week, one that was never heard before yesterday."""
    power = np.stack([5.0 + times % WEEK // HOUR + times % 60 / 60, np.where(times < NOW - DAY, np.nan, 7.0)], axis=1)
    values = power[:, :, None]
    return Block(FLEET, times, values, np.where(np.isnan(values), np.inf, 0.0))


def engine_of(*conditions: str) -> Engine:
    rules = [Rule.model_validate({"id": f"r{i}", "yellow": {"when": when}}) for i, when in enumerate(conditions)]
    return Engine(FLEET, {}, Book(rules, Vocabulary(("power",), {}, {}, (), 2, UTC_ALMANAC)))


def windows_of(engine: Engine, times: Floats) -> dict[str, Floats]:
    engine.evaluate(lived(times))
    return {name: standing.now for name, standing in engine.book._windows.items()}


CONDITIONS = ("power > 2 * usual(power)", "avg(power, 1h) > 9", "max(usual(power), 2h) > 3", "ago(power, 1h) > 1")


def test_what_is_usual_is_shown_by_the_minute_and_the_rest_by_the_tick() -> None:
    past, engine = Recorded(10 * WEEK), engine_of(*CONDITIONS)
    warm(engine, past, NOW, TICK)
    near = NOW - 2 * HOUR
    assert past.asked == [(near - 4 * WEEK - 2 * HOUR, near, LEARN_STEP_S), (near, NOW, TICK)]


def test_without_usual_nobody_reads_weeks() -> None:
    past = Recorded(10 * WEEK)
    warm(engine_of("avg(power, 1h) > 9"), past, NOW, TICK)
    assert past.asked == [(NOW - HOUR, NOW, TICK)]


def test_a_young_past_is_not_asked_for_what_was_before_it() -> None:
    past = Recorded(1.5 * HOUR)
    warm(engine_of(*CONDITIONS), past, NOW, TICK)
    assert past.asked == [(NOW - 1.5 * HOUR, NOW, TICK)]


@pytest.mark.parametrize("weeks", [0.5, 1.3, 4.5])
def test_it_is_as_if_the_engine_had_been_there_all_along(weeks: float) -> None:
    """Only the row at the restart itself is not known, so the comparison is with one that missed it too."""
    shown, there = engine_of(*CONDITIONS), engine_of(*CONDITIONS)
    warm(shown, Recorded(weeks * WEEK), NOW, TICK)
    for block in Recorded(weeks * WEEK).blocks(FLEET, NOW - weeks * WEEK, NOW, TICK):
        there.evaluate(block)
    there.remember(Block(FLEET, np.array([NOW]), np.full((1, 2, 1), np.nan), np.full((1, 2, 1), np.inf)))
    after = NOW + TICK * np.arange(1.0, 2 * HOUR / TICK)
    expected = windows_of(there, after)
    got = windows_of(shown, after)
    assert len(got) == 4
    for name, values in got.items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-12)
    usual = next(name for name in got if name.startswith("usual"))
    np.testing.assert_array_equal(got[usual], expected[usual])
    assert np.isnan(got[usual]).all() == (weeks < 1)


def test_rows_of_the_distant_past_are_no_evidence() -> None:
    engine = engine_of("power > 0.9 * usual(power)")
    warm(engine, Recorded(3 * WEEK), NOW, TICK)
    assert engine.book.pending_states() == []
    (found, *_) = engine.evaluate(lived(np.array([NOW + TICK])))
    assert (found.transition.rule, found.transition.row) == ("r0", 0)


def test_the_distant_past_is_shown_only_to_those_that_look_once_a_minute() -> None:
    engine = engine_of(*CONDITIONS)
    engine.accustom(lived(NOW + LEARN_STEP_S * np.arange(10.0)))
    fed = {name.partition(" ")[0] for name, standing in engine.book._windows.items() if standing.now.ndim}
    assert fed == {"usual"}
