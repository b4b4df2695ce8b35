"""What floods cost the MQTT driver in memory: `python -m benchmarks.mqtt_floods`.

Each flood meets a driver in a process of its own, from a broker of our making that sends whatever it likes. Printed are
the peak of the driver's memory over what it had before the flood, and whether it received what came after it.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from drivers.device import Driver
from drivers.mqtt import PLUGIN
from gateway.core.clock import SystemClock

MIB = 1024 * 1024
_TOPIC = b"site/1"
_STATUS = Path("/proc/self/status")
_PEAK = Path("/proc/self/clear_refs")
_LONGEST_S = 60.0
_READ = 65_536


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one flood did to the driver: memory in MiB, readings that it made before and after, and its counts."""

    sent_mib: float
    grown_mib: float
    readings: list[float]
    counts: Mapping[str, int]


def published(topic: bytes, payload: bytes) -> bytes:
    return _head(2 + len(topic) + len(payload)) + len(topic).to_bytes(2, "big") + topic + payload


def huge_payload() -> Iterator[bytes]:
    """One message of 100 MB on the device's own topic."""
    size, chunk = 100_000_000, b" " * 100_000
    yield _head(2 + len(_TOPIC) + size) + len(_TOPIC).to_bytes(2, "big") + _TOPIC
    yield from (chunk for _ in range(size // len(chunk)))


def unknown_topics() -> Iterator[bytes]:
    """50,000 messages on topics that are not configured, each of another name."""
    yield from (published(f"site/unknown/{i}/{'x' * 100}".encode(), b'{"speed": 1}') for i in range(50_000))


def garbage_payloads() -> Iterator[bytes]:
    """20 MB of random bytes in messages of 60 KB on the device's own topic."""
    random = Random(1)
    yield from (published(_TOPIC, random.randbytes(60_000)) for _ in range(20_000_000 // 60_000))


def garbage_bytes() -> Iterator[bytes]:
    """20 MB of random bytes instead of packets, as far as the driver listens before it hangs up and comes again."""
    random = Random(2)
    yield from (random.randbytes(50_000) for _ in range(20_000_000 // 50_000))


FLOODS: Mapping[str, Callable[[], Iterator[bytes]]] = {
    flood.__name__: flood for flood in (huge_payload, unknown_topics, garbage_payloads, garbage_bytes)
}


async def outcome_of(name: str) -> Outcome:
    """Run one flood against a driver in another process."""
    broker = _Broker()
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    async with server, _driver(server.sockets[0].getsockname()[1]) as driver:
        await broker.says(1)
        await driver.ask("wait 1")
        await driver.ask("mark")
        sent = await broker.flood(FLOODS[name]())
        await broker.says(2)
        await driver.ask("wait 2")
        report = await driver.ask("report")
    return Outcome(sent / MIB, **report)


class _Broker:
    """Accepts whoever comes, grants the subscription, and sends what it is told to."""

    def __init__(self) -> None:
        self._guest: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read(_READ)
            writer.write(b"\x20\x02\x00\x00")
            subscribe = await reader.read(_READ)
            writer.write(b"\x90\x03" + subscribe[2:4] + b"\x00")
            self._guest = writer
            while await reader.read(_READ):
                pass
        self._guest = None
        writer.close()

    async def says(self, speed: int) -> None:
        """One good message, once somebody is there."""
        async with asyncio.timeout(_LONGEST_S):
            while self._guest is None:  # noqa: ASYNC110 - set by the connection's own task
                await asyncio.sleep(0.02)
        self._guest.write(published(_TOPIC, b'{"speed": %d}' % speed))
        await self._guest.drain()

    async def flood(self, pieces: Iterator[bytes]) -> int:
        """Send as fast as it is taken, until the end or until the driver hangs up; returns how many bytes."""
        sent = 0
        with suppress(ConnectionError):
            for piece in pieces:
                if self._guest is None:
                    break
                self._guest.write(piece)
                await self._guest.drain()
                sent += len(piece)
        await asyncio.sleep(0.5)  # a driver that hangs up is noticed
        return sent


class _Remote:
    """The driver's process, asked by lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, line: str) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{line}\n".encode())
        async with asyncio.timeout(_LONGEST_S):
            return json.loads(await self._process.stdout.readline())


@asynccontextmanager
async def _driver(port: int) -> AsyncIterator[_Remote]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.mqtt_floods", str(port), stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield _Remote(process)
    finally:
        process.kill()
        await process.wait()


async def _be_a_driver(port: int) -> None:
    """Read from the broker for ever, and answer what is asked on standard input."""
    written = {"profile": "p", "driver": "mqtt", "points": [{"name": "speed"}], "topic": "site/{device}"}
    profile = PLUGIN.profile.model_validate(written)
    device = PLUGIN.device.model_validate({"id": "1", "profile": "p", "on": "broker"})
    connection = PLUGIN.connection.model_validate({"driver": "mqtt", "url": f"mqtt://127.0.0.1:{port}"})
    driver = PLUGIN.open("broker", connection, [device], {"p": profile}, SystemClock())
    readings: list[float] = []

    async with asyncio.TaskGroup() as group:
        group.create_task(_collect(driver, readings))
        before = 0.0
        while line := (await asyncio.to_thread(sys.stdin.readline)).split():
            answer: Any = None
            match line:
                case ["wait", count]:
                    while len(readings) < int(count):  # noqa: ASYNC110 - filled by the other task
                        await asyncio.sleep(0.02)
                case ["mark"]:
                    before = _marked_mib()
                case ["report"]:
                    grown = _memory_mib("VmHWM") - before
                    answer = {"grown_mib": grown, "readings": readings, "counts": driver.counters()}
            print(json.dumps(answer), flush=True)


def main() -> None:
    if len(sys.argv) > 1:
        asyncio.run(_be_a_driver(int(sys.argv[1])))
        return
    for name in FLOODS:
        outcome = asyncio.run(outcome_of(name))
        after = "received afterwards" if outcome.readings[-1:] == [2] else "NOTHING RECEIVED afterwards"
        what = {count: number for count, number in outcome.counts.items() if number}
        print(f"{name:17}{outcome.sent_mib:6.1f} MiB sent, memory + {outcome.grown_mib:4.1f} MiB at the peak, {after}")
        print(f"{'':17}{what}")


async def _collect(driver: Driver, readings: list[float]) -> None:
    async for batch in driver.batches():
        readings += [float(batch.values[0])]


def _marked_mib() -> float:
    """The memory now; from here on the peak is counted anew."""
    _PEAK.write_text("5")
    return _memory_mib("VmRSS")


def _memory_mib(what: str) -> float:
    (line,) = (line for line in _STATUS.read_text().splitlines() if line.startswith(f"{what}:"))
    return int(line.split()[1]) / 1024


def _head(size: int) -> bytes:
    """The fixed header of a PUBLISH with QoS 0."""
    out = bytearray([0x30])
    while size > 0x7F:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*out, size])


if __name__ == "__main__":
    main()
