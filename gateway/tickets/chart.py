"""A small picture of what a ticket is about: up to three points around the moment, as SVG that needs nothing else.

Any stretch of time becomes one lowest and one highest value per column, so the picture of a year is as small as that of
an hour and no peak is lost. The same input makes the same bytes.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from gateway.core.almanac import Almanac
from gateway.core.envelope import Columns, Envelope, polyline, stretches
from gateway.core.markup import Markup, element, join
from gateway.core.messages import Language, say
from gateway.core.ticks import time_ticks
from gateway.core.types import Floats

MOST_CURVES = 3
LARGEST_BYTES = 6 * 1024

_LEFT, _PLOT, _RIGHT = 52, 480, 78
_WIDTH = _LEFT + _PLOT + _RIGHT
_TOP, _TITLE, _GAP, _AXIS = 18, 16, 8, 20
_TALL = {1: 120, 2: 64, 3: 48}
_COLUMNS = {1: 240, 2: 160, 3: 120}
_MOST_LIMITS, _MOST_TICKS, _LETTERS = 2, 6, 24
_DAY_S, _BY_THE_SECOND_S = 86400.0, 120.0
_LARGE, _ENDLESS, _SMALL, _FLAT = 1e5, 1e300, 1e-9, 1e-12
_LABEL = 90  # pixels of a mark's label
_INK, _PALE, _CURVE, _LIMIT, _FIRED, _CLEARED = "#333", "#999", "#1f5fa8", "#c62828", "#c62828", "#2e7d32"


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One point over the time of the chart, and its limits in the same unit; NaN is unknown and makes a gap."""

    title: str
    unit: str
    values: Floats  # [T]
    limits: tuple[float, ...] = ()


def svg(
    times: Floats,
    curves: Sequence[Curve],
    fired_at: float,
    almanac: Almanac,
    language: Language,
    cleared_at: float | None = None,
) -> str:
    """The picture of at most three curves over times[T], seconds since 1970, strictly increasing.

    Raises ValueError for no curve and for more than three.
    """
    if not 1 <= len(curves) <= MOST_CURVES:
        raise ValueError(f"a chart has 1 to {MOST_CURVES} curves, not {len(curves)}")
    clock = _Clock.over(times, fired_at, almanac, language)
    tall = _TALL[len(curves)]
    strips = [
        _Strip(curve, clock, times, _TOP + i * (_TITLE + tall + _GAP) + _TITLE, tall, _COLUMNS[len(curves)])
        for i, curve in enumerate(curves)
    ]
    bottom = strips[-1].top + tall
    parts = [
        element("title", "; ".join(_cut(curve.title) for curve in curves)),
        element("rect", width=_WIDTH, height=bottom + _AXIS, fill="#fff"),
        *(strip.drawn(language) for strip in strips),
        _marks(clock, fired_at, cleared_at, bottom, language),
        _axis(clock, bottom),
    ]
    return element(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {bottom + _AXIS}",
        role="img",
        font_family="sans-serif",
        font_size=11,
    )


def limits_of(evidence: Mapping[str, Any], point: str) -> tuple[float, ...]:
    """The limits that a ticket's evidence holds for a point itself, and not for what is computed of it."""
    found = [each for each in evidence.get("limits") or () if each.get("quantity") == point]
    return tuple(each["limit"] for each in found if each.get("limit") is not None)


@dataclass(frozen=True, slots=True)
class _Clock:
    """From moments to pixels, and to words."""

    start: float
    end: float
    almanac: Almanac
    language: Language

    @classmethod
    def over(cls, times: Floats, moment: float, almanac: Almanac, language: Language) -> "_Clock":
        """All of the times; around the moment if there is no stretch of time at all."""
        if len(times) > 1:
            return cls(float(times[0]), float(times[-1]), almanac, language)
        middle = float(times[0]) if len(times) else moment
        return cls(middle - 1.0, middle + 1.0, almanac, language)

    def x(self, time: float) -> float:
        share = (time - self.start) / (self.end - self.start)
        return round(_LEFT + _PLOT * min(max(share, 0.0), 1.0), 1)

    def shows(self, time: float | None) -> bool:
        return time is not None and self.start <= time <= self.end

    def wall(self, time: float, *, days: bool = False) -> str:
        at = datetime.fromtimestamp(time, self.almanac.zone)
        return (
            f"{at:%m-%d}" if days else f"{at:%H:%M:%S}" if self.end - self.start < _BY_THE_SECOND_S else f"{at:%H:%M}"
        )


