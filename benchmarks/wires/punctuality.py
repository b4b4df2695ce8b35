"""The whole path at the pace of its devices, as a program: notes how late each healthy poll begins and ends.

A driver asks its clock to wait until a poll is due; that clock is the witness. The last devices are the dead ones, and
their polls are not counted. Prints a `Punctuality`.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.product import Witness
from benchmarks.window import runner, settle
from benchmarks.wires.lateness import Punctuality
from benchmarks.wires.whole_path import Evaluation
from drivers.device import Batch, Clock, Driver, DriverPlugin, Health
from gateway.app import build
from gateway.app.supervisor import Supervisor
from gateway.core.clock import SystemClock
from gateway.core.config import Config, load
from gateway.core.plugins import Plugins, discover
from gateway.pipeline import assembly
from gateway.pipeline.board import Board


class Diary(SystemClock):
    """A clock that notes when it was asked to wake somebody, and how much later it did."""

    def __init__(self) -> None:
        self.due = 0.0
        self.late_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Wait, and note."""
        self.due = self.now() + seconds
        await super().sleep(seconds)
        self.late_s.append(self.now() - self.due)


@dataclass(slots=True)
class Watched:
    """A driver with a diary of its own, in which the answers are noted, too."""

    driver: Driver
    diary: Diary
    answered_s: list[float] = field(default_factory=list)

    async def batches(self) -> AsyncGenerator[Batch]:
        """See `Driver`."""
        async for batch in self.driver.batches():
            self.answered_s.append(self.diary.now() - self.diary.due)
            yield batch

    def health(self) -> Mapping[str, Health]:
        """See `Driver`."""
        return self.driver.health()

    def counters(self) -> Mapping[str, int]:
        """See `Driver`."""
        return self.driver.counters()


@dataclass(slots=True)
class Observer(Witness):
    """Gives every driver its diary."""

    watched: list[Watched] = field(default_factory=list)

    def beside(self, plugin: DriverPlugin) -> DriverPlugin:
        """The same plugin, observed."""

        def opened(name: str, connection: Any, devices: Any, profiles: Any, _: Clock) -> Driver:
            diary = Diary()
            self.watched.append(Watched(plugin.open(name, connection, devices, profiles, diary), diary))
            self.drivers.append(self.watched[-1])
            return self.watched[-1]

        return replace(plugin, open=opened)


async def watch(config: Config, plugins: Plugins, dead: int, times_s: tuple[float, float]) -> Punctuality:
    """Poll for `times_s`: the warm-up, then the window."""
    clock, (fleet,) = SystemClock(), config.fleets
    observer = Observer(len(fleet.profile.points))
    seen = replace(plugins, drivers={name: observer.beside(plugin) for name, plugin in plugins.drivers.items()})
    board = Board(config.fleets, config.tick_s)
    evaluation = Evaluation(board, assembly.engines(config, seen))
    supervisors = [Supervisor(name, opener, clock) for name, opener in build.openers(config, seen, clock).items()]
    healthy = observer.watched[: len(observer.watched) - dead]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(supervisor.run(board)) for supervisor in supervisors]
        tasks.append(group.create_task(evaluation.run(clock)))
        await settle(Witness(0, [*healthy]).tally, len(healthy), times_s[0])
        before = _skipped(healthy)
        for each in healthy:
            each.diary.late_s.clear()
            each.answered_s.clear()
        await asyncio.sleep(times_s[1])
        for task in tasks:
            task.cancel()
    return _seen(healthy, _skipped(healthy) - before)


def _skipped(healthy: Sequence[Watched]) -> int:
    return sum(each.counters()["overruns"] for each in healthy)


def _seen(healthy: Sequence[Watched], skipped: int) -> Punctuality:
    late_ms = 1e3 * np.array([late for each in healthy for late in each.diary.late_s])
    answered_ms = 1e3 * np.array([late for each in healthy for late in each.answered_s])
    middle, high, most = np.percentile(late_ms, (50.0, 99.0, 100.0)).tolist()
    return Punctuality(len(answered_ms), skipped, middle, high, most, float(np.percentile(answered_ms, 99.0)))


def main(site: str, dead: str, warm_up_s: str, seconds: str) -> None:
    """Run as a program."""
    plugins = discover()
    loaded = load(Path(site), plugins=plugins)
    assert loaded.config is not None, loaded.findings
    with runner() as loop:
        print(loop.run(watch(loaded.config, plugins, int(dead), (float(warm_up_s), float(seconds)))).show())


if __name__ == "__main__":
    main(*sys.argv[1:])
