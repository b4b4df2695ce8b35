"""Turns the bytes of a device's answers into one row of values, in a fixed number of numpy calls; knows no wire.

The first step is one gather: the bytes of all points, put in the order little-endian numbers of one type after the
other. What follows works on whole types and whole rows, whatever the word orders and addresses were.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.encoding import Encoding, Kind, dtype_of, lowest_first
from drivers.meaning import Links, Meanings
from drivers.plan import Read, is_bits

Floats = NDArray[np.float64]
Turn = Callable[[NDArray[np.unsignedinteger]], NDArray[np.generic]]


class Decoder:
    """A compiled decoder for P points that arrive in the answers to the given reads."""

    def __init__(self, encodings: Sequence[Encoding], reads: Sequence[Read]) -> None:
        spots = sorted(_spots(encodings, reads), key=_by_type)
        self._blank = tuple(bytes(read.size) for read in reads)
        self._size = sum(read.size for read in reads)
        self._gather = np.array([i for spot in spots for i in spot.bytes], dtype=np.intp)
        self._types = _types(spots)
        self._width = len(encodings)
        self._of_read = [np.array([part.point for part in read.slices], dtype=np.intp) for read in reads]
        self._meanings = Meanings(encodings)
        self._scale = _unless_all(1.0, [encoding.scale for encoding in encodings])
        self._offset = _unless_all(0.0, [encoding.offset for encoding in encodings])
        largest = sys.float_info.max  # so that infinities are out of range, too
        self._low = np.array([max(encoding.low, -largest) for encoding in encodings])
        self._high = np.array([min(encoding.high, largest) for encoding in encodings])
        self._links = Links.of(encodings)

    def decode(self, answers: Sequence[bytes | None]) -> Floats:
        """Decode the data bytes of each read's answer, None where there is none, to values [P].

        NaN is what was not answered, a sentinel, not finite or out of range. Raises ValueError if the sizes are wrong.
        """
        data = b"".join([a if a is not None else blank for a, blank in zip(answers, self._blank, strict=True)])
        if len(data) != self._size:
            raise ValueError(f"{len(data)} bytes do not fill {self._size}")
        with np.errstate(all="ignore"):
            row = self._raw(np.frombuffer(data, np.uint8))
            if None in answers:
                for answer, columns in zip(answers, self._of_read, strict=True):
                    if answer is None:
                        row[columns] = np.nan
            self._meanings.apply(row)
            if self._scale is not None:
                row *= self._scale
            if self._links:
                self._links.apply(row)
            if self._offset is not None:
                row += self._offset
            row[(row < self._low) | (row > self._high)] = np.nan
        return row

    def _raw(self, data: NDArray[np.uint8]) -> Floats:
        """Raw values [P] in column order; NaN where no read brings the point."""
        ordered = data.take(self._gather)
        values = np.full(self._width, np.nan)
        for part in self._types:
            found = ordered[part.bytes].view(part.dtype)
            values[part.columns] = found if part.turn is None else part.turn(found)
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
    """All values of one kind: where their bytes are after the gather, which columns they fill, what is done to them."""

    dtype: np.dtype[np.generic]
    bytes: slice
    columns: slice | NDArray[np.intp]
    turn: Turn | None


def _spots(encodings: Sequence[Encoding], reads: Sequence[Read]) -> list[_Spot]:
    found: list[_Spot] = []
    base = 0
    for read in reads:
        for column, offset in read.slices:
            encoding = encodings[column]
            if is_bits(read.table):
                found.append(_Spot(column, encoding, (base + offset // 8,), 1 << offset % 8))
            elif encoding.kind == "bool":
                byte = (
                    base + 2 * offset + ((encoding.bit < 8) != (encoding.order == "BA"))
                )  # else the high byte is first
                found.append(_Spot(column, encoding, (byte,), 1 << encoding.bit % 8))
            else:
                places = lowest_first(encoding.kind, encoding.order)
                found.append(_Spot(column, encoding, tuple(base + 2 * offset + i for i in places)))
        base += read.size
    return found


def _by_type(spot: _Spot) -> tuple[int, Kind, bool, int]:
    """Wide types first, so that each type's bytes begin where numpy can view them."""
    return -len(spot.bytes), *_group(spot), spot.column


def _group(spot: _Spot) -> tuple[Kind, bool]:
    return spot.encoding.kind, spot.encoding.bits is not None


def _types(spots: Sequence[_Spot]) -> list[_Type]:
    types: list[_Type] = []
    first = 0
    for (kind, _), same in groupby(spots, key=_group):
        group = list(same)
        last = first + sum(len(spot.bytes) for spot in group)
        types.append(_Type(dtype_of(kind), slice(first, last), _columns(group), _turn(kind, group)))
        first = last
    return types


def _turn(kind: Kind, group: Sequence[_Spot]) -> Turn | None:
    """What makes numbers of the raw ones: a bit, a field of bits, decimal digits; None if they are numbers."""
    if kind == "bool":
        return partial(_bit, np.array([spot.mask for spot in group], dtype=np.uint8))
    if kind.startswith("bcd"):
        return _from_digits
    fields = [spot.encoding.bits for spot in group if spot.encoding.bits is not None]
    if not fields:
        return None
    dtype: np.dtype[Any] = dtype_of(kind)
    masks = np.array([(1 << high - low + 1) - 1 for low, high in fields], dtype)
    return partial(_field, np.array([low for low, _ in fields], dtype), masks)


def _bit(masks: NDArray[np.uint8], raw: NDArray[np.unsignedinteger]) -> NDArray[np.bool_]:
    return np.asarray(raw & masks != 0)


def _field(
    shifts: NDArray[np.unsignedinteger], masks: NDArray[np.unsignedinteger], raw: NDArray[np.unsignedinteger]
) -> NDArray[np.unsignedinteger]:
    return np.asarray(raw >> shifts & masks)


def _from_digits(raw: NDArray[np.unsignedinteger]) -> Floats:
    """Binary coded decimals: four bits a digit; NaN where four bits are no digit."""
    places = np.arange(2 * raw.itemsize)
    digits = raw[:, None] >> (4 * places).astype(raw.dtype) & np.array(15, raw.dtype)
    values = digits @ 10.0**places
    values[(digits > 9).any(axis=1)] = np.nan
    return np.asarray(values)


def _columns(spots: Sequence[_Spot]) -> slice | NDArray[np.intp]:
    """The columns in rising order; a slice if they are neighbours, because numpy fills that several times as fast."""
    columns = [spot.column for spot in spots]
    if columns[-1] - columns[0] == len(columns) - 1:
        return slice(columns[0], columns[-1] + 1)
    return np.array(columns, dtype=np.intp)


def _unless_all(trivial: float, numbers: Sequence[float]) -> Floats | None:
    return None if all(number == trivial for number in numbers) else np.array(numbers)
