"""How a point's value is written in registers, as its profile has it in YAML.

It shares nothing with our decoder, so that a mistake in one cannot be hidden by the same mistake in the other: words
come from pymodbus's own conversion, and what it does not know is written down here a second time.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pymodbus.client.mixin import ModbusClientMixin

Floats = NDArray[np.float64]
Patterns = NDArray[np.uint64]
"""Raw values as bits, the lowest one being bit 0 of the number."""

_UNSIGNED = {
    1: ModbusClientMixin.DATATYPE.UINT16,
    2: ModbusClientMixin.DATATYPE.UINT32,
    4: ModbusClientMixin.DATATYPE.UINT64,
}
_BIT_TABLES = ("coil", "discrete")


@dataclass(frozen=True, slots=True)
class Spot:
    """A point's place and encoding: value = raw * scale * factor + offset + addend.

    `bits` of its registers from `shift` on are its own. `codes` gives the value of each raw one, if the point has a
    map; `factor` and `addend` are the columns of the points that scale and move it, the first with what it means.
    """

    table: str
    address: int  # on the wire
    type: str
    order: str
    registers: int
    shift: int
    bits: int
    scale: float
    offset: float
    codes: Mapping[int, float]
    sentinels: tuple[tuple[float, float], ...]
    factor: tuple[int, str] | None
    addend: int | None

    @property
    def is_float(self) -> bool:
        """Whether the raw value has decimals."""
        return self.type[0] == "f"

    @property
    def raw_range(self) -> tuple[float, float]:
        """The smallest and the largest raw value that can be written; of integers, what a float64 can count."""
        if self.is_float:
            largest = float(np.finfo(np.float32 if self.type == "f32" else np.float64).max)
            return -largest, largest
        if self.type[0] == "s":
            return -(2.0 ** (self.bits - 1)), below(2.0 ** (self.bits - 1))
        return 0.0, below(10.0 ** (self.bits // 4) if self.type.startswith("bcd") else 2.0**self.bits)

    def raw(self, values: Floats, factor: Floats | float = 1.0, addend: Floats | float = 0.0) -> Floats:
        """The raw values [T] that come nearest to values [T]."""
        if self.codes:
            meant = np.array(list(self.codes.values()))
            nearest = np.abs(values[:, None] - meant).argmin(axis=1)
            codes: Floats = np.array(list(self.codes), dtype=np.float64)[nearest]
            return codes
        with np.errstate(all="ignore"):
            raw = np.asarray((values - self.offset - addend) / (self.scale * factor)).clip(*self.raw_range)
        raw[np.isnan(raw)] = 0.0
        if self.is_float:
            return raw.astype(np.float32).astype(np.float64) if self.type == "f32" else raw
        return raw.round()

    def value(self, raw: Floats, factor: Floats | float = 1.0, addend: Floats | float = 0.0) -> Floats:
        """What raw values [T] mean; NaN for a sentinel and for a code without a meaning."""
        values = raw * self.scale * factor + addend + self.offset
        if self.codes:
            values = np.array([self.codes.get(code, math.nan) for code in raw.tolist()])
        for first, last in self.sentinels:
            values = np.where((raw >= first) & (raw <= last), math.nan, values)
        return values

    def pattern(self, raw: Floats) -> Patterns:
        """The bits that show raw values [T]."""
        if self.is_float:
            size = 4 if self.type == "f32" else 8
            return raw.astype(f"f{size}").view(f"u{size}").astype(np.uint64)
        if self.type.startswith("bcd"):
            digits = raw.astype(np.uint64)
            whole = np.zeros_like(digits)
            for n in range(self.bits // 4):
                whole |= digits // 10**n % 10 << 4 * n
            return whole
        whole = raw.astype(np.int64).view(np.uint64) if self.type[0] == "s" else raw.astype(np.uint64)
        return (whole & np.uint64((1 << self.bits) - 1)) << np.uint64(self.shift)

    def number(self, pattern: Patterns) -> Floats:
        """The raw values [T] that bits show; NaN where four bits are no decimal digit."""
        if self.is_float:
            size = 4 if self.type == "f32" else 8
            return pattern.astype(f"u{size}").view(f"f{size}").astype(np.float64)
        whole = pattern >> self.shift & (1 << self.bits) - 1
        if self.type.startswith("bcd"):
            digits = np.array([whole >> 4 * n & 15 for n in range(self.bits // 4)], dtype=np.float64)
            raw = (digits * 10.0 ** np.arange(len(digits))[:, None]).sum(axis=0)
            return np.where((digits > 9).any(axis=0), math.nan, raw)
        if self.type[0] == "s":
            rest = 64 - self.bits
            return (whole << rest).view(np.int64).astype(np.float64) / 2.0**rest
        return whole.astype(np.float64)

    @property
    def unknown(self) -> int:
        """The bits that stand for no value: a sentinel that the profile names, else the largest one without a meaning.

        A single bit cannot say so, and is 0.
        """
        if self.sentinels:
            return int(self.pattern(np.array([self.sentinels[0][0]]))[0])
        if self.is_float:
            return int(self.pattern(np.array([math.nan]))[0])
        ones = (1 << self.bits - (self.type[0] == "s")) - 1
        spare = (code for code in range(ones, -1, -1) if code not in self.codes)
        return 0 if self.bits == 1 else next(spare, 0) << self.shift

    def words(self, pattern: int) -> list[int]:
        """The registers (or the one bit) that hold these bits."""
        if self.table in _BIT_TABLES:
            return [pattern]
        size = 2 * self.registers
        if len(self.order) == size != 4:
            high_first = pattern.to_bytes(size, "big")
            data = bytes(high_first["ABCDEFGH".index(letter)] for letter in self.order)
            return [data[i] << 8 | data[i + 1] for i in range(0, size, 2)]
        word_order: Literal["big", "little"] = "little" if self.order in ("CDAB", "DCBA") else "big"
        words = ModbusClientMixin.convert_to_registers(pattern, _UNSIGNED[self.registers], word_order)
        if size > 2 and self.order in ("BADC", "DCBA"):
            return [(word & 0xFF) << 8 | word >> 8 for word in words]
        return words


def below(limit: float) -> float:
    """The largest whole number below a whole limit that a float64 can hold."""
    return limit - 1.0 if limit <= 2.0**53 else math.nextafter(limit, 0.0)
