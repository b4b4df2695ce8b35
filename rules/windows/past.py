"""The memory under the windows: how much totals have grown, and how high values were, since a window began.

Only the last row of each bucket is kept, because a window always begins at the edge of a bucket. There is no loop over
rows: what a row needs of the past is one look-up in these marks.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rules.vocabulary import Floats
from rules.windows.marks import Marks

BUCKETS = 60
_ROOM = 2 * (BUCKETS + 2)  # marks of a window that is fed row by row, twice, so that they seldom move


def buckets_of(times: Floats, length_s: float) -> Floats:
    """Number of the bucket of each time, [T]."""
    return np.floor(times / (length_s / BUCKETS))


def begin_of(times: Floats, length_s: float) -> Floats:
    """When the window of each time began, [T]: the edge of the bucket 59 before its own."""
    return (buckets_of(times, length_s) - (BUCKETS - 1)) * (length_s / BUCKETS)


def held(x: Floats) -> Floats:
    """The last known value of each row and column [T, D]; NaN before the first."""
    known = np.where(np.isnan(x), 0, np.arange(len(x))[:, None])
    return np.take_along_axis(x, np.maximum.accumulate(known, axis=0), axis=0)


class Beginning:
    """What was held when windows began."""

    def __init__(self, length_s: float, devices: int) -> None:
        self._length_s = length_s
        self._marks = Marks((1, devices), _ROOM)  # the last row of each bucket
        self._time, self._row = -np.inf, np.full((1, devices), np.nan)

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept from row to row."""
        return self._marks.nbytes + self._row.nbytes

    def feed(self, times: Floats, x: Floats) -> tuple[Floats, Floats]:
        """Take rows times[T], x[T, D]; return the time [T] and the values [T, D] that the window of each began with.

        These are -inf and NaN for a window that began before the first row.
        """
        all_times, rows = np.concatenate([[self._time], times]), np.concatenate([self._row, x])
        closing = _last_of_buckets(all_times, self._length_s)
        if closing.size:
            self._marks.append(all_times[closing], rows[closing])
        begin = begin_of(times, self._length_s)
        at = self._marks.last_before(begin)
        then = self._marks.times[at], self._marks.rows[at, 0]
        self._marks.forget_before(begin[-1])
        self._time, self._row = float(times[-1]), rows[-1:].copy()
        return then


