"""What a part of a detector has learnt, as named arrays with one row per device; keeping them on disk is for others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


@dataclass(slots=True)
class Memory:
    """Base of the parts: every field is an array whose first axis is D, changed in place and never replaced."""

    def arrays(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Names and live arrays, in order of declaration."""
        for field in fields(self):
            yield field.name, getattr(self, field.name)

    def state(self, part: str) -> dict[str, NDArray[Any]]:
        """Copies of all arrays, named `part.field`."""
        return {f"{part}.{name}": array.copy() for name, array in self.arrays()}

    def misfits(self, part: str, state: Arrays) -> list[str]:
        """Names of arrays that `state` lacks or has in another shape or type."""
        return [
            f"{part}.{name}"
            for name, array in self.arrays()
            if (old := state.get(f"{part}.{name}")) is None
            or old.shape[1:] != array.shape[1:]
            or old.dtype != array.dtype
        ]

    def restore(self, part: str, state: Arrays, rows: NDArray[np.intp]) -> None:
        """Copy row rows[i] of `state` to device i; a device with rows[i] == -1 keeps what it has."""
        known = rows >= 0
        for name, array in self.arrays():
            array[known] = state[f"{part}.{name}"][rows[known]]
