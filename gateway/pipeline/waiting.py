"""Readings of one fleet that wait for their tick: appended one by one as devices answer, handed over as columns."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Floats

Ints = NDArray[np.intp]


class Readings(NamedTuple):
    """N readings in order of arrival."""

    devices: Ints  # [N] row index in the fleet
    times: Floats  # [N] event times
    values: Floats  # [N, P]


class Waiting:
    """A queue of at most `most` readings of P points. When it is full its older half is dropped, and counted."""

    def __init__(self, points: int, most: int) -> None:
        self._points, self._most = points, most
        self._devices: list[int] = []
        self._times: list[float] = []
        self._values: list[Floats] = []
        self.dropped = 0

    def put(self, device: int, time: float, values: Floats) -> None:
        """Add one reading, values[P]; they must not change afterwards."""
        if len(self._times) == self._most:
            self._drop(max(1, self._most // 2))
        self._devices.append(device)
        self._times.append(time)
        self._values.append(values)

    def take(self, limit: float, now: float) -> Readings:
        """Take out what was read until `limit`; the rest stays.

        A stamp from the future (a device whose clock is fast) counts as of now, or it would have to wait for its time.
        """
        times = np.minimum(np.array(self._times, np.float64), now)
        devices = np.array(self._devices, np.intp)
        values = np.array(self._values, np.float64).reshape(len(times), self._points)
        later = times > limit
        waits = np.flatnonzero(later)
        self._devices, self._times, self._values = devices[waits].tolist(), times[waits].tolist(), [*values[waits]]
        return (
            Readings(devices[~later], times[~later], values[~later]) if len(waits) else Readings(devices, times, values)
        )

    def _drop(self, count: int) -> None:
        self.dropped += count
        for column in (self._devices, self._times, self._values):
            del column[:count]
