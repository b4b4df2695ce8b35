"""Draws the series of a failed test with the expected and the actual moment below them, as lines of text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.cells import cell_len

from gateway.core.types import Floats
from gateway.workbench.moments import moment

WIDEST = 60
"""Columns of a drawing; beyond that, a column is the mean of several samples."""

BARS = "▁▂▃▄▅▆▇█"
"""From the lowest value to the highest."""

_WIDEST_SAMPLE = 4
_UNKNOWN, _MOMENT, _STRETCH = "·", "▲", "─"


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment, or a stretch of time, in seconds since the first sample."""

    label: str
    begin: float
    end: float


def draw(series: Mapping[str, Floats], units: Mapping[str, str], step_s: float, marks: Sequence[Mark]) -> list[str]:
    """Lines for the series [T] with their range, for the marks, and for the axis of time."""
    count = max(len(values) for values in series.values())
    width = count * min(_WIDEST_SAMPLE, WIDEST // count) if count <= WIDEST else WIDEST
    end = moment((count - 1) * step_s)
    rows = [(name, bars(values, width), _range(values, units.get(name, ""))) for name, values in series.items()]
    rows += [(mark.label, _mark(mark, count * step_s, width), "") for mark in marks]
    rows.append(("", "0s" + end.rjust(width - 2), ""))
    widest = max(cell_len(name) for name, _, _ in rows)
    return [f"{name}{' ' * (widest - cell_len(name))}  {drawn}  {note}".rstrip() for name, drawn, note in rows]


def bars(values: Floats, width: int) -> str:
    """A bar for each column, from the lowest value to the highest, and a dot where nothing is known.

    >>> bars(np.array([60.0, 60.0, 70.0, 80.0, np.nan]), 5)
    '▁▁▅█·'
    """
    edges = np.arange(width + 1) * len(values) // width
    columns = [_mean(values[edges[i] : max(edges[i] + 1, edges[i + 1])]) for i in range(width)]
    low, high = np.nanmin(values), np.nanmax(values)
    span = high - low
    heights = [(value - low) / span if span else 0.5 + 0.0 * value for value in columns]
    return "".join(_UNKNOWN if np.isnan(height) else BARS[round(height * 7)] for height in heights)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else np.nan


def _range(values: Floats, unit: str) -> str:
    low, high = np.nanmin(values), np.nanmax(values)
    text = f"{low:.4g}" if low == high else f"{low:.4g} … {high:.4g}"
    return f"{text} {unit}".rstrip()


def _mark(mark: Mark, whole_s: float, width: int) -> str:
    first, last = (min(int(at / whole_s * width + 1e-6), width - 1) for at in (mark.begin, mark.end))
    drawn = _MOMENT if first == last else _STRETCH * (last - first + 1)
    return (" " * first + drawn).ljust(width)
