"""Latest values of every device: drivers put batches on the board, the engine takes blocks off it.

The site's time is cut into cells of one tick. Each `take` hands over one row per cell that has passed since the last
one, so a live block mostly has one row. No reading is skipped: a cell in which a device delivered n times gets n rows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.device import Batch
from gateway.core.types import Block, Fleet, Floats, Fresh
from gateway.core.unfold import Held, stale_limits, unfold
from gateway.pipeline.waiting import Ints, Waiting

MAX_ROWS = 4096
"""Most cells handed over at once; a clock that leaps a year must not ask for thirty million rows."""
MAX_WAITING = 200_000
"""Most readings of one fleet that wait for a take; beyond it the oldest are dropped and counted."""


class Board:
    """Collects batches and cuts them into one block per fleet. Knows no clock: `now` is handed in."""

    def __init__(self, fleets: Sequence[Fleet], tick_s: float) -> None:
        self.tick_s = tick_s
        self._shelves = [_Shelf(fleet, tick_s) for fleet in fleets]
        self._place = {device: (shelf, row) for shelf in self._shelves for row, device in enumerate(shelf.fleet.ids)}
        self.unknown_devices = 0

    def put(self, batch: Batch) -> None:
        """Take note of one reading. Cheap. Raises ValueError if it is no row of the device's profile."""
        place = self._place.get(batch.device)
        if place is None:
            self.unknown_devices += 1
            return
        shelf, row = place
        if batch.values.shape != shelf.row_shape or not math.isfinite(batch.time):
            raise ValueError(f"not a row of {batch.device}: shape {batch.values.shape}, time {batch.time}")
        shelf.waiting.put(row, batch.time, batch.values)

    def take(self, now: float) -> list[tuple[Block, Fresh]]:
        """Hand over every fleet's rows up to the last full tick before `now`; empty if no tick has passed."""
        return [taken for shelf in self._shelves if (taken := shelf.take(now)) is not None]

    @property
    def dropped(self) -> int:
        """Readings that came faster than they were taken and were let go."""
        return sum(shelf.waiting.dropped for shelf in self._shelves)

    def begin(self, now: float) -> None:
        """Show nothing from before `now`: while nobody listened, silence was no evidence of anything."""
        for shelf in self._shelves:
            shelf.until = now // self.tick_s * self.tick_s

    def resume(self, profile: str, last: Held) -> None:
        """Go on where a replay of history ended, so that held values are known from the first tick on."""
        for shelf in self._shelves:
            if shelf.fleet.profile.profile == profile:
                shelf.last = last


class _Shelf:
    """The board of one fleet."""

    def __init__(self, fleet: Fleet, tick_s: float) -> None:
        self.fleet = fleet
        self.tick_s = tick_s
        self.row_shape = (len(fleet.profile.points),)
        self.waiting = Waiting(len(fleet.profile.points), MAX_WAITING)
        self.last = Held.empty(len(fleet.devices), len(fleet.profile.points))
        self.until: float | None = None
        self._stale_s = stale_limits(fleet)

    def take(self, now: float) -> tuple[Block, Fresh] | None:
        end = int(np.floor(now / self.tick_s))
        start = end if self.until is None else int(np.floor(self.until / self.tick_s + 1e-6)) + 1
        if end < start:
            return None
        next_cell, start = start, max(start, end - MAX_ROWS + 1)
        rows, event_times, values = self.waiting.take(end * self.tick_s, now)
        layout = _lay_out(rows, np.ceil(event_times / self.tick_s).astype(np.int64), start, end, self.tick_s)
        if start > next_cell:
            self._bring_forward(layout, start, next_cell)
        shown, ages, self.last = unfold(layout.times, layout.index, rows, event_times, values, self.last, self._stale_s)
        self.until = float(layout.times[-1])
        fresh = Fresh(self.fleet, layout.times[layout.index], rows, event_times, values)
        return Block(self.fleet, layout.times, shown, ages), fresh

    def _bring_forward(self, layout: "_Layout", start: int, next_cell: int) -> None:
        """Show the first cell when all has just become stale: a row speaks until the next, so for what is left out."""
        stale_cell = next_cell + int(np.ceil(self._stale_s.max() / self.tick_s)) + 1
        layout.times[layout.times <= start * self.tick_s] -= max(start - stale_cell, 0) * self.tick_s


@dataclass(frozen=True, slots=True)
class _Layout:
    times: Floats  # [T]
    index: Ints  # [N] row of the block in which each batch is shown


def _lay_out(devices: Ints, cells: NDArray[np.int64], start: int, end: int, tick_s: float) -> _Layout:
    """Give each batch a row: its cell's instant, or an instant between for all but a device's last one in the cell."""
    cells = np.clip(cells, start, end)
    place, of = _places(devices, cells)
    depth = np.ones(end - start + 1, dtype=np.int64)
    np.maximum.at(depth, cells - start, of)
    first = np.concatenate(([0], np.cumsum(depth)[:-1]))
    cell_of_row = np.repeat(np.arange(start, end + 1), depth)
    rest = np.repeat(first + depth, depth) - 1 - np.arange(len(cell_of_row))
    times = (cell_of_row - rest / np.repeat(depth, depth)) * tick_s
    index = first[cells - start] + depth[cells - start] - of + place
    return _Layout(times, index.astype(np.intp))


def _places(devices: Ints, cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which of its device's batches in its cell each one is, and how many there are: (place[N], of[N])."""
    if len(devices) == 0:
        return np.zeros(0, dtype=np.int64), np.ones(0, dtype=np.int64)
    key = cells * (int(devices.max()) + 1) + devices
    order = np.argsort(key, kind="stable")
    _, inverse, count = np.unique(key, return_inverse=True, return_counts=True)
    starts = np.concatenate(([0], np.cumsum(count)[:-1]))
    place = np.empty(len(key), dtype=np.int64)
    place[order] = np.arange(len(key)) - np.repeat(starts, count)
    return place, count[inverse].astype(np.int64)
