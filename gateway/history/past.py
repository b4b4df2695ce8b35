"""What was measured once, wherever it is kept: as fresh readings, or as the very blocks that the live engine saw.

A source of the past gives fresh readings in order; everything else follows from them, in the same way for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

import numpy as np

from gateway.core.messages import Language, fill, say
from gateway.core.note import Note
from gateway.core.types import Block, Fleet, Floats, Fresh
from gateway.core.unfold import Held, stale_limits, unfold
from gateway.history.columns import join, select

MAX_ROWS = 4096
MAX_VALUES = 1 << 21
"""About as many values are read at once, however far apart the instants of a block are."""
_LOOK_BACK_S = 600.0
"""Where the last reading is first looked for."""


class NoPast(Exception):
    """The past cannot be had from there; in one sentence: kind, English, the words in it, and what led to it."""

    def __init__(self, kind: str, english: str, because: Iterable[Note] = (), **context: Any) -> None:
        super().__init__(fill(english, context))
        self._notes = (Note(kind, english, context), *because)

    def sentence(self, language: Language) -> str:
        """Why, and what to do about it."""
        return say("colon", ": ", {}, language).join(note.sentence(language) for note in self._notes)


class Past(ABC):
    """An open source of history. Its methods raise NoPast when the source fails while it is read."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was wrong with what has been read so far, for whoever goes by it. Ask again after reading."""
        return ()

    @abstractmethod
    def profiles(self) -> dict[str, tuple[float, float]]:
        """First and last instant recorded, by profile name."""

    @abstractmethod
    def fresh(self, fleet: Fleet, start: float, end: float) -> Iterator[Fresh]:
        """Readings first shown in [start, end), in order; devices that the fleet does not know are left out."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""

    def blocks(
        self, fleet: Fleet, start: float, end: float, step_s: float, max_rows: int = MAX_ROWS
    ) -> Iterator[Block]:
        """The blocks of [start, end): every instant k * step_s, and the recorded rows in between."""
        last, stale_s = self.held(fleet, start), stale_limits(fleet)
        feed = _Feed(fleet, self.fresh(fleet, start, end))
        for instants, limit in _windows(start, end, step_s, min(max_rows, _most_instants(fleet, step_s))):
            readings = feed.until(limit)
            rows = np.union1d(instants, readings.rows)
            for first in range(0, len(rows), max_rows):
                times = rows[first : first + max_rows]
                begin = np.searchsorted(readings.rows, times[0])
                new = select(readings, slice(begin, np.searchsorted(readings.rows, times[-1], "right")))
                index = np.searchsorted(times, new.rows)
                values, age, last = unfold(times, index, new.devices, new.times, new.values, last, stale_s)
                yield Block(fleet, times, values, age)

    def heard(self, fleet: Fleet, before: float) -> float:
        """The last row before `before` in which a reading was first shown; -inf if there is none."""
        first, _ = self.profiles().get(fleet.profile.profile, (before, before))
        span_s = _LOOK_BACK_S
        while first < before:
            start = max(first, before - span_s)
            if rows := [float(part.rows.max()) for part in self.fresh(fleet, start, before)]:
                return rows[-1]
            before, span_s = start, 2.0 * span_s
        return float("-inf")

    def held(self, fleet: Fleet, at: float) -> Held:
        """What the board held just before `at`, from readings that were not stale then."""
        stale_s = stale_limits(fleet)
        last = Held.empty(len(fleet.devices), len(fleet.profile.points))
        for part in self.fresh(fleet, at - float(stale_s.max()), at):
            times, index = np.unique(part.rows, return_inverse=True)
            _, _, last = unfold(times, index, part.devices, part.times, part.values, last, stale_s)
        return last

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Feed:
    """Hands out readings in portions that end at a given instant."""

    def __init__(self, fleet: Fleet, parts: Iterator[Fresh]) -> None:
        self._parts = parts
        self._left = join(fleet, ())

    def until(self, limit: float) -> Fresh:
        """All readings with a row before `limit` that were not handed out yet."""
        taken = [self._left]
        while not len(taken[-1].rows) or taken[-1].rows[-1] < limit:
            part = next(self._parts, None)
            if part is None:
                break
            taken.append(part)
        readings = join(self._left.fleet, taken)
        due = np.searchsorted(readings.rows, limit)
        self._left = select(readings, slice(due, None))
        return select(readings, slice(due))


def _most_instants(fleet: Fleet, step_s: float) -> int:
    """How many instants lie between the first and the last of so many values, if devices were read as configured."""
    readings_per_s = sum(1.0 / max(device.every, step_s / MAX_ROWS) for device in fleet.devices)
    return max(1, int(MAX_VALUES / (readings_per_s * len(fleet.profile.points) * step_s)))


def _windows(start: float, end: float, step_s: float, max_rows: int) -> Iterator[tuple[Floats, float]]:
    """Cut [start, end) into stretches of instants k * step_s, each with the time at which it ends."""
    k, behind = _first_index(start, step_s), _first_index(end, step_s)
    while True:
        until = min(k + max_rows, behind)
        yield np.arange(k, until, dtype=np.float64) * step_s, end if until == behind else until * step_s
        if until == behind:
            return
        k = until


def _first_index(time: float, step_s: float) -> int:
    """The smallest k with k * step_s >= time, rounding errors of the division aside."""
    k = int(np.floor(time / step_s))
    return k if k * step_s >= time else k + 1
