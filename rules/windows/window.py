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


class Sized(Protocol):
    """A part of a window's memory."""

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        ...


class Window(ABC):
    """One function over the last `length_s` seconds of one quantity, for D devices."""

    buckets = BUCKETS
    learn_s = 0.0
    """How far back it must have looked once a minute, for windows to which nothing else matters; otherwise 0."""

    def __init__(self, length_s: float, devices: int) -> None:
        self.length_s = length_s
        self.devices = devices

    @property
    def nbytes(self) -> int:
        """Most bytes that its memory takes while rows come one by one, of all devices together."""
        return sum(part.nbytes for part in self._memory())

    @property
    def grid(self) -> str:
        """How it cuts time, such as "60 buckets of 5s"."""
        return f"{self.buckets} buckets of {written(self.length_s / self.buckets)}"

    def feed(self, times: Floats, x: Floats) -> Floats:
        """Take rows times[T], x[T, D] (NaN = unknown), later than all before; return the function's value, [T, D]."""
        return self._value(times, x, np.abs(x) < LARGEST)

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
    """A window in use: fed once per frame, then read by every condition that mentions it."""

    window: Window
    argument: Number
    now: Floats = field(default_factory=lambda: np.array(np.nan))

    def feed(self, frame: Frame) -> None:
        """Take the frame's rows; `now` is then the window's value in each of them, [T, D]."""
        self.now = self.window.feed(frame.times, frame.full(self.argument.at(frame)))


Windows = dict[str, Standing]
"""The windows of all conditions of one book, by what they compute, in the order in which they must be fed."""
