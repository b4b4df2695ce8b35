"""The MQTT driver and the board as a program: takes messages as fast as they come, and measures itself.

Prints a `Window` whose requests are messages that reached the board; failed are those that it received and let
go unread. With a sixth argument it writes a profile of the event loop's thread there, which makes it slower.
"""

import asyncio
import cProfile
import sys

from benchmarks.site import PROFILE
from benchmarks.window import Tally, Window, measure, runner, settle
from benchmarks.wires.publisher import topic
from drivers.device import Driver
from drivers.mqtt import PLUGIN, MqttConnection, MqttDevice, MqttProfile
from gateway.app.supervisor import Supervisor
from gateway.core.clock import SystemClock
from gateway.core.types import Fleet
from gateway.pipeline.board import Board

_TICK_S = 1.0


def fleet(devices: int, points: int) -> Fleet:
    """Devices with a topic of their own each."""
    names = [{"name": f"p{i}", "low": -1e6, "high": 1e6} for i in range(points)]
    profile = MqttProfile.model_validate({"profile": PROFILE, "driver": "mqtt", "points": names})
    written = [
        {"id": f"device-{i:05d}", "profile": PROFILE, "on": "broker", "topic": topic(i), "every": "1s"}
        for i in range(devices)
    ]
    return Fleet(profile, tuple(MqttDevice.model_validate(device) for device in written))


async def watch(
    port: int, devices: int, points: int, times_s: tuple[float, float], profile: cProfile.Profile | None
) -> Window:
    """Receive, and measure after the warm-up."""
    clock, all_ = SystemClock(), fleet(devices, points)
    connection = MqttConnection.model_validate({"driver": "mqtt", "url": f"mqtt://127.0.0.1:{port}", "qos": 0})

    def opened() -> Driver:
        return PLUGIN.open("broker", connection, all_.devices, {PROFILE: all_.profile}, clock)

    supervisor, board = Supervisor("broker", opened, clock), Board([all_], _TICK_S)

    def tally() -> Tally:
        counts = supervisor.driver.counters()
        return Tally(counts["batches"], 0, counts["dropped"], counts["batches"] * points)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(supervisor.run(board)), group.create_task(_clear(board, clock))]
        await settle(tally, devices, times_s[0])
        if profile is not None:
            profile.enable()
        window = await measure(tally, times_s[1])
        if profile is not None:
            profile.disable()
        for task in tasks:
            task.cancel()
    return window


async def _clear(board: Board, clock: SystemClock) -> None:
    """Take blocks off the board at every tick, as a round of the daemon does."""
    while True:
        await clock.sleep(_TICK_S - clock.now() % _TICK_S)
        board.take(clock.now())


def main(port: str, devices: str, points: str, warm_up_s: str, seconds: str, profile_to: str = "") -> None:
    """Run as a program."""
    profile = cProfile.Profile() if profile_to else None
    with runner() as loop:
        times_s = float(warm_up_s), float(seconds)
        window = loop.run(watch(int(port), int(devices), int(points), times_s, profile))
    if profile is not None:
        profile.dump_stats(profile_to)
    print(window.show())


if __name__ == "__main__":
    main(*sys.argv[1:])
