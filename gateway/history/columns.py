"""Small pure operations on fresh readings in columns: choose some, join, bring into order."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Fleet, Fresh
from gateway.history.chunk import Chunk


def select(fresh: Fresh, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Fresh:
    """Some of the readings."""
    return Fresh(fresh.fleet, fresh.rows[which], fresh.devices[which], fresh.times[which], fresh.values[which])


def join(fleet: Fleet, parts: Sequence[Fresh]) -> Fresh:
    """All readings of several parts, one after the other."""
    return Fresh(
        fleet,
        np.concatenate([np.empty(0), *(part.rows for part in parts)]),
        np.concatenate([np.empty(0, np.intp), *(part.devices for part in parts)]),
        np.concatenate([np.empty(0), *(part.times for part in parts)]),
        np.concatenate([np.empty((0, len(fleet.profile.points))), *(part.values for part in parts)]),
    )


def as_fleet(chunk: Chunk, fleet: Fleet) -> Fresh:
    """The readings of a chunk as the fleet orders them; device -1: not in the fleet, NaN: not recorded."""
    row_of = {device: row for row, device in enumerate(fleet.ids)}
    rows = np.array([row_of.get(device, -1) for device in chunk.devices], np.intp)
    column_of = {point: column for column, point in enumerate(chunk.points)}
    values = np.full((len(chunk.rows), len(fleet.profile.points)), np.nan)
    for column, name in enumerate(fleet.profile.names):
        if name in column_of:
            values[:, column] = chunk.values[:, column_of[name]]
    return Fresh(fleet, chunk.rows, rows[chunk.index], chunk.times, values)


def in_order(parts: Iterable[Fresh]) -> Iterator[Fresh]:
    """Parts that begin one after the other but may overlap (the clock was set back), as parts that do not."""
    waiting: Fresh | None = None
    for part in parts:
        if waiting is None:
            waiting = _tidy(part)
            continue
        ready = np.searchsorted(waiting.rows, part.rows.min())
        yield select(waiting, slice(ready))
        left = select(waiting, slice(ready, None))
        waiting = _tidy(join(part.fleet, (left, part)) if len(left.rows) else part)
    if waiting is not None:
        yield waiting


def _tidy(fresh: Fresh) -> Fresh:
    """Sort by row and device; of two readings of a device in one row the later one stays."""
    order = np.lexsort((fresh.devices, fresh.rows))
    rows, devices = fresh.rows[order], fresh.devices[order]
    last = np.append((np.diff(rows) != 0) | (np.diff(devices) != 0), True)
    return select(fresh, order[last])
