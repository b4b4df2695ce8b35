"""Keeps what detectors said during a backtest, for its plots: the worst of each short stretch of time."""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Fleet, Floats

MOST_VALUES = 1 << 24
"""Values kept of a whole site, two bytes each: 32 MiB, however long the backtest is and however large the site."""
FINEST_S = 60.0
"""Detectors judge steps of a minute: nothing shorter can be seen in a plot of theirs."""


class Trace:
    """The columns that detectors of one fleet append, in [start, end)."""

    def __init__(
        self, fleet: Fleet, names: Collection[str], start: float, end: float, step_s: float, most: int = MOST_VALUES
    ) -> None:
        """Rows come every `step_s` or oftener; at most so many values are kept."""
        self._columns = {name: column for column, name in enumerate(names)}
        self._devices = {device: row for row, device in enumerate(fleet.ids)}
        size = max(1, len(self._columns) * len(self._devices))
        self._start, self._end = start, end
        self._count = max(1, min(int((end - start) / max(FINEST_S, step_s)), most // size))
        shape = (self._count, len(self._devices), len(self._columns))
        self._worst: NDArray[np.float16] = np.full(shape, np.nan, np.float16)

    @property
    def names(self) -> frozenset[str]:
        """What there is a trace of."""
        return frozenset(self._columns)

    def hear(self, times: Floats, said: Mapping[str, Floats]) -> None:
        """Take what was said at times[T], [T, D] by name."""
        places = self._places(times)
        first = np.flatnonzero(np.diff(places, prepend=-1))
        at = places[first]
        for name, column in self._columns.items():
            worse = np.fmin if name.startswith("health.") else np.fmax
            self._worst[at, :, column] = worse(self._worst[at, :, column], worse.reduceat(said[name], first, axis=0))

    def of(self, device: str, times: Floats) -> dict[str, Floats]:
        """What was said of one device at times[T], [T, 1] by name; NaN beyond the backtest."""
        inside = (times >= self._start) & (times < self._end)
        kept = np.where(inside[:, None], self._worst[self._places(times), self._devices[device]], np.nan)
        return {name: kept[:, [column]].astype(np.float64) for name, column in self._columns.items()}

    def _places(self, times: Floats) -> NDArray[np.intp]:
        share = (times - self._start) / (self._end - self._start)
        return np.clip((share * self._count).astype(np.intp), 0, self._count - 1)
