"""Gathers fresh readings into steps of site time: a mean, how many readings it rests on, and their own variance."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from models.detector import Bools, Floats
from models.memory import Memory

ABSURD = 1e30
"""No plant reads this; beyond it (and at infinity) a reading is unknown, so that squares stay finite."""


class Step(NamedTuple):
    """One finished step."""

    mean: Floats  # [D, P], NaN where nothing fresh came
    readings: Floats  # [D, P] how many fresh ones
    variance: Floats  # [D, P] of single readings within the step, NaN where fewer than two came


@dataclass(slots=True)
class OpenStep(Memory):
    """The step being gathered. Sums are of distances from the last mean, so that large levels cost no digits."""

    base: Floats  # [D, P]
    count: Floats  # [D, P]
    total: Floats  # [D, P]
    squares: Floats  # [D, P]

    @classmethod
    def cold(cls, devices: int, points: int) -> Self:
        """Nothing gathered yet."""
        return cls(*(np.zeros((devices, points)) for _ in range(4)))

    def add(self, row: Floats, fresh: Bools) -> None:
        """Take in one row[D, P] where it is fresh. All the work of a live tick that finishes no step."""
        away = row - self.base
        np.copyto(away, 0.0, where=~fresh)
        self.count += fresh
        self.total += away
        np.multiply(away, away, out=away)
        self.squares += away

    def close(self) -> Step:
        """Finish the step and open the next."""
        empty = self.count == 0
        count = np.maximum(self.count, 1.0)
        shift = self.total / count
        variance = np.maximum(self.squares - self.total * shift, 0.0) / np.maximum(count - 1.0, 1.0)
        variance[self.count < 2] = np.nan
        self.base += shift
        step = Step(np.where(empty, np.nan, self.base), self.count.copy(), variance)
        self.count.fill(0.0)
        self.total.fill(0.0)
        self.squares.fill(0.0)
        return step
