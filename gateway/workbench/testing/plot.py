"""Draws the series of a failed test as lines of text that fit a terminal of 80 columns.

A point that is compared with a limit has a chart of several rows. Each limit is the lower edge of a row, drawn as
underscores: what is above the limit stands above its line, what is below ends under it. Other points have one row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from rich.cells import cell_len

from gateway.core.types import Floats
from gateway.workbench.testing.holding import Holding
from gateway.workbench.testing.moments import moment

SCREEN = 74
"""Columns of a line; a report indents it."""

BARS = "▁▂▃▄▅▆▇█"
"""From the lowest value to the highest."""
EXPECTED, ACTUAL = "▲", "●"

STYLES = {BARS: "cyan", EXPECTED: "green", ACTUAL: "bold red"}
"""Colours of the signs, on a terminal."""

_WIDEST, _NARROWEST = 60, 24
_WIDEST_SAMPLE = 4
_ROWS = 4
_UNKNOWN, _LIMIT, _TRUE, _ENOUGH = "·", "_", "─", "━"
_TICK, _BETWEEN_TICKS = "╵", 8
_TICKS_S = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200),
    *(86400, 172800, 432000, 864000, 1728000, 4320000, 8640000),
)


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One point, [T], with the limits that rules set it, by what is to be written beside them: "red > 80"."""

    name: str
    unit: str
    values: Floats
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment, or a stretch of time, in seconds since the first sample."""

    label: str
    symbol: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class HoldingRow:
    """Where a level held, and what is written before and behind it."""

    label: str
    holding: Holding
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Everything about one rule in one test; T samples, one every `step_s`."""

    samples: int
    step_s: float
    curves: Sequence[Curve]
    holdings: Sequence[HoldingRow]
    marks: Sequence[Mark]


