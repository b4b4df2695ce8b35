"""The gateway under load, as a program: the daemon's own parts at work on a site, without its pages and its sender.

Drivers, board, rules, detector, desk, store and local history are the real ones, on the loop that `gateway run` takes.
Prints a `Window`; with a fourth argument it writes a profile of the same stretch there, which makes it slower.
"""

import asyncio
import cProfile
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.window import Tally, Window, measure, runner
from gateway.app import build
from gateway.app.round import Round
from gateway.app.supervisor import Supervisor
from gateway.core.clock import SystemClock
from gateway.core.config import Config, load
from gateway.core.plugins import Plugins, discover
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from gateway.history.local import LocalHistory
from gateway.pipeline.board import Board
from gateway.tickets.desk import Desk

_FAILURES = ("timeouts", "lost", "rejected", "exceptions")


@dataclass(frozen=True, slots=True)
class Line:
    """A gateway at work."""

    supervisors: list[Supervisor]
    round: Round
    devices: int

    def tally(self) -> Tally:
        """What drivers and rounds count."""
        counts = [supervisor.driver.counters() for supervisor in self.supervisors]
        failed = sum(count[name] for count in counts for name in _FAILURES)
        missed = sum(count["overruns"] for count in counts)
        requests = sum(count["requests"] for count in counts)
        return Tally(requests, missed, failed, self.round.counts["readings"])


@asynccontextmanager
async def at_work(config: Config, plugins: Plugins) -> AsyncIterator[Line]:
    """Poll and evaluate while the block lasts, with the state on a real disk."""
    clock, board = SystemClock(), Board(config.fleets, config.tick_s)
    config.state_folder.mkdir(exist_ok=True)
    writer = Writer(Store(config.state_folder))
    history = LocalHistory(config.state_folder / "history.db", config.history.local, clock)
    history.open()
    desk = Desk(config.site.id, config.site.language, {}, config.policies, ())
    round_ = Round(board, build.engines(config, plugins), desk, writer, clock, [history.append], lambda: None)
    supervisors = [Supervisor(name, opener, clock) for name, opener in build.openers(config, plugins, clock).items()]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(supervisor.run(board)) for supervisor in supervisors]
            tasks.append(group.create_task(round_.run(config.tick_s)))
            yield Line(supervisors, round_, len(config.devices))
            for task in tasks:
                task.cancel()
    finally:
        await asyncio.to_thread(history.close)
        await writer.close()


async def watch(
    config: Config, plugins: Plugins, times_s: tuple[float, float], profile: cProfile.Profile | None
) -> Window:
    """Measure for `times_s`: the warm-up, then the window."""
    async with at_work(config, plugins) as line:
        if profile is None:
            return await measure(line.tally, line.devices, *times_s)
        await measure(line.tally, line.devices, times_s[0], 0.0)
        profile.enable()
        window = await measure(line.tally, 0, 0.0, times_s[1])
        profile.disable()
        return window


def main(site: str, warm_up_s: str, seconds: str, profile_to: str = "") -> None:
    """Run as a program."""
    plugins = discover()
    loaded = load(Path(site), plugins=plugins)
    assert loaded.config is not None, loaded.findings
    profile = cProfile.Profile() if profile_to else None
    times_s = (float(warm_up_s), float(seconds))
    with runner() as loop:
        window = loop.run(watch(loaded.config, plugins, times_s, profile))
    if profile is not None:
        profile.dump_stats(profile_to)
    print(window.show())


if __name__ == "__main__":
    main(*sys.argv[1:])
