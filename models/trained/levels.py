"""Follows the level of each point: fresh readings to one mean a minute, the means to a moving average of ten minutes.

Trained models are fitted on levels and score levels, so both go through this file. A moving average of the readings
shows a small lasting shift that hides in the noise of single minutes; one of the scores would not.
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from models.detector import Bools, Floats
from models.memory import Memory

STEP_S = 60.0
"""Every device of a site is read at least once a minute or so, and a yellow rule waits for many of them."""
SMOOTH_S = 600.0
"""Time constant of the moving average: well within the 15 minutes that a rule on a score waits."""
SETTLED_S = 3.0 * SMOOTH_S
"""After so long the first minute counts for 5 % and a level is as smooth as it will ever be."""
HELD_S = 300.0
"""A level outlives a few lost readings; one that the board still holds is known for as long."""
PAUSE_S = 900.0
"""After so long without a reading a device has to settle anew."""
ABSURD = 1e30
"""No plant reads this; beyond it (and at infinity) a reading is unknown, so that sums stay finite."""


class Steps(NamedTuple):
    """K finished steps of a block."""

    rows: NDArray[np.intp]  # [K] the row that finishes each; it belongs to the next one
    times: Floats  # [K] the middle of each
    levels: Floats  # [K, D, P], NaN where a point is unknown by then
    settled: Bools  # [K, D] which devices have been heard for long enough


@dataclass(slots=True)
class Levels(Memory):
    """What is gathered of the open step, and the levels up to it."""

    time: Floats  # [D] of the last row; the same for all devices that have seen one, NaN for the others
    opened: Floats  # [D] number of the open step, likewise
    count: Floats  # [D, P] fresh readings in the open step
    total: Floats  # [D, P] their sum
    level: Floats  # [D, P] NaN before the first reading
    seen: Floats  # [D, P] time of the last step with a fresh reading, NaN before it
    begun: Floats  # [D] since when the device has been heard without a pause

    @classmethod
    def cold(cls, devices: int, points: int) -> Self:
        """Nothing seen yet."""
        once, each = np.full(devices, np.nan), np.full((devices, points), np.nan)
        return cls(once, once.copy(), np.zeros_like(each), np.zeros_like(each), each, each.copy(), once.copy())

    def take(self, times: Floats, values: Floats, age: Floats) -> Steps:
        """Take in rows of values[T, D, P] with age[T, D, P] in seconds; returns the steps that they finish."""
        latest = np.maximum.accumulate(np.append(np.fmax.reduce(self.time, initial=-np.inf), times))
        opened = np.fmax.reduce(self.opened, initial=-np.inf)
        numbers = np.maximum.accumulate(np.append(opened, np.floor(times / STEP_S)))
        known = np.abs(values) < ABSURD
        fresh = known & (age < (times - latest[:-1])[:, None, None])
        rows = np.flatnonzero((np.diff(numbers) > 0.0) & (numbers[:-1] > -np.inf))
        counts, totals = self._gather(values, fresh, np.concatenate(([0], rows, [len(times)])))
        at = (numbers[:-1][rows] + 0.5) * STEP_S
        levels, settled = np.empty((len(rows), *self.level.shape)), np.empty((len(rows), len(self.begun)), np.bool_)
        for k, time in enumerate(at.tolist()):
            levels[k], settled[k] = self._follow(time, counts[k], totals[k], known[rows[k]])
        if len(times):
            self.time[:], self.opened[:] = latest[-1], numbers[-1]
        return Steps(rows, at, levels, settled)

    def _gather(self, values: Floats, fresh: Bools, bounds: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Counts and sums [K, D, P] of finished steps; rows bounds[k] to bounds[k + 1] are of step k, the last is open.

        All steps take their first row at once, then their second, and so on: the order of adding is that of the rows.
        """
        begins, lengths = bounds[:-1], np.diff(bounds)
        counts, totals = np.zeros((2, len(lengths), *self.level.shape))
        counts[0], totals[0] = self.count, self.total
        for nth in range(int(lengths.max())):
            longer = np.flatnonzero(nth < lengths)
            at = begins[longer] + nth
            counts[longer] += fresh[at]
            totals[longer] += np.where(fresh[at], values[at], 0.0)
        self.count[:], self.total[:] = counts[-1], totals[-1]
        return counts[:-1], totals[:-1]

    def _follow(self, time: float, count: Floats, sums: Floats, known: Bools) -> tuple[Floats, Bools]:
        """End the step at `time`; returns levels [D, P] and who has settled [D]."""
        fresh = count > 0.0
        mean = np.where(fresh, sums / np.maximum(count, 1.0), self.level)
        last = np.fmax.reduce(self.seen, axis=1, initial=np.nan)
        heard = fresh.any(axis=1)
        np.copyto(self.begun, time, where=heard & ~(time - last <= PAUSE_S))
        share = 1.0 - np.exp(-(time - self.seen) / SMOOTH_S)
        moved = self.level + share * (mean - self.level)
        np.copyto(self.level, np.where(np.isnan(self.level), mean, moved), where=fresh)
        np.copyto(self.seen, time, where=fresh)
        known = known | (time - self.seen <= HELD_S)
        settled = (time - self.begun >= SETTLED_S) & (heard | (time - last <= PAUSE_S))
        return np.where(known, self.level, np.nan), settled
