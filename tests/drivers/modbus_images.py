"""Register images of devices, and a server that refuses as real ones do: holes, lengths, halves of values."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.listening import listening

Image = Mapping[int, int]
_TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
_SWAPS = {"ABCD": (0, 1, 2, 3), "CDAB": (2, 3, 0, 1), "BADC": (1, 0, 3, 2), "DCBA": (3, 2, 1, 0)}


def packed(form: str, *numbers: float, order: str = "ABCD") -> list[int]:
    """Numbers as registers; `form` is struct's letter. An order of four letters goes for each half of 64 bits."""
    words: list[int] = []
    for number in numbers:
        data = struct.pack(f">{form}", number)
        if len(data) == 8 and order in ("CDAB", "DCBA"):
            data = data[4:] + data[:4]  # the lowest word first, as CDAB means it for the whole
        if len(data) >= 4:
            data = b"".join(bytes(data[i + j] for j in _SWAPS[order]) for i in range(0, len(data), 4))
        words += struct.unpack(f">{len(data) // 2}H", data)
    return words


def at(start: int, words: Sequence[int]) -> dict[int, int]:
    """Registers from an address on."""
    return dict(enumerate(words, start))


@dataclass
class ServedUnit:
    """What one unit holds and how it refuses. `then` changes the registers after each answered read of a table."""

    tables: Mapping[str, dict[int, int]] = field(default_factory=dict)
    most: int = 125
    walls: frozenset[int] = frozenset()
    pairs: bool = False
    silent_holes: bool = False
    then: Callable[[dict[int, int]], None] = lambda _: None
    busy: int = 0
    """So many questions are answered with exception 6 first."""

    def answer(self, function: int, address: int, count: int) -> bytes | None:
        """The body of the answer, None for silence."""
        table = self.tables.get(_TABLES.get(function, ""))
        if table is None:
            return bytes([function | 0x80, 1])
        if self.busy:
            self.busy -= 1
            return bytes([function | 0x80, 6])
        span = range(address, address + count)
        if (self.pairs and count % 2) or (function > 2 and count > self.most):
            return bytes([function | 0x80, 3])
        if any(place not in table for place in span) or self.walls & set(span[1:]):
            return None if self.silent_holes else bytes([function | 0x80, 2])
        values = [table[place] for place in span]
        self.then(table)
        if function > 2:
            return struct.pack(f">BB{count}H", function, 2 * count, *values)
        bits = sum(bool(value) << i for i, value in enumerate(values))
        size = -(-count // 8)
        return bytes([function, size]) + bits.to_bytes(size, "little")


@dataclass
class Bus:
    """Units behind one port. Who is not there: exception 11, or silence."""

    units: Mapping[int, ServedUnit]
    silent: bool = False
    rtu: bool = False
    """Frames of a serial line, as a converter passes them on."""
    asked: list[tuple[int, int, int, int]] = field(default_factory=list)  # unit, function, address, count
    hang_up_on: frozenset[int] = frozenset()
    """Units for whom the server drops the connection instead of answering."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = b"" if self.rtu else await reader.readexactly(6)
                unit, function, address, count = struct.unpack(">BBHH", await reader.readexactly(6))
                if self.rtu:
                    await reader.readexactly(2)
                self.asked.append((unit, function, address, count))
                if unit in self.hang_up_on:
                    break
                if unit in self.units:
                    body = self.units[unit].answer(function, address, count)
                else:
                    body = None if self.silent else bytes([function | 0x80, 11])
                if body is not None:
                    writer.write(self._framed(head, bytes([unit]) + body))
                    await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def _framed(self, head: bytes, answer: bytes) -> bytes:
        if self.rtu:
            return answer + crc16(answer).to_bytes(2, "little")
        return head[:4] + struct.pack(">H", len(answer)) + answer


def crc16(data: bytes) -> int:
    """The checksum of a serial frame, Modbus over serial line 1.02, appendix B."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


@asynccontextmanager
async def serving(bus: Bus) -> AsyncIterator[int]:
    """The bus on a free port of this machine; yields the port."""
    async with listening(bus.serve) as port:
        yield port


def sdm630() -> ServedUnit:
    """Eastron SDM630: f32 ABCD in input registers, an even number of them, at most 80; holes from 0x50 to 0xC7."""
    words = packed(
        "f",
        *(229.81, 230.44, 228.97, 12.337, 9.81, 0.0, 2817.4, 2201.3, 0.0, 2835.1, 2260.8, 0.0, 310.2, -120.5, 0.0),
        *(0.993, 0.974, 1.0, 0.0, 0.0, 0.0, 229.74, 0.0, 7.38, 22.15, 0.0, 5018.7, 0.0, 5095.9, 0.0, 189.7, 0.985),
        *(0.0, 9.9, 0.0, 49.98, 18342.6, 12.4, 3120.5, 88.1),
    )
    later = packed("f", 398.2, 399.1, 397.6, 398.3, *[0.0] * 13, 2.1, 2.3, 2.2, 31.5, 28.9, 0.0, 20.1, 2.2, 0.0)

    def measure(table: dict[int, int]) -> None:
        table[1] ^= 1

    image = {**at(0, words), **at(0xC8, later[:52])}
    return ServedUnit({"input": image}, most=80, pairs=True, then=measure)


def em24() -> ServedUnit:
    """Carlo Gavazzi EM24 on RS-485: s32 CDAB, then s16; at most 11 registers in one answer."""
    values = (2301, 2298, 2310, 3981, 3979, 4002, 12337, 9810, 0, 28174, 22013, -1200)
    words = packed("i", *values, order="CDAB") + [0] * 16 + packed("i", 17799, order="CDAB") + [0] * 8
    words[0x32:0x38] = [993, 974, 65236, 985, 0, 500]
    return ServedUnit({"input": at(0, words + [0] * (0x44 - len(words)))}, most=11)


def acrel() -> ServedUnit:
    """Acrel ADW300: u16 tenths of volts and hundredths of amperes, s32 ABCD watts and energy."""
    words = [2301, 2298, 2310, 3981, 3979, 4002, 1234, 987, 1102, 0, *packed("i", 2840, 2259, -400, 4699)]
    energy = packed("i", 1834260, 1240)
    return ServedUnit({"holding": {**at(20, words), **at(62, energy)}})
