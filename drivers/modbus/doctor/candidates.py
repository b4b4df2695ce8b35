"""Every way to read a number out of registers: the types, each in all orders of its bytes. Pure arithmetic."""

from collections.abc import Sequence
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from drivers.encoding import Kind, Order, dtype_of, lowest_first, registers

Floats = NDArray[np.float64]
Words = NDArray[np.uint16]

_WIDE = (("u32", "s32", "f32", "bcd32"), ("u64", "s64", "f64"))


class Candidate(NamedTuple):
    """A type and an order."""

    kind: Kind
    order: Order

    @property
    def width(self) -> int:
        """Registers that it takes."""
        return registers(self.kind)

    def __str__(self) -> str:
        return self.kind if self.order == "AB" else f"{self.kind} {self.order}"


def _all() -> tuple[Candidate, ...]:
    orders: Sequence[Order] = get_args(Order)
    kinds: Sequence[Kind] = get_args(Kind)
    narrow = [Candidate("u16", "AB"), Candidate("s16", "AB"), Candidate("bcd16", "AB")]
    narrow += [Candidate("u16", "BA"), Candidate("s16", "BA")]
    wide = [
        Candidate(kind, order)
        for kind in kinds
        for order in orders
        if (len(order), kind in _WIDE[0], kind in _WIDE[1]) in {(4, True, False), (8, False, True)}
    ]
    return (*narrow, *wide)


CANDIDATES = _all()
WIDTHS = np.array([candidate.width for candidate in CANDIDATES])


class Decoded(NamedTuple):
    """What one candidate makes of every address of a run of registers; S samples, M first addresses.

    `steps` says how far a value moved from one sample to the next, counted in the values that the type can hold, so
    that one step is the least change that there is.
    """

    values: Floats  # [S, M], NaN where the bits are no number of the type
    steps: Floats  # [S - 1, M]
    places: Floats  # [M], how many steps the first value is away from zero


def decoded(words: Words, candidate: Candidate) -> Decoded:
    """Read registers [S, N] as the candidate says, at every address where it fits."""
    dtype: np.dtype[np.generic] = dtype_of(candidate.kind)
    data = words.astype(">u2").view(np.uint8)
    starts = np.arange(max(0, words.shape[1] - candidate.width + 1)) * 2
    places = starts[:, None] + _offsets(candidate)
    raw = np.ascontiguousarray(data[:, places]).view(dtype).reshape(len(words), len(starts))
    if candidate.kind.startswith("bcd"):
        values = _digits(raw)
        return Decoded(values, np.diff(values, axis=0), np.abs(values[0]))
    with np.errstate(all="ignore"):
        values = raw.astype(np.float64)
    if dtype.kind != "f":
        # in whole numbers: a float64 would not see the last digits of 64 bits
        return Decoded(values, _moved(raw.astype(np.int64)), np.abs(values[0]))
    bits = raw.view(f"<i{dtype.itemsize}").astype(np.int64)
    ladder = np.where(bits < 0, -(bits & (np.iinfo(f"i{dtype.itemsize}").max)), bits)
    return Decoded(np.where(np.isfinite(values), values, np.nan), _moved(ladder), np.abs(ladder[0]).astype(np.float64))


def _moved(ladder: NDArray[np.int64]) -> Floats:
    return np.diff(ladder, axis=0).astype(np.float64)


def _offsets(candidate: Candidate) -> NDArray[np.intp]:
    if candidate.order == "BA":
        return np.array([0, 1])
    return np.array(lowest_first(candidate.kind, candidate.order))


def _digits(raw: NDArray[np.generic]) -> Floats:
    numbers = raw.astype(np.uint64)
    places = np.arange(2 * raw.dtype.itemsize, dtype=np.uint64)
    digits = numbers[..., None] >> (np.uint64(4) * places) & np.uint64(15)
    values = digits @ 10.0 ** places.astype(np.float64)
    return np.where((digits > np.uint64(9)).any(axis=-1), np.nan, values)
