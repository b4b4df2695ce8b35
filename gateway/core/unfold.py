"""Readings as they came, unfolded into what the engine sees: every device at every instant, held until it is stale.

The live board and the recording of a backtest both come through here, so a backtest sees what the live engine saw.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from drivers.device import Device
from gateway.core.types import Fleet, Floats

IntArray = NDArray[np.intp]

_STALE_PERIODS = 3.0
_STALE_FLOOR_S = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What is known of each device between two blocks. Treat the arrays as read-only."""

    values: Floats  # [D, P] the last reading as it came; NaN where it had no value
    good_at: Floats  # [D, P] event time of the last value that was not NaN; -inf if there never was one
    seen_at: Floats  # [D] event time of the last reading; -inf if there never was one

    @classmethod
    def empty(cls, devices: int, points: int) -> Self:
        """Nothing known yet."""
        never = float("-inf")
        return cls(np.full((devices, points), np.nan), np.full((devices, points), never), np.full(devices, never))


def stale_after_s(device: Device) -> float:
    """How long a reading stands for the present: three missed polls, but not less than five seconds."""
    return max(_STALE_PERIODS * device.every, _STALE_FLOOR_S)


def stale_limits(fleet: Fleet) -> Floats:
    """Stale limit of every device in seconds, [D]."""
    return np.array([stale_after_s(device) for device in fleet.devices])


def unfold(
    times: Floats,
    rows: IntArray,
    devices: IntArray,
    event_times: Floats,
    values: Floats,
    last: Held,
    stale_s: Floats,
) -> tuple[Floats, Floats, Held]:
    """Lay N readings out over T instants, each held until the next one of its device or until it is stale.

    `times[T]` are the instants of the block; reading n of device `devices[n]` was taken at `event_times[n]`, has
    `values[n]` (`[N, P]`) and is first shown in row `rows[n]`. A row has at most one reading of a device. A device
    whose last reading is older than `stale_s[d]` is unknown (NaN), and so is, at once, a point that the reading lacks.

    Returns values `[T, D, P]`, age `[T, D, P]` (seconds since the last good value, never negative, inf if there never
    was one) and what is held afterwards. The result does not depend on how rows are cut into blocks.
    """
    if len(times) == 1:
        shown, good_at, seen_at, held = _one_instant(devices, event_times, values, last)
    else:
        shown, good_at, seen_at, held = _many_instants(len(times), (rows, devices), event_times, values, last)
    shown[times[:, None] - seen_at > stale_s] = np.nan
    age = np.subtract(times[:, None, None], good_at, out=good_at)
    return shown, np.maximum(age, 0.0, out=age), held


_Layout = tuple[Floats, Floats, Floats, Held]  # values [T, D, P], good_at [T, D, P], seen_at [T, D], held afterwards


def _one_instant(devices: IntArray, event_times: Floats, values: Floats, last: Held) -> _Layout:
    """The live case, T = 1: overwrite the rows of the devices that were read."""
    held = Held(last.values.copy(), last.good_at.copy(), last.seen_at.copy())
    held.values[devices] = values
    held.good_at[devices] = np.where(np.isnan(values), last.good_at[devices], event_times[:, None])
    held.seen_at[devices] = event_times
    return held.values[None].copy(), held.good_at[None].copy(), held.seen_at[None], held


def _many_instants(
    count: int, cells: tuple[IntArray, IntArray], event_times: Floats, values: Floats, last: Held
) -> _Layout:
    """Write all entries, held ones included, as one table ordered by device, then look up each cell's entry in it."""
    rows, devices = cells
    fleet = np.arange(len(last.seen_at))
    table_devices = np.concatenate((fleet, devices))
    order = np.lexsort((np.concatenate((np.full_like(fleet, -1), rows)), table_devices))
    first = np.searchsorted(table_devices[order], fleet)

    readings = np.concatenate((last.values, values))[order]
    seen_at = np.concatenate((last.seen_at, event_times))[order]
    good_at = np.where(np.isnan(readings), -np.inf, seen_at[:, None])
    good_at[first] = last.good_at
    good_at = _last_good(good_at, first)

    arrivals = np.zeros((count, len(fleet)), np.intp)
    arrivals[cells] = 1
    entry = np.cumsum(arrivals, axis=0, out=arrivals) + first
    end = np.append(first[1:], len(order)) - 1
    return readings[entry], good_at[entry], seen_at[entry], Held(readings[end], good_at[end], seen_at[end])


def _last_good(good_at: Floats, first: IntArray) -> Floats:
    """Carry each time down its column until the next one; a device begins anew at its `first` entry. [D + N, P]."""
    entry = np.arange(len(good_at))[:, None]
    source = np.where(np.isneginf(good_at), 0, entry)
    source[first] = entry[first]
    return np.take_along_axis(good_at, np.maximum.accumulate(source, axis=0), axis=0)
