"""What raw numbers mean beyond their size: no value at all, a code, or a size that another register gives."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.encoding import Encoding

Floats = NDArray[np.float64]
Columns = NDArray[np.intp]

_SIGN = {"factor": 0.0, "exponent": 1.0, "decimals": -1.0}


class Meanings:
    """Sentinels and codes of P points, all columns at once."""

    def __init__(self, encodings: Sequence[Encoding]) -> None:
        marks = [(column, mark) for column, encoding in enumerate(encodings) for mark in encoding.sentinels]
        self._marked = np.array([column for column, _ in marks], dtype=np.intp)
        self._first = np.array([mark.first for _, mark in marks])
        self._last = np.array([mark.last for _, mark in marks])
        codes = [(column, *code) for column, encoding in enumerate(encodings) for code in encoding.codes]
        self._coded = np.array([column for column, _, _ in codes], dtype=np.intp)
        self._codes = np.array([code for _, code, _ in codes])
        self._meant = np.array([meant for _, _, meant in codes])

    def apply(self, row: Floats) -> None:
        """Make values of raw values [P], in place."""
        if self._marked.size:
            marked = row[self._marked]
            row[self._marked[(marked >= self._first) & (marked <= self._last)]] = np.nan
        if self._coded.size:
            known = row[self._coded] == self._codes
            row[self._coded] = np.nan
            row[self._coded[known]] = self._meant[known]


@dataclass(frozen=True, slots=True)
class _Sources:
    """The columns that say something about others, and what each can possibly be."""

    columns: Columns
    offset: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, columns: Sequence[int], encodings: Sequence[Encoding]) -> "_Sources":
        largest = sys.float_info.max
        found = [encodings[column] for column in columns]
        return cls(
            np.array(columns, dtype=np.intp),
            np.array([encoding.offset for encoding in found]),
            np.array([max(encoding.low, -largest) for encoding in found]),
            np.array([min(encoding.high, largest) for encoding in found]),
        )

    def values(self, row: Floats) -> Floats:
        """Their values, from a row [P] to which no offset has been added; NaN for what cannot be."""
        found = row[self.columns] + self.offset
        found[(found < self.low) | (found > self.high)] = np.nan
        return found


@dataclass(frozen=True, slots=True)
class Links:
    """Points whose size or zero another point of the same device gives. A source that is unknown makes them unknown."""

    scaled: Columns
    by: _Sources
    sign: Floats
    moved: Columns
    along: _Sources

    @classmethod
    def of(cls, encodings: Sequence[Encoding]) -> "Links | None":
        """None if there is no such point."""
        scaled = [(column, *encoding.factor) for column, encoding in enumerate(encodings) if encoding.factor]
        moved = [(column, e.addend) for column, e in enumerate(encodings) if e.addend is not None]
        if not (scaled or moved):
            return None
        return cls(
            np.array([column for column, _, _ in scaled], dtype=np.intp),
            _Sources.of([source for _, source, _ in scaled], encodings),
            np.array([_SIGN[how] for _, _, how in scaled]),
            np.array([column for column, _ in moved], dtype=np.intp),
            _Sources.of([source for _, source in moved], encodings),
        )

    def apply(self, row: Floats) -> None:
        """Scale and move values [P] to which no offset has been added yet, in place."""
        by, along = self.by.values(row), self.along.values(row)
        row[self.scaled] *= np.where(self.sign == 0.0, by, 10.0 ** (self.sign * by))
        row[self.moved] += along
