"""kill -9 at random moments while things break and the dispatch API misbehaves: every fault makes one work order."""

import asyncio
import logging
import os
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import pytest

from gateway.cli.demo import stage
from gateway.core.clock import SystemClock
from tests.whole.conftest import Build
from tests.whole.house import House, eventually, plan

log = logging.getLogger(__name__)

KILLS = int(os.environ.get("SOAK_KILLS", "6"))
LIVES_A_ROUND = 3  # of the time that a start takes; shorter ones fit in more often
SPEED = 60.0
CALM_S = 9.0
"""Wall seconds that the slowest of these faults needs: a silent device is only missed after five minutes."""
LONGEST_PAUSE_S = 130.0
"""Wall seconds that a message may wait for its next try after seven unlucky ones."""
WHILE_NOBODY_COMES = {"overdue", "evidence"}
"""Also told of a ticket, as often as there are limits, and charts."""

PUMPS, LIFTS, SILENT = ("P-1", "P-2", "P-3", "P-4"), ("EL-1-1", "EL-2-1", "EL-3-1", "EL-3-2"), ("PM-2", "EL-1-2")


@pytest.mark.timeout(180 + 30 * KILLS)
async def test_every_fault_makes_one_work_order_however_often_the_daemon_is_killed(build: Build) -> None:
    house = build(plan(*PUMPS, *LIFTS, *SILENT), SPEED)
    wall, chance = SystemClock(), random.Random(KILLS)
    kills = rounds = 0
    async with house.api, house.devices():
        start_s = await _start_s(house)
        while kills < KILLS:
            house.api.be("mixed", seconds=1.0)
            calm_s = 2.5 * start_s + CALM_S
            lasts_s = LIVES_A_ROUND * (start_s + 1.0) + calm_s
            calm_at = wall.now() + lasts_s - calm_s
            await _break_things(house, rounds, lasts_s * SPEED, chance)
            while kills < KILLS and wall.now() < calm_at:
                await _one_life(house, chance.uniform(0.3, start_s + 1.5), chance)
                kills += 1
            start_s = await _calm_life(house, lasts_s)
            rounds += 1
    _assert_once(house)
    messages = sum(1 + len(order.events) for order in house.api.book.orders.values())
    posts = house.api.book.posts.total()
    log.info("kills=%d faults=%d lost=0 twice=0 messages=%d posts=%d", kills, len(house.expected()), messages, posts)


async def _start_s(house: House) -> float:
    """How long the daemon takes to start on this machine today."""
    began = SystemClock().now()
    async with house.daemon():
        return SystemClock().now() - began


async def _calm_life(house: House, lasts_s: float) -> float:
    """A life in which every fault gets its work order, ends, and its ticket is closed; returns what starting took."""
    began = SystemClock().now()
    async with house.daemon() as daemon:
        start_s = SystemClock().now() - began
        missing = _Missing(house)
        await eventually(lambda: not missing, lasts_s, missing)
        await eventually(lambda: _told(house, "condition_cleared"), lasts_s, "the end of every fault")
        await _close_all(house)
        house.api.be("ok")
        await eventually(lambda: _told(house, "closed"), LONGEST_PAUSE_S, "that every ticket is closed")
        assert await stage.stop(daemon) == 0
    return start_s


async def _break_things(house: House, turn: int, lasts_s: float, chance: random.Random) -> None:
    """On all devices, at slightly different moments; pumps run dry in one round and lose their pipe in the next."""
    dry = PUMPS[turn % 2 :: 2]
    for pump in PUMPS:
        fault = "dry-run" if pump in dry else "pipe-burst"
        await house.befall(fault, pump, lasts_s=lasts_s, in_s=chance.uniform(0, 4) * SPEED, severity=0.2)
    for lift in LIFTS:
        await house.befall("entrapment", lift, lasts_s=lasts_s, in_s=chance.uniform(0, 5) * SPEED)
    for device in SILENT:
        await house.befall("silent-meter", device, lasts_s=lasts_s, in_s=chance.uniform(0, 2) * SPEED)


async def _one_life(house: House, longest_s: float, chance: random.Random) -> None:
    """Ends at any moment from the first import on, or just when the dispatch API is being told something."""
    posts, before = house.api.book.posts, house.api.book.posts.total()
    any_moment = chance.random() < 0.5
    async with stage.process("gateway", house.stage.gateway(), house.stage.folder) as child:
        with suppress(AssertionError):
            await eventually(lambda: posts.total() > before and not any_moment, longest_s, "a post")
        await asyncio.sleep(chance.uniform(0.0, 0.05))
        assert child.returncode is None, stage.last_words(house.stage.folder, "gateway")
        child.kill()
        await child.wait()


class _Missing:
    """The faults without a work order, as they stand when asked."""

    def __init__(self, house: House) -> None:
        self._house = house

    def __bool__(self) -> bool:
        return bool(self._now())

    def __repr__(self) -> str:
        return f"work orders for {self._now()}"

    def _now(self) -> Counter[tuple[str, str]]:
        return Counter((fault.device, fault.kind) for fault in self._house.expected()) - self._house.kinds()


def _told(house: House, event: str) -> bool:
    return all(event in _events(order.events) for order in house.api.book.orders.values())


def _events(events: Sequence[dict[str, object]]) -> list[object]:
    return [event["body"]["event"] for event in events]  # type: ignore[index]


async def _close_all(house: House) -> None:
    """As false alarms: what was real would be watched, and the next fault of its kind would open it again."""
    said = {"by": "caretaker", "verdict": "false"}
    for ticket in await house.page("/api/tickets", status="open"):
        await asyncio.to_thread(house.pages.act, f"/api/tickets/{ticket['id']}/close", said)


def _assert_once(house: House) -> None:
    """As many work orders as faults, each told what happened once and in order, and nothing else."""
    assert house.kinds() == Counter((fault.device, fault.kind) for fault in house.expected())
    levels = {(fault.device, fault.kind): fault.levels[-1] for fault in house.expected()}
    assert all(order.level == levels[order.device, order.kind] for order in house.orders())
    for order in house.api.book.orders.values():
        assert [event["body"]["number"] for event in order.events] == list(range(1, len(order.events) + 1))
        told = _events(order.events)
        assert [event for event in told if event not in WHILE_NOBODY_COMES] == ["condition_cleared", "closed"]
        limits = [(event["body"].get("limit"), event["body"].get("to")) for event in order.events]
        assert max(Counter(limit for limit in limits if limit[0]).values(), default=1) == 1, "each limit and step once"
