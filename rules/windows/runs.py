"""How long a device stands still, or lacks a reading: counted in looks, and measured by what it did the week before.

There is one look a minute. A *run* is a row of looks at which a cell, a device or one of its points, went on doing the
same. How long its runs were is remembered for seven days; days in which none ended are left out, so a cell that stands
goes on being measured by the days before it stopped. The first three and a half days say nothing.
"""

from abc import abstractmethod
from typing import NamedTuple

import numpy as np

from rules.duration import DAY_S
from rules.vocabulary import Bools, Calendar, Floats
from rules.windows.looks import Eye
from rules.windows.past import held
from rules.windows.window import KNOWN_SHARE, Sized, Window

LOOK_S = 60.0
DAYS = 7
LONGER = 3.0
"""A run is out of the ordinary when it is longer than this times the longest of the days before."""
_MOST_LOOKS = 10  # between two rows: a night in which nobody looked is no evidence
_ENOUGH = KNOWN_SHARE * DAYS * DAY_S / LOOK_S


class Run(NamedTuple):
    """Of L looks at C cells, each [L, C]."""

    length: Floats
    """Looks since the running one began."""
    longest: Floats
    """Looks of the longest one that ended in the days before."""
    counted: Floats
    """Looks of all runs that ended in these days."""


class Runs:
    """The memory of C cells."""

    def __init__(self, cells: int) -> None:
        self._length = np.zeros(cells)
        self._day = np.nan
        self._today = np.zeros((2, cells))  # longest, counted
        self._days = np.zeros((DAYS, 2, cells))

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept from look to look."""
        return self._length.nbytes + self._today.nbytes + self._days.nbytes

    def feed(self, numbers: Floats, counts: Bools, ends: Bools) -> Run:
        """Take looks numbers[L], and of each whether it counts and whether it ends a run, [L, C]."""
        total = self._length + np.cumsum(counts & ~ends, axis=0)
        length = total - np.maximum.accumulate(np.where(ends, total, 0.0))
        before = np.concatenate([self._length[None], length[:-1]])
        ended = np.where(ends, np.stack([before, before + 1.0]), 0.0).swapaxes(0, 1)  # [L, 2, C]
        self._length = length[-1].copy()
        days = np.floor(numbers * (LOOK_S / DAY_S))
        begins = np.flatnonzero(np.diff(days, prepend=np.nan))
        known = [self._of_day(days[i], ended[i:j]) for i, j in zip(begins, [*begins[1:], len(days)], strict=True)]
        return Run(length, *np.moveaxis(np.concatenate(known), 1, 0))

    def _of_day(self, day: float, ended: Floats) -> Floats:
        """What is known of the days before at each look of one day, [L, 2, C]."""
        if day != self._day:
            moved = self._today[1] > 0
            self._days[1:, :, moved] = self._days[:-1, :, moved]
            self._days[0][:, moved] = self._today[:, moved]
            self._day, self._today = day, np.zeros_like(self._today)
        longest = np.maximum.accumulate(np.concatenate([self._today[None, 0], ended[:, 0]]))[1:]
        counted = self._today[1] + np.cumsum(ended[:, 1], axis=0)
        self._today = np.stack([longest[-1], counted[-1]])
        return np.stack(
            [np.maximum(longest, self._days[:, 0].max(axis=0)), counted + self._days[:, 1].sum(axis=0)], axis=1
        )


class _Habits(Window):
    """A window over whole devices: fed with their points, x[T, D, P] or of one [T, D], it gives one value, [T, D]."""

    learn_s = (DAYS + 1) * DAY_S

    def __init__(self, length_s: float, devices: int, points: int, cells: int) -> None:
        super().__init__(length_s, devices)
        self._shape = (-1, devices, points)
        self._eye = Eye(LOOK_S, _MOST_LOOKS, devices * points)
        self._runs = Runs(cells)
        self._now = np.full((1, devices), np.nan)

    @property
    def grid(self) -> str:
        """How it cuts time."""
        return f"a look every minute, {DAYS} days of runs"

    def _value(self, times: Floats, x: Floats, _known: Bools) -> Floats:
        seen = self._eye.feed(times, x.reshape(len(times), -1))
        if seen is None:
            return np.broadcast_to(self._now, x.shape[:2])
        values = np.concatenate([self._now, self._at(seen.numbers, seen.looks.reshape(self._shape))])
        self._now = values[-1:]
        now: Floats = values[np.concatenate([[0], seen.ends])[seen.counts]]
        return now

    @abstractmethod
    def _at(self, numbers: Floats, looks: Floats) -> Floats:
        """The value at looks [L, D, P], [L, D]."""

    def _memory(self) -> tuple[Sized, ...]:
        return self._eye, self._runs, self._now


class Frozen(_Habits):
    """1 if no point has moved for `length_s` and for longer than is usual, NaN while nothing is known."""

    def __init__(self, length_s: float, devices: int, points: int) -> None:
        super().__init__(length_s, devices, points, devices)
        self._last = np.full((1, devices * points), np.nan)

    def _at(self, numbers: Floats, looks: Floats) -> Floats:
        flat = looks.reshape(len(looks), -1)
        before = held(np.concatenate([self._last, flat]))
        self._last = before[-1:].copy()
        moved: Bools = np.any((np.abs(flat - before[:-1]) > 0.0).reshape(self._shape), axis=2)
        known: Bools = ~np.all(np.isnan(looks), axis=2)
        run = self._runs.feed(numbers, known, moved)
        stands = np.where(run.counted >= _ENOUGH, run.length > LONGER * run.longest, np.nan)
        value = np.where(run.length * LOOK_S >= self.length_s, stands, 0.0)
        return np.where(known, value, np.nan)

    def _memory(self) -> tuple[Sized, ...]:
        return *super()._memory(), self._last


class Still(Frozen):
    """1 if one quantity, x[T, D], has not moved for `length_s` and for longer than is usual, NaN while unknown."""

    def __init__(self, devices: int, _calendar: Calendar, length_s: float) -> None:
        super().__init__(length_s, devices, 1)


class Lost(_Habits):
    """1 if a point is unknown for `length_s`, and for longer than is usual, while others are known."""

    def __init__(self, length_s: float, devices: int, points: int) -> None:
        super().__init__(length_s, devices, points, devices * points)

    def _at(self, numbers: Floats, looks: Floats) -> Floats:
        known = ~np.isnan(looks)
        heard: Bools = np.any(known, axis=2)
        counts = np.broadcast_to(heard[..., None], known.shape).reshape(len(looks), -1)
        run = self._runs.feed(numbers, counts, known.reshape(len(looks), -1))
        lacks = (run.length * LOOK_S >= self.length_s) & (run.length > LONGER * run.longest)
        lost = (lacks & (run.counted >= _ENOUGH)).reshape(self._shape).any(axis=2)
        return np.where(heard, lost, np.nan)
