"""What every window over the recent past is: a bounded memory of one quantity of all devices, fed with rows."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from rules.duration import written
from rules.kleene import Number
from rules.vocabulary import Bools, Floats, Frame
from rules.windows.past import BUCKETS

KNOWN_SHARE = 0.5
LARGEST = 1e15
"""Larger values count as unknown: totals of them could not be subtracted again."""
SLACK_S = 1e-6
PACES, SLOWEST_PACE_S = 240, 60.0
"""A paced window looks anew 240 times in its length, and at least once a minute; in between it stands. Rows that wait
are taken in together, which costs a tenth."""


class Sized(Protocol):
    """A part of a window's memory."""

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        ...


class Window(ABC):
    """One function over the last `length_s` seconds of one quantity, for D devices."""

    buckets = BUCKETS
    paced = False
    """Whether it looks anew 240 times in its length only; windows that take looks of their own need not."""
    learn_s = 0.0
    """How far back it must have looked once a minute, for windows to which nothing else matters; otherwise 0."""

    def __init__(self, length_s: float, devices: int) -> None:
        self.length_s = length_s
        self.devices = devices
        self._pace_s = min(length_s / PACES, SLOWEST_PACE_S) if self.paced else 0.0
        self._cell = np.nan  # the last one that a row has opened
        self._stands: Floats = np.full((1, devices), np.nan)
        self._waiting: list[tuple[Floats, Floats]] = []

    @property
    def nbytes(self) -> int:
        """Most bytes that its memory takes while rows come one by one, of all devices together."""
        return sum(part.nbytes for part in self._memory())

    @property
    def grid(self) -> str:
        """How it cuts time, such as "60 buckets of 5s"."""
        return f"{self.buckets} buckets of {written(self.length_s / self.buckets)}"

    def feed(self, times: Floats, x: Floats) -> Floats:
        """Take rows times[T], x[T, D] (NaN = unknown), later than all before; return the function's value, [T, D].

        Of a paced one it is the value in the first row of each cell of absolute time, and stands until the next: so
        it does not depend on how rows were cut into blocks.
        """
        if not self.paced:
            return self._value(times, x, np.abs(x) < LARGEST)
        if len(times) == 1 and float(times[0] // self._pace_s) == self._cell:  # nearly every live tick
            self._waiting.append((times, x))
            return self._stands
        cells = times // self._pace_s
        opens = cells != np.concatenate(([self._cell], cells[:-1]))
        self._cell = float(cells[-1])
        if not opens.any():
            self._waiting.append((times, x))
            return np.broadcast_to(self._stands, (len(times), self.devices))
        until = len(times) - int(opens[::-1].argmax())
        values = self._taken_in(times[:until], x[:until])[opens[:until]]
        if until < len(times):
            self._waiting.append((times[until:], x[until:]))
        found: Floats = np.concatenate((self._stands, values))[np.cumsum(opens)]
        self._stands = values[-1:].copy()
        return found

    def _taken_in(self, times: Floats, x: Floats) -> Floats:
        """The values in these rows, [T, D], after those that wait."""
        count = len(times)
        if self._waiting:
            earlier, rows = zip(*self._waiting, strict=True)
            times, x = np.concatenate((*earlier, times)), np.concatenate((*rows, x))
            self._waiting = []
        return self._value(times, x, np.abs(x) < LARGEST)[-count:]

    @abstractmethod
    def _value(self, times: Floats, x: Floats, known: Bools) -> Floats:
        """Compute the function where known[T, D] says which values count."""

    @abstractmethod
    def _memory(self) -> tuple[Sized, ...]:
        """All that is kept from row to row."""

    def _if_enough(self, known_s: Floats, value: Floats) -> Floats:
        return np.where(known_s >= KNOWN_SHARE * self.length_s - SLACK_S, value, np.nan)


@dataclass(slots=True, eq=False)
class Standing:
    """A window in use: fed once per frame, then read by every condition that mentions it.

    Its argument is one quantity, [T, D] or anything that broadcasts to it, or all points of the devices, [T, D, P].
    """

    window: Window
    argument: Number
    now: Floats = field(default_factory=lambda: np.array(np.nan))

    def feed(self, frame: Frame) -> None:
        """Take the frame's rows; `now` is then the window's value in each of them, [T, D]."""
        x = self.argument.at(frame)
        self.now = self.window.feed(frame.times, x if x.ndim > len(frame.shape) else frame.full(x))


Windows = dict[str, Standing]
"""The windows of all conditions of one book, by what they compute, in the order in which they must be fed."""
