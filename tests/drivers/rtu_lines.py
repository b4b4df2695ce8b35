"""A serial line for tests: a pseudo-terminal pair with a Modbus RTU server of our own on the far end."""

import asyncio
import os
import struct
import tty
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_PAUSE_S = 0.002


def crc(data: bytes) -> bytes:
    """The checksum of Modbus over serial line, bit by bit."""
    found = 0xFFFF
    for byte in data:
        found ^= byte
        for _ in range(8):
            found = found >> 1 ^ (0xA001 if found & 1 else 0)
    return struct.pack("<H", found)


def frame(*parts: bytes | int) -> bytes:
    """A frame with its checksum."""
    body = b"".join(bytes([part]) if isinstance(part, int) else part for part in parts)
    return body + crc(body)


@dataclass
class Line:
    """Units on one line. All registers of a unit hold the number of the question; `modes` and `script` make it fail."""

    units: frozenset[int] = frozenset({1})
    modes: dict[int, str] = field(default_factory=dict)
    script: deque[str] = field(default_factory=deque)
    turnaround_s: float = 0.0
    asked: int = 0
    questions: Counter[int] = field(default_factory=Counter)
    answered: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    functions: set[int] = field(default_factory=set)
    requests: list[bytes] = field(default_factory=list)
    broken: int = 0
    path: str = ""
    _master: int = -1

    def feed(self, data: bytes) -> None:
        """Put bytes on the line that nobody asked for."""
        os.write(self._master, data)

    def open(self) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(slave)
        self._slave = slave

    def close(self) -> None:
        os.close(self._master)
        os.close(self._slave)

    async def serve(self) -> None:
        loop, received = asyncio.get_running_loop(), bytearray()
        ready = asyncio.Event()
        loop.add_reader(self._master, ready.set)
        try:
            while True:
                await ready.wait()
                ready.clear()
                with suppress(BlockingIOError):  # told twice of the same bytes
                    received += os.read(self._master, 1024)
                while len(received) >= 8:
                    question = bytes(received[:8])
                    del received[:8]
                    await self._take(question)
        finally:
            loop.remove_reader(self._master)

    async def _take(self, question: bytes) -> None:
        if crc(question[:-2]) != question[-2:]:
            self.broken += 1
            return
        self.requests.append(question)
        unit, function, _, count = struct.unpack(">BBHH", question[:6])
        self.asked += 1
        number = self.asked % 60000
        self.questions[unit] += 1
        self.functions.add(function)
        if unit not in self.units:
            return
        mode = self.script.popleft() if self.script else self.modes.get(unit, "good")
        if mode in _GOOD:
            self.answered[unit].add(number)
        await asyncio.sleep(self.turnaround_s)
        for packet in _packets(mode, question, unit, function, count, number):
            if isinstance(packet, float):
                await asyncio.sleep(packet)
            else:
                os.write(self._master, packet)


_GOOD = {"good", "trickle", "echo", "noise before", "noise after", "foreign before"}


def _packets(mode: str, question: bytes, unit: int, function: int, count: int, number: int) -> list[bytes | float]:
    def registers(words: int, value: int = number) -> bytes:
        return bytes([2 * words]) + struct.pack(">H", value) * words

    good = frame(unit, function, registers(count))
    trickled: list[bytes | float] = []
    for byte in good:
        trickled += [bytes([byte]), _PAUSE_S]
    packets: dict[str, list[bytes | float]] = {
        "good": [good],
        "silent": [],
        "trickle": trickled,
        "echo": [question + good],
        "noise before": [b"\xff\x00", good],
        "noise after": [good + b"\x00"],
        "foreign before": [frame(9, 3, 2, b"\0\7"), _PAUSE_S, good],
        "late": [0.15, good],
        "half": [good[:4]],
        "checksum": [good[:-2] + bytes([good[-2] ^ 1, good[-1]])],
        "flipped": [good[:4] + bytes([good[4] ^ 0x40]) + good[5:]],
        "wronguid": [frame(unit + 1, function, registers(count))],
        "wrongfc": [frame(unit, function ^ 7, registers(count))],
        "short": [frame(unit, function, registers(count - 1))],
        "long": [frame(unit, function, registers(count + 1))],
        "two": [good + frame(unit, function, registers(count, number + 1))],
        "garbage": [bytes(range(190, 254))],
        "flood": [bytes(range(256)) * 4],
        "exc2": [frame(unit, function | 0x80, 2)],
        "exc6": [frame(unit, function | 0x80, 6)],
    }
    return packets[mode]


@asynccontextmanager
async def on_line(line: Line) -> AsyncIterator[Line]:
    """The line with its units at work while the block lasts."""
    line.open()
    serving = asyncio.create_task(line.serve())
    try:
        yield line
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        assert serving.cancelled(), serving.exception()
        line.close()
