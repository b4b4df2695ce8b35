"""The past of a simulated property in the daemon's own history file: for the demo, and for backtests without a site."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gateway.core.config import Config
from gateway.core.types import Fleet, Fresh
from gateway.history.local import write_history
from rules.duration import DAY_S
from simulators.site import SimulatedSite


class Stretch(NamedTuple):
    """From, until (seconds since 1970), and the seconds between two readings of a device."""

    start: float
    end: float
    step_s: float


def write_past(
    path: Path,
    property_: SimulatedSite,
    config: Config,
    stretches: Iterable[Stretch],
    tell: Callable[[float], None] = lambda _: None,
) -> None:
    """Fill a new history file with stretches of time, one after the other, and tell the share (0 to 1) that is done.

    Raises OSError or sqlite3.Error.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    listed = list(stretches)
    days = [(fleet, *day) for fleet in config.fleets for stretch in listed for day in _days(stretch)]

    def readings() -> Iterator[Fresh]:
        for number, (fleet, start, end, step_s) in enumerate(days):
            tell(number / len(days))
            yield _readings(property_, fleet, start, end, step_s)

    write_history(path, readings(), config.history.local.max_size)


def two_weeks(config: Config, until: float) -> list[Stretch]:
    """Once a minute; the last hours at the pace of the live polls, so that windows over them are known."""
    until = float(np.floor(until))
    pace_s = max(1.0, min(device.every for device in config.devices))
    dense_from = until - 3 * 3600.0
    return [Stretch(until - 14 * DAY_S, dense_from, 60.0), Stretch(dense_from, until, pace_s)]


def _days(stretch: Stretch) -> Iterator[Stretch]:
    for day in np.arange(stretch.start, stretch.end, DAY_S).tolist():
        yield Stretch(day, min(day + DAY_S, stretch.end), stretch.step_s)


def _readings(property_: SimulatedSite, fleet: Fleet, start: float, end: float, step_s: float) -> Fresh:
    """Readings of the whole fleet at the same instants, in order of time."""
    times, read = property_.history(fleet.ids, start, end, step_s)
    values = np.stack([read[device] for device in fleet.ids], axis=1)  # [T, D, P]
    count = len(fleet.devices)
    instants = np.repeat(times, count)
    return Fresh(fleet, instants, np.tile(np.arange(count), len(times)), instants, values.reshape(-1, values.shape[2]))
