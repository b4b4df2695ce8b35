"""How a number is written in registers: its type, the order of its bytes, and what the raw value means.

Pure facts, without any reading: `codec` compiles them, profiles spell them out.
"""

import math
import re
import sys
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

Kind = Literal["u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64", "bcd16", "bcd32", "bcd64", "bool"]

Order = Literal[
    "AB", "BA",
    "ABCD", "DCBA", "BADC", "CDAB",
    "ABCDEFGH", "HGFEDCBA", "BADCFEHG", "GHEFCDAB", "CDABGHEF", "EFGHABCD",
]  # fmt: skip
"""The bytes of a value as they arrive, A being the highest."""

WideOrder = Literal["ABCD", "DCBA", "BADC", "CDAB"]
"""What a whole device is said to use. It goes for values of 64 bits, too; in one register the high byte comes first."""

How = Literal["factor", "exponent", "decimals"]
"""What another register says of a value: multiply by it, by ten to its power, or divide by ten to its power."""

_DTYPE = {
    "u16": "<u2",
    "s16": "<i2",
    "u32": "<u4",
    "s32": "<i4",
    "u64": "<u8",
    "s64": "<i8",
    "f32": "<f4",
    "f64": "<f8",
    "bcd16": "<u2",
    "bcd32": "<u4",
    "bcd64": "<u8",
    "bool": "u1",
}
_OF_64_BITS: dict[str, Order] = {
    "ABCD": "ABCDEFGH", "DCBA": "HGFEDCBA", "BADC": "BADCFEHG", "CDAB": "GHEFCDAB",
}  # fmt: skip
_WHOLE = r"\s*(-?(?:0[xX][0-9a-fA-F]{1,16}|\d{1,20}))\s*"
_RANGE = re.compile(f"{_WHOLE}-{_WHOLE}")


class Raw(NamedTuple):
    """Raw values from `first` to `last`, both included."""

    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one point is written: value = raw * scale * factor + offset + addend, unknown outside [low, high].

    `bit` of a bool is counted from the lowest; `bits` is a field inside an unsigned number, its lowest and highest bit.
    `sentinels` are raw values that mean "no value". `codes` gives the value of each raw value that has a meaning;
    others are unknown. `factor` and `addend` are columns of the same device, the first with what its value means.
    """

    kind: Kind
    order: Order = "ABCD"
    bit: int = 0
    bits: tuple[int, int] | None = None
    scale: float = 1.0
    offset: float = 0.0
    sentinels: tuple[Raw, ...] = ()
    codes: tuple[tuple[float, float], ...] = ()
    factor: tuple[int, How] | None = None
    addend: int | None = None
    low: float = -math.inf
    high: float = math.inf


def dtype_of(kind: Kind) -> np.dtype[np.generic]:
    """The numpy type of the raw value, lowest byte first."""
    return np.dtype(_DTYPE[kind])


def registers(kind: Kind) -> int:
    """Registers that a value of this kind takes."""
    return max(1, dtype_of(kind).itemsize // 2)


def fits(order: Order, kind: Kind) -> bool:
    """Whether the order has a letter for every byte, or is one of 32 bits that is understood for 64."""
    return len(order) in {2 * registers(kind), 4 if registers(kind) == 4 else 0}


def lowest_first(kind: Kind, order: Order) -> tuple[int, ...]:
    """Byte offsets of a value on the wire, from its lowest byte to its highest."""
    size = 2 * registers(kind)
    if size == 8:
        order = _OF_64_BITS.get(order, order)
    elif size == 2 and order != "BA":
        order = "AB"
    return tuple(order.index(letter) for letter in reversed("ABCDEFGH"[:size]))


def sentinel(kind: Kind, written: float | str) -> Raw | None:
    """The raw values that are meant by a sentinel as a person writes it, or None if the kind cannot hold them.

    It is a number, or two with a dash: 0xFFF8-0xFFFF. 0x8000 for s16 is its bit pattern, so it means -32768. Above
    2**53 a sentinel is as exact as a float64.
    """
    if isinstance(written, str):
        match = _RANGE.fullmatch(written)
        ends = (_raw(kind, _whole(match[1])), _raw(kind, _whole(match[2]))) if match else (None, None)
    else:
        ends = (_raw(kind, written),) * 2
    first, last = ends
    return None if first is None or last is None or first > last else Raw(first, last)


def _whole(text: str) -> int:
    return int(text, 16 if "x" in text.lower() else 10)


def _raw(kind: Kind, written: float) -> float | None:
    dtype: np.dtype[Any] = dtype_of(kind)
    if not abs(written) <= sys.float_info.max:  # nor does a NaN
        return None
    if kind.startswith("bcd"):
        return float(written) if written == int(written) and 0 <= written < 10 ** (2 * dtype.itemsize) else None
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            value = float(dtype.type(written))
        return value if math.isfinite(value) else None
    limits = np.iinfo(dtype)
    if written != int(written) or not limits.min <= written < 1 << limits.bits:
        return None
    return float(written - (1 << limits.bits) if written > limits.max else written)
