"""Numbers as registers: pymodbus's own conversion, and orders, digits and texts by hand; nothing of drivers.codec."""

from collections.abc import Sequence
from typing import Any

from pymodbus.client.mixin import ModbusClientMixin

from drivers.modbus.point import ModbusPoint

_KINDS = {
    "u16": ModbusClientMixin.DATATYPE.UINT16,
    "s16": ModbusClientMixin.DATATYPE.INT16,
    "u32": ModbusClientMixin.DATATYPE.UINT32,
    "s32": ModbusClientMixin.DATATYPE.INT32,
    "u64": ModbusClientMixin.DATATYPE.UINT64,
    "s64": ModbusClientMixin.DATATYPE.INT64,
    "f32": ModbusClientMixin.DATATYPE.FLOAT32,
    "f64": ModbusClientMixin.DATATYPE.FLOAT64,
}


def words(point: ModbusPoint, order: str, raw: float) -> list[int]:
    """The registers that hold a raw number, in the order of a profile; a field or bit alone, all others 0."""
    if point.type == "bool":
        return [int(raw) << (point.bit or 0)]
    if point.bits:
        raw = int(raw) << int(point.bits.split("-")[0])
    if point.type.startswith("bcd"):
        size = int(point.type[3:]) // 16
        highest_first = list(int(str(int(raw)), 16).to_bytes(2 * size, "big"))
    else:
        written: Any = raw if point.type[0] == "f" else int(raw)
        highest_first = [
            byte
            for word in ModbusClientMixin.convert_to_registers(written, _KINDS[point.type])
            for byte in divmod(word, 256)
        ]
    return _paired(_ordered(highest_first, point.order or order))


def text(characters: str, registers: int, order: str) -> list[int]:
    """A text padded with NUL, two characters to a register."""
    data = list(characters.encode("ascii").ljust(2 * registers, b"\0"))
    return [
        high << 8 | low if order == "AB" else low << 8 | high for high, low in zip(data[::2], data[1::2], strict=True)
    ]


def _ordered(data: list[int], order: str) -> list[int]:
    if len(order) == len(data):
        return [data["ABCDEFGH".index(letter)] for letter in order]
    if len(order) == 4 and len(data) == 8:  # a device's order, said for 32 bits
        pairs = [data[i : i + 2] for i in range(0, 8, 2)]
        pairs = pairs[::-1] if order in ("CDAB", "DCBA") else pairs
        return [byte for pair in pairs for byte in (pair[::-1] if order in ("BADC", "DCBA") else pair)]
    return data


def _paired(data: Sequence[int]) -> list[int]:
    return [high << 8 | low for high, low in zip(data[::2], data[1::2], strict=True)]
