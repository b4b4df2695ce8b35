"""Tells measurements from switches, codes and counters by the values seen; only measurements can be unusual."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.detector import Bools, Floats
from models.memory import Memory

FEW = 4
"""A point that has shown no more values than this is a switch, a code or a constant: context, never an anomaly."""

RISES_PER_FALL = 10.0
"""A point that rises this much more often than it falls is a counter, even one that is reset now and then."""


@dataclass(slots=True)
class Kinds(Memory):
    """What kind of point each column of each device is."""

    seen: Floats  # [D, P, FEW] distinct values, NaN = free place
    distinct: Floats  # [D, P] how many there were, counted up to FEW + 1
    last: Floats  # [D, P]
    rises: Floats  # [D, P]
    falls: Floats  # [D, P]
    measured: Bools  # [D, P] which points are measurements
    climbing: Bools  # [D, P] which are counters

    @classmethod
    def cold(cls, devices: int, points: int) -> Self:
        """Nothing seen yet."""
        shape = (devices, points)
        unseen = np.full((*shape, FEW), np.nan)
        no = np.zeros(shape, dtype=np.bool_)
        return cls(unseen, np.zeros(shape), np.full(shape, np.nan), np.zeros(shape), np.zeros(shape), no, no.copy())

    def note(self, row: Floats, known: Bools) -> None:
        """Look at one row of single readings [D, P] where they are known; twice an hour is enough."""
        self.rises += known & (row > self.last)
        self.falls += known & (row < self.last)
        np.copyto(self.last, row, where=known)
        new = known & (self.distinct <= FEW)
        if new.any():
            new &= ~(self.seen == row[:, :, None]).any(axis=2)
            device, point = np.nonzero(new)
            place = self.distinct[device, point].astype(np.intp)
            free = place < FEW
            self.seen[device[free], point[free], place[free]] = row[device[free], point[free]]
            self.distinct[device, point] += 1.0
        np.greater(self.rises, RISES_PER_FALL * self.falls, out=self.climbing)
        np.greater(self.distinct, FEW, out=self.measured)
        self.measured &= ~self.climbing