class Growth:
    """C running totals per device, each growing by slope x time, and by jumps at rows."""

    def __init__(self, length_s: float, channels: int, devices: int) -> None:
        self._length_s = length_s
        self._marks = Marks((2, channels, devices), _ROOM)  # level and slope of the last row of each bucket
        self._time = np.nan
        self._row = np.zeros((2, channels, devices))

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept from row to row."""
        return self._marks.nbytes + self._row.nbytes

    def feed(self, times: Floats, slopes: Floats, jumps: Floats | None = None) -> Floats:
        """Take rows times[T], slopes[T, C, D] that hold from their row on, and jumps[T, C, D] at the rows.

        Returns the growth of each total since the window of each row began, [T, C, D].
        """
        if np.isnan(self._time):
            self._time = float(times[0])
            self._marks.append(times[:1], *self._row[:, None])
        all_times = np.concatenate([[self._time], times])
        all_slopes = np.concatenate([self._row[1:], slopes])
        levels = self._levels(all_times, all_slopes, jumps)
        closing = _last_of_buckets(all_times, self._length_s)
        if closing.size:
            self._marks.append(all_times[closing], levels[closing], all_slopes[closing])
        grown = self._since_begin(begin_of(times, self._length_s), levels[1:])
        self._time, self._row[0], self._row[1] = float(times[-1]), levels[-1], all_slopes[-1]
        return grown

    @property
    def slopes(self) -> Floats:
        """Those of the last row, [C, D]; 0 before the first."""
        slopes: Floats = self._row[1]
        return slopes

    def renew(self, convert: Callable[[Floats], Floats]) -> None:
        """Let the totals begin at 0 with the last row; `convert` totals and slopes [..., C, D]."""
        now = self._row[0].copy()
        for rows in (self._marks.rows, self._row[None]):
            rows[:, 0] -= now
            rows[:] = convert(rows)

    def _levels(self, all_times: Floats, all_slopes: Floats, jumps: Floats | None) -> Floats:
        """The totals at the row before and at each row, [1 + T, C, D]."""
        levels = np.empty_like(all_slopes)
        levels[0] = self._row[0]
        gains = np.multiply(all_slopes[:-1], np.diff(all_times)[:, None, None], out=levels[1:])
        if jumps is not None:
            gains += jumps
        _run(np.add, levels)
        return levels

    def _since_begin(self, begin: Floats, levels: Floats) -> Floats:
        """How far levels [T, C, D] are above those at times `begin` [T]."""
        at = np.maximum(self._marks.last_before(begin), 0)
        grown: Floats = self._marks.rows[at, 1]
        grown *= np.maximum(begin - self._marks.times[at], 0.0)[:, None, None]
        grown += self._marks.rows[at, 0]
        self._marks.forget_before(begin[-1])
        np.subtract(levels, grown, out=grown)
        return grown


class Peak:
    """Highest of C values per device; unknown is -inf."""

    def __init__(self, length_s: float, channels: int, devices: int) -> None:
        self._length_s = length_s
        self._marks = Marks((2, channels, devices), _ROOM)  # highest of each bucket, value of its last row
        self._lowest = np.full((channels, devices), -np.inf)
        self._since: Floats | None = None  # [m + 1, C, D] highest from mark i to the last one, if worked out
        self._close(np.array([-np.inf]), self._lowest[None], self._lowest[None])  # before the first row
        self._bucket, self._time = np.nan, -np.inf
        self._open = self._last = self._lowest

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept from row to row."""
        rows = self._marks.most + 4  # what was highest since each mark, and the open bucket's
        return self._marks.nbytes + rows * self._lowest.nbytes

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
        peaks = np.concatenate([self._open[None], x])
        _run(np.maximum, peaks)
        peaks = peaks[1:]
        np.maximum(peaks, self._since_marks()[at + 1], out=peaks)
        np.maximum(peaks, self._marks.rows[at, 1], out=peaks)
        self._marks.forget_before(begin[-1])
        self._remember(times, x, buckets)
        return peaks

    def _since_marks(self) -> Floats:
        if self._since is None:
            backwards = np.concatenate([self._lowest[None], self._marks.rows[::-1, 0]])
            self._since = np.maximum.accumulate(backwards)[::-1]
        return self._since[-len(self._marks.times) - 1 :]

    def _remember(self, times: Floats, x: Floats, buckets: Floats) -> None:
        edges = np.flatnonzero(buckets[1:] != buckets[:-1]) + 1
        highest = np.maximum.reduceat(x, [0, *edges], axis=0) if len(x) > 1 else x.copy()
        highest[0] = np.maximum(highest[0], self._open)
        if edges.size:
            self._close(times[edges - 1], highest[:-1], x[edges - 1])
        self._bucket, self._open = buckets[-1], highest[-1]
        self._time, self._last = float(times[-1]), x[-1].copy()

    def _close(self, times: Floats, highest: Floats, last: Floats) -> None:
        self._marks.append(times, highest, last)
        self._since = None


def _last_of_buckets(times: Floats, length_s: float) -> NDArray[np.intp]:
    """Positions of the times [T] that are followed by one of a later bucket."""
    buckets = buckets_of(times, length_s)
    return np.flatnonzero(buckets[1:] != buckets[:-1])


def _run(function: np.ufunc, rows: Floats) -> None:
    """Apply a function from row to row, in place: the same bits, however the rows are cut.

    `accumulate` does that, at the price of many rows even for the single step of a live tick.
    """
    if len(rows) == 2:
        function(rows[0], rows[1], out=rows[1])
    else:
        function.accumulate(rows, out=rows)
