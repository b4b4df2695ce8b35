"""Where only the time of a reading is known: the row in which the live engine would have seen it first."""

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Floats


def cells(times: Floats, tick_s: float) -> Floats:
    """The cell of each time: the smallest k with k * tick_s >= time, rounding errors of the division aside. [N]."""
    k = np.ceil(times / tick_s)
    k -= (k - 1) * tick_s >= times
    k += k * tick_s < times
    return k


def first_shown(devices: NDArray[np.intp], times: Floats, tick_s: float) -> Floats:
    """The row of each reading: its cell's instant; a device's earlier ones in the same cell keep their own time. [N].

    The readings are in order of device, then time, and no device has two at one time.
    """
    cell = cells(times, tick_s)
    last = np.append((np.diff(devices) != 0) | (np.diff(cell) != 0), True)
    return np.where(last, cell * tick_s, times)
