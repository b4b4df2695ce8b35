"""The driver on one bus, as a program: notes how long each healthy unit waits from one value to its next.

Prints the seconds as a line of JSON. Fails if other units than the dead ones were given up when the warm-up is over.
"""

import asyncio
import json
import sys
import time
from contextlib import aclosing

from benchmarks.window import runner
from benchmarks.wires.fleet import open_driver
from drivers.device import Driver


async def watch(
    url: str, units: int, dead: int, points: int, pace: tuple[str, str], times_s: list[float]
) -> list[float]:
    """Poll units 1 and up, the last ones dead, at a pace (period, timeout) for the warm-up and the window."""
    devices = [{"id": _name(unit), "unit": unit, "every": pace[0]} for unit in range(1, units + 1)]
    driver = open_driver(url, devices, points, pace[1])
    seconds: list[float] = []
    noting = asyncio.create_task(_note(driver, seconds))
    await asyncio.sleep(times_s[0])
    gone = {name for name, health in driver.health().items() if health.state == "offline"}
    assert gone == {_name(unit) for unit in range(units - dead + 1, units + 1)}, f"given up: {sorted(gone)}"
    seconds.clear()
    await asyncio.sleep(times_s[1])
    noting.cancel()
    await asyncio.wait([noting])
    return seconds


async def _note(driver: Driver, seconds: list[float]) -> None:
    before: dict[str, float] = {}
    async with aclosing(driver.batches()) as batches:
        async for batch in batches:
            now = time.perf_counter()
            if batch.device in before:
                seconds.append(now - before[batch.device])
            before[batch.device] = now


def _name(unit: int) -> str:
    return f"unit-{unit:03d}"


def main(url: str, units: str, dead: str, points: str, *pace_and_times_s: str) -> None:
    """Run as a program."""
    every, timeout, *times_s = pace_and_times_s
    with runner() as loop:
        seconds = loop.run(
            watch(url, int(units), int(dead), int(points), (every, timeout), [float(part) for part in times_s])
        )
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
