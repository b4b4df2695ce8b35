"""Modbus TCP servers for tests: one that can go wrong in every known way, and the means to put a driver in front."""

import asyncio
import struct
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from drivers.device import Batch, Clock
from drivers.modbus.driver import ModbusDriver
from drivers.modbus.profile import ModbusProfile
from drivers.modbus.settings import ModbusConnection, ModbusDevice
from gateway.core.clock import ScaledClock, SystemClock
from tests.listening import listening

TIMEOUT_S = 0.1
Send = Callable[[bytes], Awaitable[None]]


@dataclass
class FaultServer:
    """Answers FC 3 and 4 with registers that all hold the number of the question, or fails as its script says.

    `script` is used up one mode per question, then `modes` by unit holds, then all is good.
    """

    modes: dict[int, str] = field(default_factory=dict)
    script: deque[str] = field(default_factory=deque)
    holes: frozenset[int] = frozenset()
    longest: int = 125
    words: dict[int, int] = field(default_factory=dict)  # registers that hold something of their own
    delay_s: float = 0.0
    asked: int = 0
    answered: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))  # by unit, correct answers only
    questions: Counter[int] = field(default_factory=Counter)  # by unit
    reads: list[tuple[int, int]] = field(default_factory=list)  # address, count
    order: list[int] = field(default_factory=list)  # the units, question by question
    functions: set[int] = field(default_factory=set)
    in_flight: int = 0
    most_in_flight: int = 0
    connections: int = 0
    port: int = 0
    _listening: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        self.port = await self._listening.enter_async_context(listening(self._serve, port=self.port))

    async def stop(self) -> None:
        await self._listening.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        tasks: set[asyncio.Task[None]] = set()
        try:
            while True:
                frame = await reader.readexactly(12)
                task = asyncio.create_task(self._answer(frame, writer))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        finally:
            for task in tasks:
                task.cancel()

    async def _answer(self, frame: bytes, writer: asyncio.StreamWriter) -> None:
        transaction, _, _, unit, function, address, count = struct.unpack(">HHHBBHH", frame)
        self.asked += 1
        number = self.asked % 60000
        self.questions[unit] += 1
        self.order.append(unit)
        self.functions.add(function)
        self.reads.append((address, count))
        mode = self.script.popleft() if self.script else self.modes.get(unit, "good")
        if self.holes & set(range(address, address + count)):
            mode = "exc2"
        elif count > self.longest:
            mode = "exc3"
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(self.delay_s)
        self.in_flight -= 1
        if mode in ("good", "trickle"):
            self.answered[unit].add(number)
        packets = _packets(mode, transaction, unit, function, count, number)
        if mode == "good" and self.words:
            cells = [self.words.get(i, number) for i in range(address, address + count)]
            packets = [packets[0][:9] + struct.pack(f">{count}H", *cells)]
        if mode == "slow":
            await asyncio.sleep(1.5 * TIMEOUT_S)
        for packet in packets:
            writer.write(packet)
            if mode == "trickle":
                await asyncio.sleep(0.001)
        if mode == "close":
            writer.close()


def _frame(transaction: int, unit: int, function: int, body: bytes) -> bytes:
    return struct.pack(">HHHBB", transaction & 0xFFFF, 0, 2 + len(body), unit, function) + body


def _registers(count: int, number: int) -> bytes:
    return bytes([2 * count & 0xFF]) + struct.pack(">H", number) * count


def _packets(mode: str, transaction: int, unit: int, function: int, count: int, number: int) -> list[bytes]:
    body = _registers(count, number)
    good = _frame(transaction, unit, function, body)
    if mode.startswith("exc"):
        return [_frame(transaction, unit, function | 0x80, bytes([int(mode[3:])]))]
    return {
        "good": [good],
        "slow": [good],
        "silent": [],
        "close": [],
        "half": [good[:6]],
        "most": [good[:-1]],
        "trickle": [bytes([byte]) for byte in good],
        "wrongtid": [_frame(transaction + 1, unit, function, body)],
        "prevtid": [_frame(transaction - 1, unit, function, body)],
        "zerotid": [_frame(0, unit, function, body)],
        "wronguid": [_frame(transaction, unit ^ 3, function, body)],
        "wrongfc": [_frame(transaction, unit, function ^ 7, body)],
        "unknownfc": [_frame(transaction, unit, 0x63, body)],
        "short": [_frame(transaction, unit, function, _registers(count - 1, number))],
        "long": [_frame(transaction, unit, function, _registers(count + 4, number))],
        "noexc": [_frame(transaction, unit, function | 0x80, b"")],
        "otherexc": [_frame(transaction, unit, 0x85, b"\2")],
        "garbage": [bytes(range(190, 254))],
        "protocol": [good[:2] + b"\0\1" + good[4:]],
        "hugelen": [good[:4] + b"\xff\xff" + good[6:]],
        "two": [good + _frame(transaction + 1, unit, function, _registers(count, number + 1))],
        "bytecountlie": [good[:8] + b"\xfa" + good[9:]],
    }[mode]


@asynccontextmanager
async def serving(server: FaultServer) -> AsyncIterator[FaultServer]:
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def profile(*points: dict[str, Any], **settings: Any) -> ModbusProfile:
    """A profile of the given points; a point without a name or type gets one."""
    written = [{"name": f"p{i}", "type": "u16", **point} for i, point in enumerate(points)]
    return ModbusProfile.model_validate({"profile": "test", "driver": "modbus", "points": written, **settings})


def device(name: str, unit: int = 1, every: str = "20ms") -> ModbusDevice:
    return ModbusDevice.model_validate({"id": name, "profile": "test", "on": "bus", "unit": unit, "every": every})


def driver(port: int, what: ModbusProfile, *devices: ModbusDevice, clock: Clock, **connection: Any) -> ModbusDriver:
    settings = {"driver": "modbus", "url": f"tcp://127.0.0.1:{port}", "timeout": f"{TIMEOUT_S}s", **connection}
    return ModbusDriver("bus", ModbusConnection.model_validate(settings), devices, {"test": what}, clock)


@asynccontextmanager
async def polling(driver: ModbusDriver) -> AsyncIterator[list[Batch]]:
    """The driver at work; the list grows as batches come."""
    got: list[Batch] = []

    async def consume() -> None:
        async for batch in driver.batches():
            got.append(batch)  # noqa: PERF401 - watched while it grows

    task = asyncio.create_task(consume())
    try:
        yield got
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def eventually(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what is watched knows no events
            await asyncio.sleep(0.005)


async def until(driver: ModbusDriver, enough: Callable[[list[Batch]], bool], within_s: float = 10.0) -> list[Batch]:
    """Poll until there are enough batches, or something else has happened."""
    async with polling(driver) as got:
        await eventually(lambda: enough(got), within_s)
    return got


def values(batches: list[Batch]) -> set[int]:
    """The distinct numbers in the batches; NaN is an error."""
    return {int(value) for batch in batches for value in batch.values}


def fast(speed: float) -> ScaledClock:
    """A clock that runs `speed` times as fast as the wall and shows the wall's time now."""
    now = SystemClock().now()
    return ScaledClock(now, now, speed)