def draw(picture: Picture) -> list[str]:
    """Lines for the curves with their ranges, for what held, for the marks, and for the axis of time."""
    notes = ["" if curve.limits else _range(curve) for curve in picture.curves]
    notes += [row.note for row in picture.holdings]
    labels = [*(c.name for c in picture.curves), *(label for c in picture.curves for label in _labels(c).values())]
    labels += [*(row.label for row in picture.holdings), *(mark.label for mark in picture.marks)]
    gutter = max(map(cell_len, labels), default=0)
    room = min(_WIDEST, max(_NARROWEST, SCREEN - gutter - 4 - max(map(cell_len, notes), default=0)))
    count = picture.samples
    width = count * min(_WIDEST_SAMPLE, room // count) if count <= room else room
    rows = _rows(picture, width)
    return [f"{_right(label, gutter)}  {text.ljust(width)}  {note}".rstrip() for label, text, note in rows]


def bars(values: Floats, width: int) -> str:
    """A bar for each column, from the lowest value to the highest, and a dot where nothing is known.

    >>> bars(np.array([60.0, 60.0, 70.0, 80.0, np.nan]), 5)
    '▁▁▅█·'
    """
    columns = _columns(values, width)
    low, high = np.nanmin(values), np.nanmax(values)
    span = high - low
    heights = [(value - low) / span if span else 0.5 + 0.0 * value for value in columns]
    return "".join(_UNKNOWN if np.isnan(height) else BARS[round(height * 7)] for height in heights)


def _rows(picture: Picture, width: int) -> Iterator[tuple[str, str, str]]:
    """Label, drawing and note of each line."""
    for curve in picture.curves:
        if curve.limits:
            yield from _chart(curve, width)
        else:
            yield curve.name, bars(curve.values, width), _range(curve)
    for row in picture.holdings:
        yield row.label, _held(row.holding, width), row.note
    for mark in picture.marks:
        yield mark.label, _mark(mark, picture.samples * picture.step_s, width), ""
    yield "", _axis(picture.samples * picture.step_s, width), ""


def _chart(curve: Curve, width: int) -> Iterator[tuple[str, str, str]]:
    """The rows of a point with limits, from the top; the first one names the point."""
    columns = _columns(curve.values, width)
    knots, labels = _knots(curve), _labels(curve)
    flat = len({np.nanmin(curve.values), np.nanmax(curve.values), *curve.limits.values()}) == 1
    edges = knots if flat else _edges(knots)
    yield curve.name, _range(curve), ""
    for low, high in zip(edges[-2::-1], edges[:0:-1], strict=True):
        lowest, label = low == edges[0], labels.get(low, "")
        blank = _LIMIT if label else " "
        yield label, "".join(_cell(value, low, high, blank, lowest=lowest) for value in columns), ""


def _cell(value: float, low: float, high: float, blank: str, *, lowest: bool) -> str:
    if np.isnan(value):
        return _UNKNOWN if lowest else blank
    if value >= high:
        return BARS[-1]
    height = int(np.ceil((value - low) / (high - low) * len(BARS)))
    return BARS[max(0, height - 1)] if height > 0 or lowest else blank


def _knots(curve: Curve) -> list[float]:
    """The lowest value, every limit, and something above all of them."""
    known = curve.values[~np.isnan(curve.values)]
    marked = sorted({*curve.limits.values(), float(known.min()), float(known.max())})
    top = marked[-1]
    if top in curve.limits.values():
        marked.append(top + ((top - marked[0]) / _ROWS or 1.0))
    inner = [knot for knot in marked[1:-1] if knot in curve.limits.values()]
    return [marked[0], *inner, marked[-1]]


def _edges(knots: Sequence[float]) -> list[float]:
    """Edges of rows, from the lowest: between two knots as many as their distance deserves, at least one."""
    whole = knots[-1] - knots[0]
    edges = [knots[0]]
    for low, high in pairwise(knots):
        rows = max(1, round((high - low) / whole * _ROWS))
        edges += [low + (high - low) * i / rows for i in range(1, rows)] + [high]
    return edges


def _labels(curve: Curve) -> dict[float, str]:
    """What is written beside each limit; two at the same number share a line."""
    labels: dict[float, str] = {}
    for label, limit in curve.limits.items():
        labels[limit] = f"{labels[limit]}, {label}" if limit in labels else label
    return labels


def _held(holding: Holding, width: int) -> str:
    """Thin where a condition is true, thick where it has been for long enough, dots where it is unknown."""
    known = holding.true | holding.false
    parts = [_anywhere(rows, width) for rows in (holding.enough, holding.true, ~known)]
    signs = zip(*parts, strict=True)
    return "".join(_ENOUGH if enough else _TRUE if true else _UNKNOWN if no else " " for enough, true, no in signs)


def _anywhere(rows: np.typing.NDArray[np.bool_], width: int) -> list[bool]:
    return [bool(rows[begin:end].any()) for begin, end in _stretches(len(rows), width)]


def _columns(values: Floats, width: int) -> list[float]:
    """The mean of what is known in each column."""
    parts = (values[begin:end] for begin, end in _stretches(len(values), width))
    return [float(known.mean()) if (known := part[~np.isnan(part)]).size else np.nan for part in parts]


def _stretches(count: int, width: int) -> list[tuple[int, int]]:
    """First and last sample of each column; a sample may be wider than a column."""
    edges = [i * count // width for i in range(width + 1)]
    return [(begin, max(begin + 1, end)) for begin, end in pairwise(edges)]


def _range(curve: Curve) -> str:
    low, high = np.nanmin(curve.values), np.nanmax(curve.values)
    text = f"{low:.4g}" if low == high else f"{low:.4g} … {high:.4g}"
    return f"{text} {curve.unit}".rstrip()


def _mark(mark: Mark, whole_s: float, width: int) -> str:
    """The symbol at its moment, or at both ends of a stretch; the moment stands beside it, where there is room."""
    first, last = (min(int(at / whole_s * width + 1e-6), width - 1) for at in (mark.begin, mark.end))
    drawn = mark.symbol if first == last else mark.symbol + _TRUE * (last - first - 1) + mark.symbol
    text = moment(mark.begin) if mark.begin == mark.end else f"{moment(mark.begin)} … {moment(mark.end)}"
    if last + 2 + len(text) <= max(width, _NARROWEST):
        return f"{' ' * first}{drawn} {text}"
    if len(text) < first:
        return f"{text} ".rjust(first) + drawn
    return " " * first + drawn


def _axis(whole_s: float, width: int) -> str:
    """A tick and its moment every so many columns."""
    least_s = whole_s * _BETWEEN_TICKS / width
    step_s = next((step for step in _TICKS_S if step >= least_s), _TICKS_S[-1])
    line = ""
    for i in range(int(whole_s / step_s) + 1):
        column, label = int(i * step_s / whole_s * width + 1e-6), f"{_TICK}{moment(i * step_s)}"
        if len(line) <= column <= width - len(label):
            line = line.ljust(column) + label
    return line


def _right(label: str, width: int) -> str:
    return " " * (width - cell_len(label)) + label
