"""The gateway under load, as a program: the daemon as `gateway run` starts it, which measures itself.

Nothing of the daemon is left out or replaced; the drivers that it opens are remembered, so that their counters can be
read. Prints a `Window`; with a fourth argument it writes a profile of the same stretch there, which makes it slower.
"""

import asyncio
import cProfile
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.window import Tally, Window, measure, runner, settle
from drivers.device import Driver, DriverPlugin
from gateway.app.daemon import Daemon
from gateway.cli.local import Pages
from gateway.core.clock import SystemClock
from gateway.core.config import Config, load
from gateway.core.plugins import Plugins, discover

_FAILURES = ("timeouts", "lost", "rejected", "exceptions")


@dataclass(slots=True)
class Witness:
    """Sees the drivers that a daemon opens; each device has `points`."""

    points: int = 0
    drivers: list[Driver] = field(default_factory=list)

    def beside(self, plugin: DriverPlugin) -> DriverPlugin:
        """The same plugin, witnessed."""

        def opened(*given: Any) -> Driver:
            self.drivers.append(plugin.open(*given))
            return self.drivers[-1]

        return replace(plugin, open=opened)

    def tally(self) -> Tally:
        """What the drivers count."""
        counts = [driver.counters() for driver in self.drivers]
        failed = sum(count[name] for count in counts for name in _FAILURES)
        requests = sum(count["requests"] for count in counts)
        missed = sum(count["overruns"] for count in counts)
        return Tally(requests, missed, failed, (requests - failed) * self.points)


async def watch(
    config: Config, plugins: Plugins, times_s: tuple[float, float], profile: cProfile.Profile | None
) -> Window:
    """Run the daemon, and measure for `times_s`: the warm-up, then the window."""
    stop, (fleet,) = asyncio.Event(), config.fleets
    witness = Witness(len(fleet.profile.points))
    drivers = {name: witness.beside(plugin) for name, plugin in plugins.drivers.items()}
    daemon = Daemon(config, replace(plugins, drivers=drivers), SystemClock())
    pages = Pages(config.web.bind, config.state_folder)
    async with asyncio.TaskGroup() as group:
        group.create_task(daemon.run(stop))
        await settle(witness.tally, len(config.devices), times_s[0])
        before = await _evaluated(pages, witness)
        if profile is not None:
            profile.enable()
        window = await measure(witness.tally, times_s[1])
        if profile is not None:
            profile.disable()
        after = await _evaluated(pages, witness)
        stop.set()
    return replace(window, evaluated=(after[0] - before[0]) / max(after[1] - before[1], 1))


async def _evaluated(pages: Pages, witness: Witness) -> tuple[int, int]:
    """Readings that rules and detectors have seen, as the daemon's own page says, and readings that drivers brought.

    Asked halfway between two rounds, so that as many are on their way each time.
    """
    clock = SystemClock()
    await clock.sleep(1.5 - clock.now() % 1.0)
    brought = witness.tally().readings
    report = await asyncio.to_thread(pages.get, "/api/status")
    return report["counts"]["readings"], brought


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
