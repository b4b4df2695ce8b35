"""A series of any length as one lowest and one highest value per column of a drawing, so that no peak is lost."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Floats

Bools = NDArray[np.bool_]
Columns = NDArray[np.intp]


@dataclass(slots=True, eq=False)
class Envelope:
    """S series in C columns between two instants; fed block by block, in order of time."""

    series: int
    columns: int
    start: float
    end: float
    low: Floats = field(init=False)
    """[C, S]; NaN where nothing is known."""
    high: Floats = field(init=False)
    last: Floats = field(init=False)
    """The value with which a column ends."""
    _seen: Bools = field(init=False)  # [C] whether a row fell into the column
    _before: Floats = field(init=False)  # [S] the last row before the start

    def __post_init__(self) -> None:
        self.low, self.high, self.last = (np.full((self.columns, self.series), np.nan) for _ in range(3))
        self._seen = np.zeros(self.columns, np.bool_)
        self._before = np.full(self.series, np.nan)

    def feed(self, times: Floats, values: Floats) -> None:
        """Take rows times[T], values[T, S]. What the last row before the start shows still stands at the start."""
        edges = np.linspace(self.start, self.end, self.columns + 1)
        bounds = np.searchsorted(times, edges)
        begin, end = bounds[[0, -1]].tolist()
        if begin:
            self._before = values[begin - 1]
        at = np.flatnonzero(np.diff(bounds))
        if not at.size:
            return
        values, first = values[begin:end], bounds[at] - begin
        self._seen[at] = True
        self.low[at] = np.fmin(self.low[at], np.fmin.reduceat(values, first, axis=0))
        self.high[at] = np.fmax(self.high[at], np.fmax.reduceat(values, first, axis=0))
        self.last[at] = values[np.append(first[1:], len(values)) - 1]

    def finish(self) -> None:
        """Let values stand in the columns into which no row fell: there the rows are further apart than the columns."""
        source = np.maximum.accumulate(np.where(self._seen, np.arange(self.columns), -1))
        held = np.where((source >= 0)[:, None], self.last[source], self._before)
        for part in (self.low, self.high, self.last):
            part[~self._seen] = held[~self._seen]
        self.last = np.where(np.isnan(self.last), self.high, self.last)

    def range(self) -> tuple[Floats, Floats]:
        """Lowest and highest value of each series, [S]; NaN for one of which nothing is known."""
        return np.fmin.reduce(self.low, axis=0), np.fmax.reduce(self.high, axis=0)


def stretches(known: Bools) -> Iterator[tuple[int, int]]:
    """The runs of True, each as its first column and the one behind its last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def polyline(x: int, step: int, low: Columns, high: Columns, last: Columns) -> str:
    """The path through a run of columns in whole units: the first one lies at `x`, each further one a `step` on.

    It visits both ends of a column and leaves it where the series does, as near as the envelope knows.
    """
    columns = zip(low.tolist(), high.tolist(), last.tolist(), strict=True)
    return _path([(x + step * i, y) for i, column in enumerate(columns) for y in _order(*column)])


def _order(below: int, above: int, leaves: int) -> tuple[int, ...]:
    if below == above:
        return (below,)
    return (above, below) if abs(leaves - below) <= abs(leaves - above) else (below, above)


def _path(points: list[tuple[int, int]]) -> str:
    """Steps from point to point, level stretches joined into one; a point alone is a dash."""
    (x, y), level = points[0], 0
    parts = [f"M{x} {y}"]
    for next_x, next_y in points[1:]:
        if next_y == y:
            level += next_x - x
        else:
            parts.append(f"{f'h{level}' if level else ''}{_step(next_x - x, next_y - y)}")
            level = 0
        x, y = next_x, next_y
    parts.append(f"h{level}" if level else "h1" if len(parts) == 1 else "")
    return "".join(parts)


def _step(dx: int, dy: int) -> str:
    return f"l{dx}{dy if dy < 0 else f' {dy}'}" if dx else f"v{dy}"
