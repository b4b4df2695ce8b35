"""One simulated unit's registers: its values, encoded as its profile says, by pymodbus's own conversion.

It shares nothing with our decoder, so that a mistake in one cannot be hidden by the same mistake in the other. Profile
points are taken as they are written in YAML: table, address, type, order, bit, scale, offset.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from pymodbus.client.mixin import ModbusClientMixin

from drivers.device import Profile

Image = dict[str, dict[int, int]]
"""What each table holds, by address; an address that is absent is a hole."""

_TYPES = {
    "u16": ModbusClientMixin.DATATYPE.UINT16,
    "s16": ModbusClientMixin.DATATYPE.INT16,
    "u32": ModbusClientMixin.DATATYPE.UINT32,
    "s32": ModbusClientMixin.DATATYPE.INT32,
    "u64": ModbusClientMixin.DATATYPE.UINT64,
    "s64": ModbusClientMixin.DATATYPE.INT64,
    "f32": ModbusClientMixin.DATATYPE.FLOAT32,
    "f64": ModbusClientMixin.DATATYPE.FLOAT64,
}


class RegisterMap:
    """Where a profile's points live. Gaps of up to `max_gap` addresses read as zero, wider ones are holes."""

    def __init__(self, profile: Profile) -> None:
        self.limit = int(getattr(profile, "max_registers", 125))
        self._spots = [_Spot.of(point, getattr(profile, "order", "ABCD")) for point in profile.points]
        self._blank = _blank(self._spots, int(getattr(profile, "max_gap", 0)))

    def image(self, values: Sequence[float]) -> Image:
        """All tables of a unit that measures these values [P]."""
        image = {table: dict(cells) for table, cells in self._blank.items()}
        for spot, value in zip(self._spots, values, strict=True):
            cells = image[spot.table]
            for address, word in enumerate(spot.words(value), spot.address):
                cells[address] |= word
        return image


@dataclass(frozen=True, slots=True)
class _Spot:
    """A point's place and encoding."""

    table: str
    address: int
    type: str
    order: str
    bit: int
    scale: float
    offset: float

    @classmethod
    def of(cls, point: Any, order: str) -> "_Spot":
        table = getattr(point, "table", "holding")
        own_order = getattr(point, "order", None) or order
        scale, offset = float(getattr(point, "scale", 1.0)), float(getattr(point, "offset", 0.0))
        return cls(table, int(point.address), point.type, own_order, getattr(point, "bit", None) or 0, scale, offset)

    def words(self, value: float) -> list[int]:
        """The registers (or the one bit) that show a value."""
        if self.type == "bool":
            return [int(value > 0.5) << self.bit]
        type_ = _TYPES[self.type]
        raw = (value - self.offset) / self.scale
        word_order: Literal["big", "little"] = "little" if self.order in ("CDAB", "DCBA") else "big"
        words = ModbusClientMixin.convert_to_registers(
            raw if self.type[0] == "f" else _whole(raw, self.type), type_, word_order
        )
        if len(words) > 1 and self.order in ("BADC", "DCBA"):
            return [(word & 0xFF) << 8 | word >> 8 for word in words]
        return words


def _whole(raw: float, type_: str) -> int:
    """The nearest number that the type can show; the largest one stands for no value, as on real devices."""
    bits = int(type_[1:])
    low, high = (0, (1 << bits) - 1) if type_[0] == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)
    return high if math.isnan(raw) else min(max(round(raw), low), high)


def _blank(spots: Sequence[_Spot], max_gap: int) -> Image:
    blank: Image = {}
    for spot in spots:
        cells = blank.setdefault(spot.table, {})
        cells.update(dict.fromkeys(range(spot.address, spot.address + len(spot.words(0.0))), 0))
    for cells in blank.values():
        for before, after in pairwise(sorted(cells)):
            if after - before <= max_gap + 1:
                cells.update(dict.fromkeys(range(before + 1, after), 0))
    return blank
