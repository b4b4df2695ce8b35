"""What a quantity usually is at this hour of the week: the only window that remembers weeks.

It looks once a minute, at the value held at each whole minute. Rows a second apart and rows a minute apart, if these
are whole minutes, therefore give the same bits, so weeks of the past can be shown to it quickly.
"""

from collections.abc import Iterator
from typing import TypeVar

import numpy as np

from rules.vocabulary import Bools, Calendar, Floats
from rules.windows.looks import Eye, Ints
from rules.windows.window import KNOWN_SHARE, Sized, Window

LOOK_S, HOUR_S = 60.0, 3600.0
WEEK_HOURS = 168
WEEKS = 4
_LOOKS = int(HOUR_S / LOOK_S)
_ENOUGH = KNOWN_SHARE * HOUR_S / LOOK_S
IntLike = TypeVar("IntLike", int, Ints)
_ALL_S = WEEKS * WEEK_HOURS * HOUR_S


class Usual(Window):
    """The median of the means that this hour of the week had in the last four weeks, by the clock on the wall.

    An hour has a mean if at least half of its looks are known. The hour that is running counts for nothing yet.
    """

    # The first hour must be whole, and a clock may have been set forward since.
    learn_s = _ALL_S + 2 * HOUR_S

    def __init__(self, devices: int, calendar: Calendar) -> None:
        super().__init__(_ALL_S, devices)
        self._calendar = calendar
        self._eye = Eye(LOOK_S, int(self.learn_s / LOOK_S), devices)
        self._hour: int | None = None  # of the wall, counted from its 1970-01-01
        self._mean = _Mean(devices)
        self._weeks = np.full((WEEKS, WEEK_HOURS, devices), np.nan)
        self._now = np.full(devices, np.nan)

    @property
    def grid(self) -> str:
        """How it cuts time."""
        return f"a look every minute, a mean every hour, {WEEKS} weeks of {WEEK_HOURS} hours"

    def _value(self, times: Floats, x: Floats, known: Bools) -> Floats:
        seen = self._eye.feed(times, np.where(known, x, np.nan))
        if seen is None:
            return np.broadcast_to(self._now, x.shape)
        hours = np.floor(self._calendar.wall(seen.numbers * LOOK_S) / HOUR_S).astype(np.intp)
        begins = np.flatnonzero(np.diff(hours, prepend=-1))  # [H] first look of each hour
        values = [self._now]
        for begin, end, count in _stretches(begins, hours):
            if count > 1:
                values.extend(self._enter_whole(int(hours[begin]), seen.looks[begin:end].reshape(count, _LOOKS, -1)))
                continue
            if hours[begin] != self._hour:
                self._enter(int(hours[begin]))
            self._mean.add(seen.looks[begin:end])
            values.append(self._now)
        looks_until = np.concatenate([[0], seen.ends])[seen.counts]  # [T]
        now: Floats = np.stack(values)[np.searchsorted(begins, looks_until, "left")]
        return now

    def _memory(self) -> tuple[Sized, ...]:
        return self._eye, self._mean, self._weeks, self._now

    def _enter(self, hour: int) -> None:
        """Close the hour that was running and begin another one; hours that were left out are unknown."""
        if self._hour is not None:
            self._weeks[_slot(self._hour)] = self._mean.value()
            for skipped in range(max(self._hour + 1, hour - WEEKS * WEEK_HOURS), hour):
                self._weeks[_slot(skipped)] = np.nan
        self._hour, self._mean = hour, _Mean(self.devices)
        self._now = _median(self._weeks[:, hour % WEEK_HOURS])

    def _enter_whole(self, hour: int, looks: Floats) -> Floats:
        """The same for whole hours in a row, looks[H, 60, D], a week at most; what is usual in each of them, [H, D]."""
        self._enter(hour)
        hours = hour + np.arange(len(looks))
        now = _median(self._weeks[:, hours % WEEK_HOURS])
        self._weeks[_slot(hours[:-1])] = _means(looks[:-1])
        self._hour, self._now = int(hours[-1]), now[-1].copy()
        self._mean = _Mean(self.devices)
        self._mean.add(looks[-1])
        return now


class _Mean:
    """The mean of looks that come one after the other, relative to the first, so that a constant is its own mean."""

    def __init__(self, devices: int) -> None:
        self._first, self._sum, self._known = np.full(devices, np.nan), np.zeros(devices), np.zeros(devices)

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept from look to look."""
        return self._first.nbytes + self._sum.nbytes + self._known.nbytes

    def add(self, looks: Floats) -> None:
        """Take looks [L, D], in order: added one by one, the sum has the same bits however they are cut."""
        known = ~np.isnan(looks)
        earliest = looks[known.argmax(axis=0), np.arange(looks.shape[1])]
        self._first = np.where(np.isnan(self._first), earliest, self._first)
        gains = np.where(known, looks - self._first, 0.0)
        self._sum = np.add.accumulate(np.concatenate([self._sum[None], gains]), axis=0)[-1]
        self._known = self._known + known.sum(axis=0)

    def value(self) -> Floats:
        """The mean where enough looks were known, [D]."""
        return np.where(self._known >= _ENOUGH, self._first + self._sum / self._known, np.nan)


def _stretches(begins: Ints, hours: Ints) -> Iterator[tuple[int, int, int]]:
    """First look and end of each hour, and the number of hours, 1; several whole hours in a row are one stretch."""
    ends = np.append(begins[1:], len(hours))
    follows = np.diff(hours[begins], prepend=hours[0] - 2) == 1
    whole = (ends - begins == _LOOKS) & follows
    at = 0
    while at < len(begins):
        count = 1
        if whole[at]:
            count = min(int(np.append(whole[at:], False).argmin()), WEEK_HOURS)
        yield int(begins[at]), int(ends[at + count - 1]), count
        at += count


def _means(looks: Floats) -> Floats:
    """What a `_Mean` makes of each of some hours, looks[H, 60, D], added in the same order: same bits; [H, D]."""
    known = ~np.isnan(looks)
    first = np.take_along_axis(looks, known.argmax(axis=1)[:, None], axis=1)
    gains = np.where(known, looks - first, 0.0)
    count = known.sum(axis=1)
    return np.where(count >= _ENOUGH, first[:, 0] + np.add.accumulate(gains, axis=1)[:, -1] / count, np.nan)


def _slot(hour: IntLike) -> tuple[IntLike, IntLike]:
    return hour // WEEK_HOURS % WEEKS, hour % WEEK_HOURS


def _median(weeks: Floats) -> Floats:
    """Of the known ones among [W, ...]; NaN where none is."""
    ordered = np.sort(weeks, axis=0)  # NaN goes to the end
    known = len(weeks) - np.isnan(weeks).sum(axis=0)
    below, above = (
        np.take_along_axis(ordered, place[None], axis=0)[0]
        for place in (np.maximum(known - 1, 0) // 2, np.minimum(known // 2, WEEKS - 1))
    )
    middle: Floats = (below + above) / 2.0
    return middle
