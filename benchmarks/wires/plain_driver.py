"""The reference of the driver benchmark, as a program: pymodbus and its own conversion, as fast as answers come.

A client and a task for each device, on the same event loop as the gateway's. Prints a `Window`.
"""

import asyncio
import json
import sys
from collections.abc import Sequence

from pymodbus.client import AsyncModbusTcpClient

from benchmarks.plain_poller import Poller
from benchmarks.window import Window, measure, runner, settle


async def read(poller: Poller, latest: list[object], row: int, port: int) -> None:
    """Read one device without a pause until told to end."""
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=1.0, retries=0)
    await client.connect()
    try:
        while not poller.ended:
            poller.requests += 1
            answer = await client.read_holding_registers(0, count=2 * poller.points)
            latest[row] = client.convert_from_registers(answer.registers, client.DATATYPE.FLOAT32)
    finally:
        client.close()


async def watch(ports: Sequence[int], devices: int, points: int, times_s: tuple[float, float]) -> Window:
    """Read all devices, and measure after the warm-up."""
    poller = Poller(points, 0.0)
    latest: list[object] = [None] * devices
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(read(poller, latest, row, ports[row % len(ports)])) for row in range(devices)]
        await settle(poller.tally, devices, times_s[0])
        window = await measure(poller.tally, times_s[1])
        poller.ended = True
        for task in tasks:
            task.cancel()
    return window


def main(ports: str, devices: str, points: str, warm_up_s: str, seconds: str) -> None:
    """Run as a program."""
    with runner() as loop:
        times_s = float(warm_up_s), float(seconds)
        print(loop.run(watch(json.loads(ports), int(devices), int(points), times_s)).show())


if __name__ == "__main__":
    main(*sys.argv[1:])
