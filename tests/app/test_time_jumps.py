"""The machine's clock is set back, or leaps: the site goes on seeing, and nothing is raised that is not there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from drivers.device import Batch
from gateway.app.round import Round
from gateway.core.clock import ManualClock, SteadyClock
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from gateway.pipeline.board import Board
from gateway.tickets.decision import Reason
from rules.rule import Rule
from tests.app.small_site import FLEET, GOOD, LOW, T0, new_engine, new_round

OVERLOAD = (3.0, 9.5)
"""Yellow after thirty seconds, over after twenty without it."""
HOUR = 3600.0


class Site:
    """A round whose machine the test sets."""

    def __init__(self, writer: Writer) -> None:
        self.wall, self.ticks = ManualClock(T0), 0.0
        self.clock = SteadyClock(self.wall, lambda: self.ticks)
        self.round: Round = new_round(writer, self.clock, leapt=self.clock.leapt)

    def live(self, seconds: int, *pumps: tuple[float, float], set_s: float = 0.0) -> list[str]:
        """Let seconds pass, after the clock was set; returns what was raised and where."""
        self.wall.time += set_s
        found = []
        for _ in range(seconds):
            self.wall.time += 1.0
            self.ticks += 1.0
            for device, values in zip(FLEET.ids, pumps, strict=False):
                self.round.board.put(Batch(device, self.clock.now(), np.array(values)))
            decisions = self.round.work(self.clock.now())
            found += [str(each.reason) for each in decisions if each.reason is not Reason.CLOCK_LEAPT]
        return found


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    writer = Writer(Store(tmp_path / "state"))
    yield Site(writer)
    await writer.close()


JUMPS = [-2 * HOUR, -1.5, 0.4, HOUR, 10 * 365 * 24 * HOUR]


@pytest.mark.parametrize("jump_s", JUMPS)
async def test_a_problem_that_begins_after_a_jump_is_seen(site: Site, jump_s: float) -> None:
    assert site.live(20, GOOD, GOOD) == []
    assert site.live(20, GOOD, GOOD, set_s=jump_s) == [], "a jump is no problem of a pump"
    assert site.live(3, LOW, GOOD) == ["new problem"]
    assert site.live(3, GOOD, GOOD) == ["condition went away"]


@pytest.mark.parametrize("jump_s", JUMPS)
async def test_a_jump_is_no_evidence_that_something_lasted(site: Site, jump_s: float) -> None:
    """Only as much as any silence: for a second or five, until it is stale, the last value still stands."""
    site.live(20, GOOD, GOOD)
    assert site.live(10, OVERLOAD, GOOD) == []
    assert site.live(10, OVERLOAD, GOOD, set_s=jump_s) == []
    assert site.live(13, OVERLOAD, GOOD) == ["new problem"], "and the seconds before it still count"


@pytest.mark.parametrize("jump_s", JUMPS)
async def test_what_has_cleared_counts_on(site: Site, jump_s: float) -> None:
    assert site.live(32, OVERLOAD, GOOD) == ["new problem"]
    assert site.live(5, GOOD, GOOD) == []
    assert site.live(5, GOOD, GOOD, set_s=jump_s) == []
    assert site.live(14, GOOD, GOOD) == ["condition went away"]


async def test_a_tick_comes_every_second_while_the_clock_catches_up(site: Site) -> None:
    site.live(10, GOOD, GOOD)
    rows = site.round.counts["rows"]
    site.live(100, GOOD, GOOD, set_s=-2 * HOUR)
    assert site.round.counts["rows"] - rows >= 95
    assert site.clock.health().state == "degraded"


async def test_what_a_long_leap_leaves_out_is_unknown_not_held() -> None:
    """An average of four hours needs two that are known, whatever was the last reading before the leap."""
    rule = Rule.model_validate({"id": "hours", "yellow": {"when": "avg(current, 4h) > 9"}})
    for hours, leap_s, known in ((2.1, 0.0, True), (1.6, 2 * HOUR, False)):
        engine, board = new_engine(rules=(rule,)), Board([FLEET], 1.0)
        board.begin(T0)
        found: list[str] = []
        times = T0 + np.arange(0.0, hours * HOUR, 5.0)
        for now in [*times, *(times[-1] + leap_s + np.arange(5.0, 60.0, 5.0))]:
            for device in FLEET.ids:
                board.put(Batch(device, now, np.array([3.0, 9.5])))
            found += [f.transition.rule for block, _ in board.take(now) for f in engine.evaluate(block)]
        assert bool(found) is known


async def test_there_and_back_again(site: Site) -> None:
    for set_s in (HOUR, -HOUR, 0.0, -HOUR, HOUR):
        assert site.live(5, GOOD, GOOD, set_s=set_s) == []
        await asyncio.sleep(0)
    assert site.live(2, LOW, GOOD) == ["new problem"]
