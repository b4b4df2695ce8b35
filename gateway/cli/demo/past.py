"""Two weeks of the simulated property's past, in the daemon's own history file, so that it starts with experience."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gateway.core.config import Config
from gateway.core.types import Fleet, Fresh
from gateway.history.local import write_history
from simulators.site import SimulatedSite

LONG_AGO_S = 14 * 86400.0
SPARSE_STEP_S = 60.0
DENSE_S = 3 * 3600.0
"""The last hours are recorded at the pace of the live polls, so that windows over them are known."""


def write_past(path: Path, property_: SimulatedSite, config: Config, until: float) -> None:
    """Fill a new history file up to the site time `until`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    until = float(np.floor(until))
    write_history(path, (fresh for fleet in config.fleets for fresh in _readings(property_, fleet, until)))


def _readings(property_: SimulatedSite, fleet: Fleet, until: float) -> Iterator[Fresh]:
    dense_from = until - DENSE_S
    pace_s = max(1.0, min(device.every for device in fleet.devices))
    for start, end, step_s in (
        (until - LONG_AGO_S, dense_from, SPARSE_STEP_S),
        (dense_from, until, pace_s),
    ):
        for day in np.arange(start, end, 86400.0):
            yield _stretch(property_, fleet, float(day), min(float(day) + 86400.0, end), step_s)


def _stretch(property_: SimulatedSite, fleet: Fleet, start: float, end: float, step_s: float) -> Fresh:
    """Readings of the whole fleet at the same instants, in order of time."""
    times, read = property_.history(fleet.ids, start, end, step_s)
    values = np.stack([read[device] for device in fleet.ids], axis=1)  # [T, D, P]
    count = len(fleet.devices)
    instants = np.repeat(times, count)
    return Fresh(fleet, instants, np.tile(np.arange(count), len(times)), instants, values.reshape(-1, values.shape[2]))
