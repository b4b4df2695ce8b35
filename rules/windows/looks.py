"""Windows that look at what is held at certain instants, instead of adding up all that lies between.

A look sees the last row at or before its instant; the instants are edges of buckets of absolute time. So what a window
saw does not depend on how rows were cut into blocks, nor on rows between the looks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.vocabulary import Bools, Floats
from rules.windows.marks import Marks
from rules.windows.past import BUCKETS
from rules.windows.window import KNOWN_SHARE, SLACK_S, Sized, Window

Ints = NDArray[np.signedinteger]

_AGO_BUCKETS = 720
_ROOM_FOR_AGO = (_AGO_BUCKETS + 2) * 5 // 4  # a quarter more than there are, so that they seldom move


class Quantile(Window):
    """The value below which the window's looks lie for a share of them, linear between neighbours.

    There are sixty looks, at the edges of the buckets of a sixtieth of the window.
    """

    def __init__(self, length_s: float, devices: int, share: float) -> None:
        super().__init__(length_s, devices)
        self._share = share
        self._eye = Eye(length_s / BUCKETS, BUCKETS, devices)
        self._looks = np.full((BUCKETS, devices), np.nan)
        self._now = np.full((1, devices), np.nan)

    def _value(self, times: Floats, x: Floats, known: Bools) -> Floats:
        seen = self._eye.feed(times, np.where(known, x, np.nan))
        if seen is None:
            return np.broadcast_to(self._now, x.shape)
        looks = np.concatenate([self._looks, seen.looks])
        at_once = looks[seen.ends[:, None] + np.arange(BUCKETS)].swapaxes(1, 2)  # [N, D, BUCKETS]
        values = np.concatenate([self._now, quantile(at_once, self._share)])
        self._looks, self._now = looks[-BUCKETS:].copy(), values[-1:]
        return values[seen.counts]

    def _memory(self) -> tuple[Sized, ...]:
        return self._eye, self._looks, self._now


class Ago(Window):
    """What was held when the window began: right to a 720th of its length, and exact where rows are further apart."""

    buckets = _AGO_BUCKETS

    def __init__(self, length_s: float, devices: int) -> None:
        super().__init__(length_s, devices)
        self._marks = Marks((1, devices), _ROOM_FOR_AGO)  # the last row of each bucket, and one before the first
        self._time, self._row = -np.inf, np.full((1, devices), np.nan)

    def _value(self, times: Floats, x: Floats, known: Bools) -> Floats:
        all_times = np.concatenate([[self._time], times])
        rows = np.concatenate([self._row, np.where(known, x, np.nan)])
        buckets = np.floor(all_times / (self.length_s / self.buckets))
        closing = np.flatnonzero(buckets[1:] != buckets[:-1])
        if closing.size:
            self._marks.append(all_times[closing], rows[closing])
        self._time, self._row = float(times[-1]), rows[-1:].copy()
        begin = times - self.length_s + SLACK_S
        then: Floats = self._marks.rows[self._marks.last_before(begin), 0]
        self._marks.forget_before(begin[-1])
        return then

    def _memory(self) -> tuple[Sized, ...]:
        return self._marks, self._row


class Seen(NamedTuple):
    """What an `Eye` saw of T rows."""

    looks: Floats
    """[L, D] the new looks, in order."""
    numbers: Floats
    """[L] the bucket at whose first instant each was taken."""
    ends: Ints
    """[N] how many of the looks there were when a new one was last needed, N times in all, counted from 0."""
    counts: Ints
    """[T] how many of these N times lie at or before each row."""


class Eye:
    """Looks at the values held at the edges of buckets, at most `most` of them between two rows: the latest."""

    def __init__(self, bucket_s: float, most: int, devices: int) -> None:
        self._bucket_s, self._most = bucket_s, most
        self._bucket, self._time = -np.inf, -np.inf
        self._row = np.full((1, devices), np.nan)

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept from row to row."""
        return self._row.nbytes

    def feed(self, times: Floats, x: Floats) -> Seen | None:
        """Take rows times[T], x[T, D]; None if there was nothing to look at, which is so in most rows of a live day."""
        buckets = np.floor(times / self._bucket_s)
        before, self._bucket = self._bucket, float(buckets[-1])
        if before == self._bucket:
            self._time, self._row = float(times[-1]), x[-1:].copy()
            return None
        steps = np.diff(buckets, prepend=before)
        due = np.flatnonzero(steps)
        counts = np.minimum(steps[due], self._most).astype(np.intp)
        ends = np.cumsum(counts)
        numbers: Floats = np.repeat(buckets[due], counts) - (np.repeat(ends, counts) - 1 - np.arange(ends[-1]))
        all_times = np.concatenate([[self._time], times])
        held = np.searchsorted(all_times, numbers * self._bucket_s, "right") - 1
        looks = np.concatenate([self._row, x])[held]
        self._time, self._row = float(times[-1]), x[-1:].copy()
        return Seen(looks, numbers, ends, np.cumsum(steps != 0))


def quantile(looks: Floats, share: float) -> Floats:
    """The quantile of the known looks [..., L], linear between neighbours; NaN while less than half are known."""
    flat = looks.reshape(-1, looks.shape[-1])
    known = flat.shape[1] - np.isnan(flat).sum(axis=1)
    whole = known == flat.shape[1]
    if whole.all():
        return _of_whole(flat, share).reshape(looks.shape[:-1])
    values = np.full(len(flat), np.nan)
    values[whole] = _of_whole(flat[whole], share)
    part = ~whole & (known >= KNOWN_SHARE * flat.shape[1])
    values[part] = _of_known(flat[part], known[part], share)
    return values.reshape(looks.shape[:-1])


def _of_whole(looks: Floats, share: float) -> Floats:
    last = looks.shape[1] - 1
    low = int(share * last)
    high = min(low + 1, last)
    ordered = np.partition(looks, (low, high), axis=1)
    below, above = ordered[:, low], ordered[:, high]
    between: Floats = below + (above - below) * (share * last - low)
    return between


def _of_known(looks: Floats, known: Ints, share: float) -> Floats:
    ordered, rows = np.sort(looks, axis=1), np.arange(len(looks))  # NaN goes to the end
    place = share * (known - 1)
    low = place.astype(np.intp)
    below, above = ordered[rows, low], ordered[rows, np.minimum(low + 1, known - 1)]
    between: Floats = below + (above - below) * (place - low)
    return between
