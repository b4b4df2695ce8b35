"""Driver, board, rules and detector at their limit, as a program: asks as fast as answers come, evaluates every tick.

The parts are those of the daemon, put together as it does, without its state, history and pages. Prints a `Window`
whose readings are those that rules and detector have seen; with a fourth argument it writes a profile of the same
stretch there, which makes it slower.
"""

import asyncio
import cProfile
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.product import Witness
from benchmarks.window import Tally, Window, measure, runner, settle
from drivers.device import Clock
from gateway.app import build
from gateway.app.supervisor import Supervisor
from gateway.core.clock import SteadyClock, SystemClock
from gateway.core.config import Config, load
from gateway.core.plugins import Plugins, discover
from gateway.pipeline import assembly
from gateway.pipeline.board import Board
from gateway.pipeline.engine import Engine


class Evaluation:
    """Takes blocks off the board at every tick and hands them to the engines, as a round of the daemon does."""

    def __init__(self, board: Board, engines: Mapping[str, Engine]) -> None:
        self._board, self._engines = board, engines
        self.readings = self.transitions = 0

    async def run(self, clock: Clock) -> None:
        """Go on until cancelled."""
        while True:
            await clock.sleep(self._board.tick_s - clock.now() % self._board.tick_s)
            for block, fresh in self._board.take(clock.now()):
                self.transitions += len(self._engines[block.fleet.profile.profile].evaluate(block))
                self.readings += fresh.values.size


async def watch(
    config: Config, plugins: Plugins, times_s: tuple[float, float], profile: cProfile.Profile | None
) -> Window:
    """Run all of it, and measure for `times_s`: the warm-up, then the window."""
    clock, (fleet,) = SteadyClock(SystemClock()), config.fleets
    witness = Witness(len(fleet.profile.points))
    seen = replace(plugins, drivers={name: witness.beside(plugin) for name, plugin in plugins.drivers.items()})
    board = Board(config.fleets, config.tick_s)
    evaluation = Evaluation(board, assembly.engines(config, seen))
    supervisors = [Supervisor(name, opener, clock) for name, opener in build.openers(config, seen, clock).items()]

    def tally() -> Tally:
        return replace(witness.tally(), readings=evaluation.readings)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(supervisor.run(board)) for supervisor in supervisors]
        tasks.append(group.create_task(evaluation.run(clock)))
        await settle(tally, len(config.devices), times_s[0])
        if profile is not None:
            profile.enable()
        window = await measure(tally, times_s[1])
        if profile is not None:
            profile.disable()
        for task in tasks:
            task.cancel()
    assert not board.dropped
    return window


def main(site: str, warm_up_s: str, seconds: str, profile_to: str = "") -> None:
    """Run as a program."""
    plugins = discover()
    loaded = load(Path(site), plugins=plugins)
    assert loaded.config is not None, loaded.findings
    profile = cProfile.Profile() if profile_to else None
    with runner() as loop:
        window = loop.run(watch(loaded.config, plugins, (float(warm_up_s), float(seconds)), profile))
    if profile is not None:
        profile.dump_stats(profile_to)
    print(window.show())


if __name__ == "__main__":
    main(*sys.argv[1:])
