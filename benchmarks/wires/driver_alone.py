"""The Modbus driver as a program, decoding included: asks as fast as answers come, and measures itself.

Prints a `Window`; with a sixth argument it writes a profile of the same stretch there, which makes it slower.
"""

import asyncio
import cProfile
import json
import sys
from collections.abc import Sequence
from contextlib import aclosing

from benchmarks.product import Witness
from benchmarks.window import Window, measure, runner, settle
from benchmarks.wires.fleet import AT_ONCE, device, local, open_driver
from drivers.device import Driver


async def watch(
    ports: Sequence[int], devices: int, points: int, times_s: tuple[float, float], profile: cProfile.Profile | None
) -> Window:
    """Read all devices without a pause, and measure after the warm-up."""
    drivers = [open_driver(local(ports[i % len(ports)]), [device(i, AT_ONCE)], points) for i in range(devices)]
    witness = Witness(points, [*drivers])
    latest: list[object] = [None] * devices
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_keep(driver, latest, row)) for row, driver in enumerate(drivers)]
        await settle(witness.tally, devices, times_s[0])
        if profile is not None:
            profile.enable()
        window = await measure(witness.tally, times_s[1])
        if profile is not None:
            profile.disable()
        for task in tasks:
            task.cancel()
    return window


async def _keep(driver: Driver, latest: list[object], row: int) -> None:
    async with aclosing(driver.batches()) as batches:
        async for batch in batches:
            latest[row] = batch.values


def main(ports: str, devices: str, points: str, warm_up_s: str, seconds: str, profile_to: str = "") -> None:
    """Run as a program."""
    profile = cProfile.Profile() if profile_to else None
    times_s = float(warm_up_s), float(seconds)
    with runner() as loop:
        window = loop.run(watch(json.loads(ports), int(devices), int(points), times_s, profile))
    if profile is not None:
        profile.dump_stats(profile_to)
    print(window.show())


if __name__ == "__main__":
    main(*sys.argv[1:])
