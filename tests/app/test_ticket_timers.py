"""The machine's clock is set while a ticket waits for an answer: nobody is told to be late who is not, and no limit is
forgotten, whatever the clock shows after a restart."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from drivers.device import Batch
from gateway.app.round import CHECKPOINT_EVERY_S, Round
from gateway.core.clock import CATCHING_UP, ManualClock, SteadyClock
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from gateway.tickets.decision import Decision
from tests.app.small_site import FLEET, GOOD, T0, VERY_LOW, new_round

HOUR = 3600.0
LIMITS = {"acknowledge": 60.0, "on_site": 180.0}
"""Of `red_strict`, in seconds that people really have."""
AGAIN_S = 600.0
"""When it goes up once more, if still nobody is there."""


class Machine:
    """A machine whose wall clock may be set, and what its gateway tells to be overdue after how many real seconds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wall, self.ticks = ManualClock(T0), 0.0
        self.late: list[tuple[str, float]] = []

    async def start(self) -> None:
        """Start, or start again from what is on the disk."""
        self.writer = Writer(Store(self.folder / "state"))
        saved = await self.writer.load()
        clock = SteadyClock(self.wall, lambda: self.ticks)
        clock.resume(saved.saved_at or 0.0)
        self.round: Round = new_round(self.writer, clock, saved, leapt=clock.leapt)

    async def stop(self) -> None:
        """Stop as a kill would, after the last transaction."""
        await self.writer.close()

    async def live(self, seconds: int, pump: tuple[float, float] = VERY_LOW, set_s: float = 0.0) -> None:
        """Let real seconds pass, after the wall clock was set."""
        self.wall.time += set_s
        for _ in range(seconds):
            self.wall.time += 1.0
            self.ticks += 1.0
            for device, values in zip(FLEET.ids, (pump, GOOD), strict=True):
                self.round.board.put(Batch(device, self.round.clock.now(), np.array(values)))
            self._note(self.round.work(self.round.clock.now()))
            if self.ticks % CHECKPOINT_EVERY_S == 0.0:
                self.round.keep_pending()
            await self.round.save()

    def _note(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            for message in decision.messages:
                if message.event == "created":
                    self.raised_at = self.ticks
                elif message.event == "overdue":
                    self.late.append((message.body["limit"], self.ticks - self.raised_at))


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    machine = Machine(tmp_path)
    await machine.start()
    yield machine
    await machine.stop()


def assert_each_limit_once(late: list[tuple[str, float]]) -> None:
    """Neither before it was due in real seconds, nor much later than by a clock that runs slow to be waited for."""
    assert [limit for limit, _ in late] == list(LIMITS)
    for limit, after_s in late:
        assert LIMITS[limit] - 1.0 <= after_s <= LIMITS[limit] / CATCHING_UP + 1.0


@pytest.mark.parametrize("jump_s", [HOUR, -2 * HOUR, 5 * 365 * 24 * HOUR, -90.0, 90.0])
async def test_limits_are_neither_missed_nor_false_when_the_clock_is_set(machine: Machine, jump_s: float) -> None:
    await machine.live(5, GOOD)
    await machine.live(30)
    await machine.live(200, set_s=jump_s)
    assert_each_limit_once(machine.late)


@pytest.mark.parametrize("pump", [VERY_LOW, GOOD], ids=["still_there", "went_away"])
async def test_a_start_in_1970_goes_on_from_the_last_minute_and_nobody_is_late_by_the_true_time(
    machine: Machine, pump: tuple[float, float]
) -> None:
    await machine.live(5, GOOD)
    await machine.live(5)
    await machine.live(350, pump)
    await machine.stop()
    true_time, machine.wall.time = machine.wall.time, 0.0
    await machine.start()
    lost_s = true_time - machine.round.clock.now()
    assert lost_s <= CHECKPOINT_EVERY_S
    await machine.live(15, pump)
    assert_each_limit_once(machine.late)
    await machine.live(400, pump, set_s=true_time)
    _, _, (limit, after_s) = machine.late
    assert limit == "on_site"
    assert AGAIN_S - 1.0 <= after_s <= AGAIN_S / CATCHING_UP + lost_s
