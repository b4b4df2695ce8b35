"""The reference of the MQTT benchmark, as a program: aiomqtt as its documentation shows it, and `json.loads`.

It keeps the latest numbers of each topic, in the order of the points, and nothing else. Prints a `Window`.
"""

import asyncio
import json
import sys
from importlib import import_module

from benchmarks.window import Tally, Window, measure, runner, settle
from benchmarks.wires.publisher import topic


class Latest:
    """The latest values of each topic."""

    def __init__(self, points: int) -> None:
        self._names = [f"p{i}" for i in range(points)]
        self.values: dict[str, list[float]] = {}
        self.messages = 0

    async def listen(self, port: int, devices: int) -> None:
        """Until cancelled."""
        async with import_module("aiomqtt").Client("127.0.0.1", port) as client:
            await client.subscribe([(topic(i), 0) for i in range(devices)])
            async for message in client.messages:
                numbers = json.loads(message.payload)
                self.values[str(message.topic)] = [float(numbers[name]) for name in self._names]
                self.messages += 1


async def watch(port: int, devices: int, points: int, times_s: tuple[float, float]) -> Window:
    """Receive, and measure after the warm-up."""
    latest = Latest(points)

    def tally() -> Tally:
        return Tally(latest.messages, 0, 0, latest.messages * points)

    listening = asyncio.create_task(latest.listen(port, devices))
    await settle(tally, devices, times_s[0])
    window = await measure(tally, times_s[1])
    listening.cancel()
    await asyncio.wait([listening])
    return window


def main(port: str, devices: str, points: str, warm_up_s: str, seconds: str) -> None:
    """Run as a program."""
    with runner() as loop:
        times_s = float(warm_up_s), float(seconds)
        print(loop.run(watch(int(port), int(devices), int(points), times_s)).show())


if __name__ == "__main__":
    main(*sys.argv[1:])
