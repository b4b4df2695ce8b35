"""The memory under the windows: how much totals have grown, and how high values were, since a window began.

Only the last row of each bucket is kept, because a window always begins at the edge of a bucket. There is no loop over
rows: what a row needs of the past is one look-up in these marks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.vocabulary import Floats

BUCKETS = 60


def buckets_of(times: Floats, length_s: float) -> Floats:
    """Number of the bucket of each time, [T]."""
    return np.floor(times / (length_s / BUCKETS))


def begin_of(times: Floats, length_s: float) -> Floats:
    """When the window of each time began, [T]: the edge of the bucket 59 before its own."""
    return (buckets_of(times, length_s) - (BUCKETS - 1)) * (length_s / BUCKETS)


class Begin(NamedTuple):
    """What `Growth` tells of T rows."""

    grown: Floats
    """[T, C, D] growth of each total since the window of the row began."""
    slopes: Floats
    """[T, C, D] slopes of the row that was held when the window began; 0 if that lies before the first row."""
    times: Floats
    """[T] time of that row."""


class Growth:
    """C running totals per device, each growing by slope x time, and by jumps at rows."""

    def __init__(self, length_s: float, channels: int, devices: int) -> None:
        self._length_s = length_s
        self._marks = _Marks((2, channels, devices))  # level and slope of the last row of each bucket
        self._time = np.nan
        self._row = np.zeros((2, channels, devices))

    def feed(self, times: Floats, slopes: Floats, jumps: Floats | float = 0.0) -> Begin:
        """Take rows times[T], slopes[T, C, D] that hold from their row on, and jumps[T, C, D] at the rows."""
        if np.isnan(self._time):
            self._time = float(times[0])
            self._marks.append(times[:1], self._row[None])
        all_times = np.concatenate([[self._time], times])
        all_slopes = np.concatenate([self._row[None, 1], slopes])
        gains = all_slopes[:-1] * np.diff(all_times)[:, None, None] + jumps
        levels = np.concatenate([self._row[None, 0], _running(np.add, self._row[0], gains)])
        buckets = buckets_of(all_times, self._length_s)
        closing = np.flatnonzero(buckets[1:] != buckets[:-1])
        if closing.size:
            self._marks.append(all_times[closing], np.stack([levels[closing], all_slopes[closing]], axis=1))
        begin = begin_of(times, self._length_s)
        at = np.maximum(self._marks.last_before(begin), 0)
        rows, row_times = self._marks.rows[at], self._marks.times[at]
        held_s = np.maximum(begin - row_times, 0.0)[:, None, None]
        grown = levels[1:] - (rows[:, 0] + rows[:, 1] * held_s)
        self._marks.forget_before(begin[-1])
        self._time, self._row[0], self._row[1] = float(times[-1]), levels[-1], all_slopes[-1]
        return Begin(grown, rows[:, 1], row_times)


class Peak:
    """Highest of C values per device; unknown is -inf."""

    def __init__(self, length_s: float, channels: int, devices: int) -> None:
        self._length_s = length_s
        self._marks = _Marks((2, channels, devices))  # highest of each bucket, value of its last row
        self._lowest = np.full((channels, devices), -np.inf)
        self._since = self._lowest[None]  # [m + 1, C, D] highest from mark i to the last one
        self._close(np.array([-np.inf]), self._lowest[None], self._lowest[None])  # before the first row
        self._bucket, self._time = np.nan, -np.inf
        self._open = self._last = self._lowest

    def feed(self, times: Floats, x: Floats) -> Floats:
        """Take rows times[T], x[T, C, D]; return the highest since the window of each row began, [T, C, D].

        Done in stretches so short that all their rows lie in the window of their last row.
        """
        buckets, begin = buckets_of(times, self._length_s), begin_of(times, self._length_s)
        peaks = np.empty_like(x)
        start = 0
        while start < len(times):
            end = int(np.searchsorted(begin, times[start], "right"))
            part = slice(start, end)
            peaks[part] = self._stretch(times[part], x[part], buckets[part], begin[part])
            start = end
        return peaks

    def _stretch(self, times: Floats, x: Floats, buckets: Floats, begin: Floats) -> Floats:
        if buckets[0] != self._bucket:
            self._close(np.array([self._time]), self._open[None], self._last[None])
            self._bucket, self._open = buckets[0], self._lowest
        at = self._marks.last_before(begin)
        running = _running(np.maximum, self._open, x)
        peaks: Floats = np.maximum(np.maximum(running, self._since[at + 1]), self._marks.rows[at, 1])
        self._remember(times, x, buckets)
        self._marks.forget_before(begin[-1])
        self._since = self._since[-len(self._marks.times) - 1 :]
        return peaks

    def _remember(self, times: Floats, x: Floats, buckets: Floats) -> None:
        edges = np.flatnonzero(buckets[1:] != buckets[:-1]) + 1
        highest = np.maximum.reduceat(x, [0, *edges], axis=0) if len(x) > 1 else x.copy()
        highest[0] = np.maximum(highest[0], self._open)
        if edges.size:
            self._close(times[edges - 1], highest[:-1], x[edges - 1])
        self._bucket, self._open = buckets[-1], highest[-1]
        self._time, self._last = float(times[-1]), x[-1].copy()

    def _close(self, times: Floats, highest: Floats, last: Floats) -> None:
        self._marks.append(times, np.stack([highest, last], axis=1))
        backwards = np.concatenate([self._lowest[None], self._marks.rows[::-1, 0]])
        self._since = np.maximum.accumulate(backwards)[::-1]


def _running(function: np.ufunc, first: Floats, rows: Floats) -> Floats:
    """Apply a function from row to row, beginning with `first`: the same bits, however the rows are cut.

    `accumulate` does that, at the price of many rows even for the single one of a live tick.
    """
    if len(rows) == 1:
        single: Floats = function(first, rows)
        return single
    many: Floats = function.accumulate(np.concatenate([first[None], rows]))
    return many[1:]


class _Marks:
    """Rows of one shape with their times, oldest first; appended at the end, forgotten at the front."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._times = np.empty(2 * BUCKETS)
        self._rows = np.empty((2 * BUCKETS, *shape))
        self._first = self._end = 0

    @property
    def times(self) -> Floats:
        return self._times[self._first : self._end]

    @property
    def rows(self) -> Floats:
        return self._rows[self._first : self._end]

    def append(self, times: Floats, rows: Floats) -> None:
        if self._end + len(times) > len(self._times):
            self._make_room(len(times))
        new = slice(self._end, self._end + len(times))
        self._times[new], self._rows[new] = times, rows
        self._end = new.stop

    def last_before(self, when: Floats) -> NDArray[np.intp]:
        """Position of the last mark before each time; -1 if all are later."""
        return np.searchsorted(self.times, when, "left") - 1

    def forget_before(self, when: float) -> None:
        """Drop the marks that no window beginning at or after `when` needs: all but the last one before it."""
        self._first += max(0, int(np.searchsorted(self.times, when, "left")) - 1)

    def _make_room(self, wanted: int) -> None:
        times, rows = self.times.copy(), self.rows.copy()
        size = max(2 * BUCKETS, 2 * (len(times) + wanted))
        if size > len(self._times):
            self._times, self._rows = np.empty(size), np.empty((size, *rows.shape[1:]))
        self._times[: len(times)], self._rows[: len(times)] = times, rows
        self._first, self._end = 0, len(times)
