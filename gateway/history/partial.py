"""Readings that come in parts: a line of a file may say something about one point of a device, or about several.

Lines of one device and time make one reading. A point that nothing was said about at that time keeps what it had, for
as long as it usually takes until something is said about it again.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Fleet, Floats, Fresh
from gateway.core.unfold import stale_limits
from gateway.history.grid import first_shown

UNKNOWN = float("inf")
"""Said to have no value, as against NaN: nothing was said."""

_MISSED = 3.0  # as many usual gaps may pass before what was said is too old


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """N partial readings of one fleet."""

    devices: NDArray[np.intp]  # [N] row in the fleet
    times: Floats  # [N] event times
    values: Floats  # [N, P] a number, UNKNOWN, or NaN where nothing was said


def merged(partial: Partial) -> Partial:
    """In order of device, then time, with one entry for each. Of two values the later counts, before no value."""
    order = np.lexsort((partial.times, partial.devices))
    devices, times, values = partial.devices[order], partial.times[order], partial.values[order]
    new = np.append(True, (np.diff(devices) != 0) | (np.diff(times) != 0))
    starts = np.flatnonzero(new)
    if len(starts) == len(new):
        return Partial(devices, times, values)
    entry = np.arange(len(values))[:, None]
    weight = np.where(np.isfinite(values), entry + len(values), np.where(np.isnan(values), -1, entry))
    heaviest = np.maximum.reduceat(weight, starts, axis=0)
    chosen = np.take_along_axis(values, np.maximum(heaviest, 0) % len(values), axis=0)
    chosen[heaviest < 0] = np.nan
    return Partial(devices[starts], times[starts], chosen)


class Gaps:
    """How long it usually takes until something is said about a point of a device again: the median, nearly.

    Gaps are counted in classes of half an octave; what is told is the mean of the class in the middle.
    """

    _CLASSES, _SHORTEST_S = 64, 1e-3

    def __init__(self, fleet: Fleet) -> None:
        self._shape = len(fleet.devices), len(fleet.profile.points)
        self._said_at = np.full(self._shape, -np.inf)
        self._counts = np.zeros((*self._shape, self._CLASSES), np.int32)
        self._sums = np.zeros((*self._shape, self._CLASSES))

    def add(self, partial: Partial) -> None:
        """Take more lines of a file, merged; a time that lies before what was seen is no gap."""
        said = ~np.isnan(partial.values)
        said_at = np.where(said, partial.times[:, None], -np.inf)
        before = _latest_before(partial.devices, said_at, self._said_at)
        with np.errstate(invalid="ignore"):
            gap = partial.times[:, None] - before
        row, point = np.nonzero(said & (gap > 0) & np.isfinite(gap))
        lengths = gap[row, point]
        size = np.clip(2 * np.log2(lengths / self._SHORTEST_S), 0, self._CLASSES - 1).astype(np.intp)
        place = partial.devices[row], point, size
        np.add.at(self._counts, place, 1)
        np.add.at(self._sums, place, lengths)
        np.maximum.at(self._said_at, partial.devices, said_at)

    def usual_s(self) -> Floats:
        """Seconds, [D, P]; 0 where it cannot be told."""
        half = (self._counts.sum(axis=2, keepdims=True) + 1) // 2
        middle = np.argmax(self._counts.cumsum(axis=2) >= half, axis=2)[..., None]
        count = np.take_along_axis(self._counts, middle, axis=2)[..., 0]
        total = np.take_along_axis(self._sums, middle, axis=2)[..., 0]
        return np.asarray(total / np.maximum(count, 1))


class Whole:
    """Makes whole readings of partial ones, which must come in order of time."""

    def __init__(self, fleet: Fleet, usual_s: Floats, tick_s: float) -> None:
        self._fleet = fleet
        self._tick_s = tick_s
        self._hold_s = np.maximum(stale_limits(fleet)[:, None], _MISSED * usual_s)
        self._values = np.full(usual_s.shape, np.nan)
        self._said_at = np.full(usual_s.shape, -np.inf)

    def readings(self, partial: Partial) -> Fresh:
        """The readings of the next stretch, in order of row."""
        partial = merged(partial)
        devices, times = partial.devices, partial.times
        values, said_at = self._held(partial)
        last = np.append(np.diff(devices) != 0, True)
        self._values[devices[last]], self._said_at[devices[last]] = values[last], said_at[last]
        too_old = times[:, None] - said_at > self._hold_s[devices]
        values = np.where(too_old | np.isinf(values), np.nan, values)
        rows = first_shown(devices, times, self._tick_s)
        order = np.lexsort((devices, rows))
        return Fresh(self._fleet, rows[order], devices[order], times[order], values[order])

    def _held(self, partial: Partial) -> tuple[Floats, Floats]:
        """What was last said about each point, and when: [N, P] each."""
        known, begins = np.unique(partial.devices, return_index=True)
        at = begins + np.arange(len(known))  # what is held of a device goes before its first entry
        values = np.insert(partial.values, begins, self._values[known], axis=0)
        times = np.repeat(partial.times[:, None], values.shape[1], axis=1)
        said_at = np.insert(np.where(np.isnan(partial.values), -np.inf, times), begins, self._said_at[known], axis=0)
        source = _last_said(~np.isnan(values), at)
        keep = np.delete(np.arange(len(values)), at)
        return (
            np.take_along_axis(values, source, axis=0)[keep],
            np.take_along_axis(said_at, source, axis=0)[keep],
        )


def _last_said(said: NDArray[np.bool_], begins: NDArray[np.intp]) -> NDArray[np.intp]:
    """For each entry the last one of its device, itself included, that said something. [N, P]."""
    entry = np.arange(len(said))[:, None]
    source = np.where(said, entry, 0)
    source[begins] = entry[begins]
    return np.maximum.accumulate(source, axis=0)


def _latest_before(devices: NDArray[np.intp], said_at: Floats, held: Floats) -> Floats:
    """When something was last said before each entry, [N, P]; `held` [D, P] is from before the first entry."""
    begins = np.append(True, np.diff(devices) != 0)
    before = np.vstack((said_at[:0], np.roll(said_at, 1, axis=0)))
    before[begins] = held[devices[begins]]
    entry = np.arange(len(said_at))[:, None]
    source = np.where(np.isneginf(before), 0, entry)
    source[begins] = entry[begins]
    return np.take_along_axis(before, np.maximum.accumulate(source, axis=0), axis=0)
