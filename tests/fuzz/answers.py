"""Answers of Modbus equipment, right ones and broken ones, and who is right without knowing the code under test."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from drivers.codec import Decoder
from drivers.modbus.knowledge import Knowledge, Layout
from drivers.modbus.point import ModbusPoint
from drivers.modbus.profile import ModbusProfile
from drivers.plan import FUNCTION

UNIT = 17
EDGES = (0, 1, 2, 3, 4, 6, 127, 128, 131, 132, 254, 255)
LENGTHS = (0, 1, 2, 3, 4, 253, 254, 255, 256)
"""Around the shortest and the longest frame that there is."""
_SHAPES = {"u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "s64": "q", "f32": "f", "f64": "d"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, the decoder of its answer, and the points that it reads."""

    points: Sequence[ModbusPoint]
    decoder: Decoder
    function: int
    count: int
    size: int

    @classmethod
    def of(cls, *points: dict[str, Any]) -> "Asked":
        """The points must fit into one read."""
        named = [{"name": f"p{i}", **point} for i, point in enumerate(points)]
        profile = ModbusProfile.model_validate({"profile": "fuzz", "driver": "modbus", "points": named})
        layout = Layout.of(profile, Knowledge())
        (read,) = layout.reads
        return cls(profile.points, layout.decoder, FUNCTION[read.table], read.count, read.size)

    def question(self, transaction: int) -> bytes:
        """As it leaves."""
        return struct.pack(">HHHBBHH", transaction, 0, 6, UNIT, self.function, 0, self.count)

    def answer(self, transaction: int, random: Random) -> bytes:
        """As it should come."""
        head = struct.pack(">HHHBBB", transaction, 0, self.size + 3, UNIT, self.function, self.size)
        return head + random.randbytes(self.size)

    def refusal(self, transaction: int, code: int) -> bytes:
        """A Modbus exception."""
        return struct.pack(">HHHBBB", transaction, 0, 3, UNIT, self.function | 128, code)


ASKED = (
    Asked.of(*({"address": 2 * i, "type": "f32", "low": -1e6, "high": 1e6} for i in range(10))),
    Asked.of(
        {"address": 0, "type": "u16", "low": 100, "high": 60000},
        {"address": 1, "type": "s16", "scale": 0.1, "sentinels": [-32768, 0x7FFF]},
        {"address": 2, "type": "u32", "order": "CDAB", "offset": -7.5},
        {"address": 4, "type": "f32", "order": "DCBA"},
        {"address": 6, "type": "s32", "order": "BADC"},
        {"address": 8, "type": "f64"},
        {"address": 12, "type": "s64"},
        {"address": 16, "type": "bool", "bit": 11},
    ),
    Asked.of(*({"address": i, "type": "u16", "table": "input"} for i in range(2))),
    Asked.of(*({"address": i, "type": "bool", "table": "coil"} for i in range(13))),
    Asked.of(*({"address": i, "type": "bool", "table": "discrete"} for i in range(8))),
)
"""Every function code that reads."""


def told(data: bytes, transaction: int, asked: Asked) -> bytes | None:
    """What a strict reader takes from the bytes: the data of the answer, empty if it is a refusal, None if it is none.

    Whole answers to earlier questions may come before it, nothing after it.
    """
    at = 0
    while len(data) - at > 8:
        number, protocol, length = struct.unpack_from(">HHH", data, at)
        end = at + 6 + length
        if protocol or not 3 <= length <= 254 or end > len(data):
            return None
        if number == transaction:
            return _body(data[at + 6 :], length, asked)
        if not 0 < number < transaction:
            return None
        at = end
    return None


def only_late(data: bytes, transaction: int) -> bool:
    """Whether the bytes are whole answers to this question or earlier ones, and nothing else."""
    at = 0
    while at < len(data):
        if len(data) - at < 9:
            return False
        number, protocol, length = struct.unpack_from(">HHH", data, at)
        at += 6 + length
        if protocol or not 3 <= length <= 254 or at > len(data) or not 0 < number <= transaction:
            return False
    return True


def _body(body: bytes, length: int, asked: Asked) -> bytes | None:
    if len(body) != length or body[0] != UNIT:
        return None
    if body[1] == asked.function | 128 and length == 3:
        return b""
    good = body[1] == asked.function and body[2] == asked.size == length - 3
    return body[3:] if good else None


def values(data: bytes, asked: Asked) -> list[float]:
    """What the data means, point by point; NaN for what is unknown."""
    return [_value(data, point) for point in asked.points]


def _value(data: bytes, point: ModbusPoint) -> float:
    address = point.address
    if point.table in ("coil", "discrete"):
        return float(data[address // 8] >> address % 8 & 1)
    if point.bit is not None:
        return float(int.from_bytes(data[2 * address : 2 * address + 2], "big") >> point.bit & 1)
    raw = data[2 * address : 2 * address + 2 * point.width]
    (number,) = struct.unpack(f">{_SHAPES[point.type]}", _highest_first(raw, point.order or "ABCD"))
    value = float(number) * point.scale + point.offset
    unknown = number in [_signed(mark, point.type) for mark in point.sentinels if not isinstance(mark, str)]
    return value if not unknown and math.isfinite(value) and point.low <= value <= point.high else math.nan


def _highest_first(raw: bytes, order: str) -> bytes:
    if len(raw) == 2 or order == "ABCD":
        return raw
    words = [raw[i : i + 2] for i in range(0, len(raw), 2)]
    if order in ("DCBA", "BADC"):
        words = [word[::-1] for word in words]
    return b"".join(words[::-1] if order in ("DCBA", "CDAB") else words)


def _signed(mark: float, kind: str) -> float:
    return mark - 65536 if kind == "s16" and mark > 32767 else mark
