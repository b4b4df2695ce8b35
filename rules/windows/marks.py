"""Rows of one shape with their times, oldest first; appended at the end, forgotten at the front."""

import numpy as np
from numpy.typing import NDArray

from rules.vocabulary import Floats


class Marks:
    """Room for `room` marks, and for more only while so many come at once. A mark is some rows of that shape."""

    def __init__(self, shape: tuple[int, ...], room: int) -> None:
        self._room = room
        self._times = np.empty(room)
        self._rows = np.empty((room, *shape))
        self._first = self._end = 0

    @property
    def most(self) -> int:
        """How many marks there is room for."""
        return len(self._times)

    @property
    def nbytes(self) -> int:
        """Bytes that there is room for."""
        return self._times.nbytes + self._rows.nbytes

    @property
    def times(self) -> Floats:
        """When they were made, [N]."""
        return self._times[self._first : self._end]

    @property
    def rows(self) -> Floats:
        """What they are made of, [N, ...]."""
        return self._rows[self._first : self._end]

    def append(self, times: Floats, *parts: Floats) -> None:
        """Add marks at times [N], later than all before; a mark is made of one row of each part, [N, ...]."""
        needed = self._end - self._first + len(times)
        if self._end + len(times) > self.most or needed <= self._room < self.most:
            self._move(self._room if needed <= self._room else 2 * needed)
        new = slice(self._end, self._end + len(times))
        self._times[new] = times
        for i, rows in enumerate(parts):
            self._rows[new, i] = rows
        self._end = new.stop

    def last_before(self, when: Floats) -> NDArray[np.intp]:
        """Position of the last mark before each time; -1 if all are later."""
        return np.searchsorted(self.times, when, "left") - 1

    def forget_before(self, when: float) -> None:
        """Drop the marks that no window beginning at or after `when` needs: all but the last one before it."""
        self._first += max(0, int(np.searchsorted(self.times, when, "left")) - 1)

    def _move(self, size: int) -> None:
        """Bring the marks to the front, where there is room for `size` of them."""
        times, rows = self.times.copy(), self.rows.copy()
        if size != self.most:
            self._times, self._rows = np.empty(size), np.empty((size, *rows.shape[1:]))
        self._times[: len(times)], self._rows[: len(times)] = times, rows
        self._first, self._end = 0, len(times)
