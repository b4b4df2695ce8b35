"""What a condition may speak of: names when it is compiled, arrays when it is evaluated. Axis order is T, D, P."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Scalar = TypeVar("Scalar", np.float64, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The names that conditions about the D devices of one profile may use."""

    points: tuple[str, ...]
    """Point names in column order, [P]."""
    units: Mapping[str, str]
    """Unit by point; "" or absent where a point has none."""
    ratings: Mapping[str, Floats]
    """Constants by name, [D]; NaN where a device lacks it."""
    scores: tuple[str, ...]
    """Detector names, written `score.NAME`."""
    devices: int
    local_seconds: Callable[[Floats], Floats]
    """Seconds since 1970 [T] -> seconds since local midnight [T]."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The rows that a condition is evaluated over. NaN is unknown."""

    times: Floats
    """[T] seconds since 1970, strictly increasing."""
    values: Floats
    """[T, D, P]"""
    age: Floats
    """[T, D, P] seconds since the last good value; inf if there never was one."""
    scores: Mapping[str, Floats]
    """[T, D] by detector."""
    local_seconds: Callable[[Floats], Floats]
    """As in the vocabulary."""

    @property
    def shape(self) -> tuple[int, int]:
        """(T, D)."""
        return self.values.shape[0], self.values.shape[1]

    def full(self, result: NDArray[Scalar]) -> NDArray[Scalar]:
        """What a closure gave for this frame, as [T, D]."""
        return result if result.shape == self.shape else np.broadcast_to(result, self.shape)

    def rows(self, begin: int, end: int) -> "Frame":
        """Part of the rows, as views."""
        scores = {name: score[begin:end] for name, score in self.scores.items()}
        part = slice(begin, end)
        return Frame(self.times[part], self.values[part], self.age[part], scores, self.local_seconds)
