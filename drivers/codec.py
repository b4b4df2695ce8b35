"""Turns the bytes of a device's answers into one row of values, in a fixed number of numpy calls; knows no wire.

The first step is one gather: the bytes of all points, put in the order little-endian numbers of one type after the
other. What follows works on whole types and whole rows, whatever the word orders and addresses were.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drivers.plan import Read, is_bits

Kind = Literal["u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64", "bool"]
Order = Literal["ABCD", "DCBA", "BADC", "CDAB"]
Floats = NDArray[np.float64]

_DTYPE = {
    "u16": "<u2",
    "s16": "<i2",
    "u32": "<u4",
    "s32": "<i4",
    "u64": "<u8",
    "s64": "<i8",
    "f32": "<f4",
    "f64": "<f8",
    "bool": "u1",
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one value is written in its registers: value = raw * scale + offset, unknown outside [low, high].

    `order` names the bytes of a 32-bit value as they arrive, A being the highest; 64-bit values follow the same two
    choices (words reversed, bytes in a word swapped), 16-bit values are always high byte first. `sentinels` are raw
    values that mean "no value". `bit` is counted from the lowest.
    """

    kind: Kind
    order: Order = "ABCD"
    bit: int = 0
    scale: float = 1.0
    offset: float = 0.0
    sentinels: tuple[float, ...] = ()
    low: float = -math.inf
    high: float = math.inf


def registers(kind: Kind) -> int:
    """Registers that a value of this kind takes."""
    return max(1, np.dtype(_DTYPE[kind]).itemsize // 2)


def sentinel(kind: Kind, written: float) -> float | None:
    """The raw value that is meant by a sentinel as a person writes it, or None if the kind cannot hold it.

    0x8000 for s16 is its bit pattern, so it means -32768. Above 2**53 a sentinel is as exact as a float64.
    """
    dtype = np.dtype(_DTYPE[kind])
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            value = float(dtype.type(written))
        return value if math.isfinite(value) else None
    limits = np.iinfo(dtype)
    if written != int(written) or not limits.min <= written < 1 << limits.bits:
        return None
    return float(written - (1 << limits.bits) if written > limits.max else written)


class Decoder:
    """A compiled decoder for P points that arrive in the answers to the given reads."""

    def __init__(self, encodings: Sequence[Encoding], reads: Sequence[Read]) -> None:
        spots = sorted(_spots(encodings, reads), key=lambda s: (-len(s.bytes), s.encoding.kind, s.column))
        self._blank = tuple(bytes(read.size) for read in reads)
        self._size = sum(read.size for read in reads)
        self._gather = np.array([i for spot in spots for i in spot.bytes], dtype=np.intp)
        self._types = _types(spots)
        self._width = len(encodings)
        self._of_read = [np.array([part.point for part in read.slices]) for read in reads]
        self._scale = _unless_all(1.0, [encoding.scale for encoding in encodings])
        self._offset = _unless_all(0.0, [encoding.offset for encoding in encodings])
        largest = sys.float_info.max  # so that infinities are out of range, too
        self._low = np.array([max(encoding.low, -largest) for encoding in encodings])
        self._high = np.array([min(encoding.high, largest) for encoding in encodings])
        marks = [(i, mark) for i, encoding in enumerate(encodings) for mark in encoding.sentinels]
        self._marked = np.array([i for i, _ in marks], dtype=np.intp)
        self._marks = np.array([mark for _, mark in marks])

    def decode(self, answers: Sequence[bytes | None]) -> Floats:
        """Decode the data bytes of each read's answer, None where there is none, to values [P].

        NaN is what was not answered, a sentinel, not finite or out of range. Raises ValueError if the sizes are wrong.
        """
        data = b"".join([a if a is not None else blank for a, blank in zip(answers, self._blank, strict=True)])
        if len(data) != self._size:
            raise ValueError(f"{len(data)} bytes do not fill {self._size}")
        with np.errstate(all="ignore"):
            row = self._raw(np.frombuffer(data, np.uint8))
            if self._marks.size:
                row[self._marked[row[self._marked] == self._marks]] = np.nan
            if self._scale is not None:
                row *= self._scale
            if self._offset is not None:
                row += self._offset
            row[(row < self._low) | (row > self._high)] = np.nan
        if None in answers:
            for answer, columns in zip(answers, self._of_read, strict=True):
                if answer is None:
                    row[columns] = np.nan
        return row

    def _raw(self, data: NDArray[np.uint8]) -> Floats:
        """Raw values [P] in column order."""
        ordered = data.take(self._gather)
        values = np.empty(self._width)
        for part in self._types:
            found = ordered[part.bytes].view(part.dtype)
            values[part.columns] = found if part.masks is None else found & part.masks != 0
        return values


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where in the joined answers the bytes of one column are, lowest first."""

    column: int
    encoding: Encoding
    bytes: tuple[int, ...]
    mask: int = 0


@dataclass(frozen=True, slots=True)
class _Type:
    """All values of one kind: where their bytes are after the gather, and which columns they fill."""

    dtype: np.dtype[np.generic]
    bytes: slice
    columns: slice | NDArray[np.intp]
    masks: NDArray[np.uint8] | None


def _spots(encodings: Sequence[Encoding], reads: Sequence[Read]) -> list[_Spot]:
    found: list[_Spot] = []
    base = 0
    for read in reads:
        for column, offset in read.slices:
            encoding = encodings[column]
            if is_bits(read.table):
                found.append(_Spot(column, encoding, (base + offset // 8,), 1 << offset % 8))
            elif encoding.kind == "bool":
                byte = base + 2 * offset + (encoding.bit < 8)  # the high byte comes first
                found.append(_Spot(column, encoding, (byte,), 1 << encoding.bit % 8))
            else:
                places = _lowest_first(registers(encoding.kind), encoding.order)
                found.append(_Spot(column, encoding, tuple(base + 2 * offset + i for i in places)))
        base += read.size
    return found


def _lowest_first(words: int, order: Order) -> list[int]:
    """Byte offsets of a value on the wire, from its lowest byte to its highest."""
    if words == 1:
        return [1, 0]
    by_word = range(words) if order in ("CDAB", "DCBA") else range(words - 1, -1, -1)
    in_word = (0, 1) if order in ("DCBA", "BADC") else (1, 0)
    return [2 * word + byte for word in by_word for byte in in_word]


def _types(spots: Sequence[_Spot]) -> list[_Type]:
    types: list[_Type] = []
    first = 0
    for kind, same in groupby(spots, key=lambda spot: spot.encoding.kind):
        group = list(same)
        last = first + sum(len(spot.bytes) for spot in group)
        masks = np.array([spot.mask for spot in group], dtype=np.uint8) if kind == "bool" else None
        types.append(_Type(np.dtype(_DTYPE[kind]), slice(first, last), _columns(group), masks))
        first = last
    return types


def _columns(spots: Sequence[_Spot]) -> slice | NDArray[np.intp]:
    """The columns in rising order; a slice if they are neighbours, because numpy fills that several times as fast."""
    columns = [spot.column for spot in spots]
    if columns[-1] - columns[0] == len(columns) - 1:
        return slice(columns[0], columns[-1] + 1)
    return np.array(columns, dtype=np.intp)


def _unless_all(trivial: float, numbers: Sequence[float]) -> Floats | None:
    return None if all(number == trivial for number in numbers) else np.array(numbers)
