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
    """Number all readings, those held before first, and look up which one each cell shows. Row 0 is what was held."""
    rows, devices = cells[0] + 1, cells[1]
    fleet, points = last.values.shape
    number, latest = np.zeros((2, 1 + count, fleet), np.intp)
    number[0], number[rows, devices] = np.arange(fleet), np.arange(fleet, fleet + len(rows))
    latest[rows, devices] = rows
    np.maximum.accumulate(latest, axis=0, out=latest)
    entry = np.take_along_axis(number, latest, axis=0)

    shown = np.concatenate((last.values, values))[entry]
    seen_at = np.concatenate((last.seen_at, event_times))[entry]
    good_at = np.empty((1 + count, fleet, points))
    good_at[:] = seen_at[..., None]
    silent = latest == 0
    good_at[silent] = last.good_at[silent.nonzero()[1]]
    _carry(good_at, np.isnan(shown))
    held = Held(shown[-1].copy(), good_at[-1].copy(), seen_at[-1].copy())
    return shown[1:], good_at[1:], seen_at[1:], held


def _carry(good_at: Floats, unknown: NDArray[np.bool_]) -> None:
    """Give each run of unknown values, down the rows, the time of the row before it. In place, [1 + T, D, P]."""
    unknown[0] = False  # what was held has its own time; so no run goes on in the next column
    size, flat = len(unknown), good_at.reshape(len(unknown), -1)
    place = np.flatnonzero(unknown.reshape(size, -1).T)  # column after column
    begins = np.diff(place, prepend=-1) != 1
    before = (place[begins] - 1)[np.cumsum(begins) - 1]
    column, row = np.divmod(place, size)
    flat[row, column] = flat[before % size, column]
