"""Gathers fresh readings into steps of site time: a mean, how many readings it rests on, and their own variance."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from models.detector import Bools, Floats
from models.memory import Memory

ABSURD = 1e30
"""No plant reads this; beyond it (and at infinity) a reading is unknown, so that squares stay finite."""


class Means(NamedTuple):
    """What K finished steps showed."""

    mean: Floats  # [K, D, P], NaN where nothing fresh came
    readings: Floats  # [K, D, P] how many fresh ones
    variance: Floats  # [K, D, P] of single readings within the step, NaN where fewer than two came


class Ends(NamedTuple):
    """Where in a block K steps end."""

    rows: NDArray[np.intp]  # [K] the row that finishes it
    begins: NDArray[np.intp]  # [K] the first row of the next
    times: Floats  # [K] what time it stands for
    gaps_s: Floats  # [K] how long after the one before


def ends(times: Floats, before: Floats, opened: float, step_s: float) -> tuple[Ends, float]:
    """Steps of step_s (0: every row is one) that times[T] finish, and the number of the one left open.

    before[T] is the latest time until each row, `opened` the number of the step then open, -inf at the very first.
    """
    if step_s == 0.0:
        rows = np.arange(len(times))
        return Ends(rows, rows + 1, times, times - before), opened
    numbers = np.maximum.accumulate(np.concatenate(([opened], np.floor(times / step_s))))
    was, now = numbers[:-1], numbers[1:]
    rows = np.flatnonzero((now > was) & (was > -np.inf))
    was, now = was[rows], now[rows]
    return Ends(rows, rows, (was + 0.5) * step_s, (now - was) * step_s), float(numbers[-1])


@dataclass(slots=True)
class OpenStep(Memory):
    """The step being gathered. Sums are of distances from the first reading, so that large levels cost no digits."""

    base: Floats  # [D, P] the first reading ever, NaN before it
    count: Floats  # [D, P]
    total: Floats  # [D, P]
    squares: Floats  # [D, P]

    @classmethod
    def cold(cls, devices: int, points: int) -> Self:
        """Nothing gathered yet."""
        shape = (devices, points)
        return cls(np.full(shape, np.nan), np.zeros(shape), np.zeros(shape), np.zeros(shape))

    def gather(self, rows: Floats, fresh: Bools, bounds: NDArray[np.intp]) -> Means:
        """Take in rows[T, D, P] where fresh. Rows bounds[k] to bounds[k + 1] belong to step k; the last stays open.

        All steps take their first row at once, then their second, and so on.
        """
        self._begin(rows, fresh)
        lengths = np.diff(bounds)
        if len(lengths) == 1:
            for row, is_fresh in zip(rows, fresh, strict=True):
                self.add(row, is_fresh)
            return Means(*np.empty((3, 0, *self.base.shape)))
        every = OpenStep(self.base, *np.zeros((3, len(lengths), *self.base.shape)))
        every.count[0], every.total[0], every.squares[0] = self.count, self.total, self.squares
        for nth in range(lengths.max()):
            at = np.minimum(bounds[:-1] + nth, len(rows) - 1)
            every.add(rows[at], fresh[at] & (nth < lengths)[:, None, None])
        self.count[:], self.total[:], self.squares[:] = every.count[-1], every.total[-1], every.squares[-1]
        return every.finished()

    def add(self, row: Floats, fresh: Bools) -> None:
        """Take in one row where it is fresh. All the work of a live tick that finishes no step."""
        away = row - self.base
        np.copyto(away, 0.0, where=~fresh)
        self.count += fresh
        self.total += away
        np.multiply(away, away, out=away)
        self.squares += away

    def finished(self) -> Means:
        """What all steps [K + 1, D, P] but the last showed."""
        count, total, squares = self.count[:-1], self.total[:-1], self.squares[:-1]
        at_least_one = np.maximum(count, 1.0)
        shift = total / at_least_one
        variance = np.maximum(squares - total * shift, 0.0) / np.maximum(at_least_one - 1.0, 1.0)
        variance[count < 2.0] = np.nan
        return Means(np.where(count == 0.0, np.nan, self.base + shift), count, variance)

    def _begin(self, rows: Floats, fresh: Bools) -> None:
        unseen = np.isnan(self.base)
        if np.count_nonzero(unseen):
            first = np.take_along_axis(rows, fresh.argmax(axis=0)[None], axis=0)[0]
            np.copyto(self.base, first, where=unseen & fresh.any(axis=0))
