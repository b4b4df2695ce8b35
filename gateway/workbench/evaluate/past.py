"""A simulated property as a past: whoever plays history plays it, and nobody evaluates a second time in another way.

Nothing is kept: what is asked for is simulated then, chunk by chunk.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gateway.core.config import Config
from gateway.core.types import Fleet, Floats, Fresh
from gateway.history.past import Past
from simulators.site import SimulatedSite

_VALUES = 1 << 19
"""About as many values are simulated at once."""
_FIRST_ROWS = 64
"""Whoever only wants to know the pace asks for no more."""


class Stretch(NamedTuple):
    """From, until (seconds since 1970), and how often the gateway looks; slower devices are read at their own pace."""

    start: float
    end: float
    step_s: float


class SimulatedPast(Past):
    """Stretches of a property's life, one after the other; readings fall on whole multiples of their pace."""

    def __init__(self, plant: SimulatedSite, config: Config, stretches: Sequence[Stretch]) -> None:
        self._plant, self._stretches = plant, tuple(stretches)
        self._profiles = tuple(fleet.profile.profile for fleet in config.fleets)

    def profiles(self) -> dict[str, tuple[float, float]]:
        """All of the site's, from the first stretch to the last."""
        first, last = self._stretches[0], self._stretches[-1]
        return dict.fromkeys(self._profiles, (first.start, last.end - last.step_s))

    def fresh(self, fleet: Fleet, start: float, end: float) -> Iterator[Fresh]:
        """What is said in [start, end), in order of time; silent devices say nothing."""
        most = max(1, _VALUES // (len(fleet.devices) * len(fleet.profile.points)))
        rows = min(_FIRST_ROWS, most)
        for since, until, step_s in self._stretches:
            begin, behind = max(since, start), min(until, end)
            while begin < behind:
                limit = min(begin + rows * step_s, behind)
                part = self._heard(fleet, begin, limit, step_s)
                if len(part.rows):
                    yield part
                begin, rows = limit, min(4 * rows, most)

    def close(self) -> None:
        """There is nothing to let go of."""

    def _heard(self, fleet: Fleet, start: float, end: float, step_s: float) -> Fresh:
        """What the devices say in [start, end), in order of time; a silent device says nothing."""
        parts = [self._said(device.id, start, end, max(step_s, device.every)) for device in fleet.devices]
        times = np.concatenate([times for times, _ in parts])
        rows = np.repeat(np.arange(len(parts)), [len(times) for times, _ in parts])
        order = np.argsort(times, kind="stable")
        values = np.concatenate([values for _, values in parts])[order]
        return Fresh(fleet, times[order], rows[order], times[order], values)

    def _said(self, device: str, start: float, end: float, pace_s: float) -> tuple[Floats, Floats]:
        times: Floats = np.arange(np.ceil(start / pace_s), np.ceil(end / pace_s), dtype=np.float64) * pace_s
        if not len(times):
            return times, np.empty((0, len(self._plant.devices[device].profile.points)))
        values = self._plant.read(device, times)
        heard = np.logical_not(np.isnan(values).all(axis=1))
        return times[heard], values[heard]
