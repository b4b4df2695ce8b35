"""The reference of the polling benchmark, as a program: pymodbus as its documentation shows it, and nothing else.

One client and one task per device, `convert_from_registers` for the values, on the same event loop as the gateway. It
has no rules, detector, history or tickets. Prints a `Window`; with `hold` it goes on instead until its input ends.
"""

import asyncio
import json
import sys
from dataclasses import dataclass

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from benchmarks.window import Tally, measure, runner, settle


@dataclass(slots=True)
class Poller:
    """Polls devices with so many float32 each, and keeps the last values of each."""

    points: int
    every_s: float
    requests: int = 0
    missed: int = 0
    failed: int = 0
    ended: bool = False
    """Asked as well as cancelled: before Python 3.12 pymodbus loses a cancellation that comes with an answer."""

    def tally(self) -> Tally:
        """What was done so far."""
        return Tally(self.requests, self.missed, self.failed, (self.requests - self.failed) * self.points)

    async def poll(self, latest: list[object], row: int, port: int, phase_s: float) -> None:
        """Poll one device until told to end."""
        client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=1.0, retries=0)
        await client.connect()
        now = asyncio.get_running_loop().time
        due = now() + phase_s
        try:
            while not self.ended:
                await asyncio.sleep(max(0.0, due - now()))
                self.requests += 1
                try:
                    answer = await client.read_holding_registers(0, count=2 * self.points)
                    values = client.convert_from_registers(answer.registers, client.DATATYPE.FLOAT32)
                    latest[row] = values
                except ModbusException:
                    self.failed += 1
                skipped = max(0, int((now() - due) / self.every_s))
                self.missed += skipped
                due += (1 + skipped) * self.every_s
        finally:
            client.close()


async def watch(ports: list[int], devices: int, poller: Poller, times_s: tuple[float, float] | None) -> str:
    """Poll and measure, or poll until standard input ends."""
    latest: list[object] = [None] * devices
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(poller.poll(latest, row, ports[row % len(ports)], poller.every_s * row / devices))
            for row in range(devices)
        ]
        if times_s is None:
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
            report = ""
        else:
            await settle(poller.tally, devices, times_s[0])
            report = (await measure(poller.tally, times_s[1])).show()
        poller.ended = True
        for task in tasks:
            task.cancel()
    return report


def main(ports: str, devices: str, points: str, every_s: str, *times_s: str) -> None:
    """Run as a program."""
    warm_up_s, seconds = map(float, times_s) if times_s != ("hold",) else (0.0, 0.0)
    times = None if times_s == ("hold",) else (warm_up_s, seconds)
    poller = Poller(int(points), float(every_s))
    with runner() as loop:
        print(loop.run(watch(json.loads(ports), int(devices), poller, times)))


if __name__ == "__main__":
    main(*sys.argv[1:])