class _Strip:
    """One curve with its own scale."""

    def __init__(self, curve: Curve, clock: _Clock, times: Floats, top: int, tall: int, columns: int) -> None:
        self.curve, self.top, self.tall, self.step = curve, top, tall, _PLOT // columns
        envelope = Envelope(1, columns, clock.start, float(np.nextafter(clock.end, np.inf)))
        envelope.feed(times, curve.values[:, None])
        envelope.finish()
        self.parts = [part[:, 0] for part in (envelope.low, envelope.high, envelope.last)]
        self.known = np.logical_and.reduce([np.abs(part) < _ENDLESS for part in self.parts])
        self.limits = [limit for limit in curve.limits if abs(limit) < _ENDLESS][:_MOST_LIMITS]
        self.low, self.high = self._range()

    def drawn(self, language: Language) -> Markup:
        """Title, frame, limits, curve and the ends of the scale."""
        unit = f", {self.curve.unit}" if self.curve.unit else ""
        middle = self.top + self.tall / 2
        none = say("chart_no_data", "no data", {}, language)
        return join(
            _text(_cut(self.curve.title) + _cut(unit), _LEFT, self.top - 4, fill=_INK),
            element("path", d=f"M{_LEFT} {self.top}v{self.tall}h{_PLOT}", fill="none", stroke=_PALE),
            self._limits(language),
            self._line() if self.known.any() else _text(none, _LEFT + 8, middle, fill=_PALE),
            [
                _text(self._figure(value), _LEFT - 5, y, anchor="end", fill=_INK)
                for value, y in ((self.high, self.top + 9), (self.low, self.top + self.tall))
                if self.known.any()
            ],
        )

    def _range(self) -> tuple[float, float]:
        """From the lowest to the highest of what is drawn, limits too; never of no height."""
        seen = [float(part) for end in self.parts[:2] for part in end[self.known]] + self.limits
        low, high = min(seen, default=0.0), max(seen, default=1.0)
        margin = max(abs(low), _SMALL) / 10 if high - low < _SMALL * abs(low) or high - low < _FLAT else 0.0
        return low - margin, high + margin

    def _y(self, values: Floats) -> Columns:
        """Whole pixels below the top of the strip; 0 for what is not known."""
        drawn = np.where(np.abs(values) < _ENDLESS, values, np.nan)
        share: Floats = (self.high - drawn) / (self.high - self.low)
        return np.rint(self.tall * np.nan_to_num(np.clip(share, 0.0, 1.0))).astype(np.intp)

    def _line(self) -> Markup:
        low, high, last = (self._y(part) for part in self.parts)
        runs = [
            polyline(begin * self.step + self.step // 2, self.step, low[begin:end], high[begin:end], last[begin:end])
            for begin, end in stretches(self.known)
        ]
        place = f"translate({_LEFT} {self.top})"
        return element("path", d="".join(runs), transform=place, fill="none", stroke=_CURVE, stroke_width=1.5)

    def _limits(self, language: Language) -> Iterator[Markup]:
        for limit in self.limits:
            y = self.top + int(self._y(np.array([limit]))[0])
            yield element("path", d=f"M{_LEFT} {y}h{_PLOT}", fill="none", stroke=_LIMIT, stroke_dasharray="5 3")
            told = say("chart_limit", "limit {value}", {"value": f"{limit:.6g}"}, language)
            yield _text(told, _LEFT + _PLOT + 5, min(max(y + 4, self.top + 9), self.top + self.tall), fill=_LIMIT)

    def _figure(self, value: float) -> str:
        """As many digits as matter on a scale so long."""
        whole = self.high - self.low
        digits = min(max(1 - math.floor(math.log10(whole)), 0), 4)
        return f"{value:.4g}" if abs(value) >= _LARGE else f"{round(value, digits) + 0.0:g}"


def _marks(
    clock: _Clock, fired_at: float, cleared_at: float | None, bottom: int, language: Language
) -> Iterator[Markup]:
    """When it was raised, told to the left, and when the condition went away, told to the right."""
    free = float(_LEFT)  # from where a label may stand to the right of its mark
    if clock.shows(fired_at):
        x = clock.x(fired_at)
        told = say("chart_fired", "raised {clock}", {"clock": clock.wall(fired_at)}, language)
        is_left = x - _LABEL > _LEFT
        free = x if is_left else x + _LABEL
        yield _mark(x, bottom, _FIRED)
        yield _text(told, x, _TOP - 6, anchor="end" if is_left else "start", fill=_FIRED)
    if cleared_at is not None and clock.shows(cleared_at):
        x = clock.x(cleared_at)
        told = say("chart_cleared", "normal {clock}", {"clock": clock.wall(cleared_at)}, language)
        yield _mark(x, bottom, _CLEARED)
        if x >= free:
            yield _text(told, x, _TOP - 6, fill=_CLEARED)


def _mark(x: float, bottom: int, colour: str) -> Markup:
    return element("path", d=f"M{x:g} {_TOP}V{bottom}", fill="none", stroke=colour)


def _axis(clock: _Clock, bottom: int) -> Iterator[Markup]:
    ticks, step_s = time_ticks(clock.start, clock.end, _MOST_TICKS, clock.almanac)
    for time in ticks[:: len(ticks) // (_MOST_TICKS + 1) + 1]:
        x = clock.x(time)
        yield element("path", d=f"M{x:g} {bottom}v3", stroke=_PALE)
        told = clock.wall(time, days=step_s >= _DAY_S or clock.wall(time).startswith("00:00"))
        yield _text(told, x, bottom + 14, anchor="middle", fill=_INK)


def _text(text: str, x: float, y: float, *, fill: str, anchor: str | None = None) -> Markup:
    return element("text", text, x=x, y=y, fill=fill, text_anchor=anchor)


def _cut(text: str) -> str:
    return text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"
