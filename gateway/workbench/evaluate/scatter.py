"""Draws trials as points over their severity: days of warning, or seconds of delay; those not found as crosses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.core.markup import Markup, element, join
from gateway.core.types import Level

WIDTH, _LEFT, _RIGHT, _TOP, _TALL, _BELOW = 560, 48, 60, 10, 120, 34
_MISSED_Y = _TOP + _TALL + 6
_CROSS = 3.5


@dataclass(frozen=True, slots=True)
class Dot:
    """A trial: how bad it was (0 to 1), the height at which it is drawn (None: not found), its level, what it is."""

    severity: float
    height: float | None
    level: Level | None
    text: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A height that is asked for."""

    height: float
    text: str
    level: Level


def scatter(dots: Sequence[Dot], limits: Sequence[Limit], title: str, unit: str, across: str) -> Markup:
    """The drawing; heights are in `unit`, and zero is always on the scale."""
    known = [dot.height for dot in dots if dot.height is not None]
    low, high = min([0.0, *known]), max([*known, *(limit.height for limit in limits)])
    scale = _Scale(low, high if high > low else low + 1.0)
    parts = [
        element("title", title),
        _axes(scale, unit, across),
        [_limit(limit, scale) for limit in limits],
        [_dot(dot, scale) for dot in dots],
    ]
    tall = _TOP + _TALL + _BELOW
    return element("svg", join(parts), class_="plot", viewBox=f"0 0 {WIDTH} {tall}", role="img", aria_label=title)


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float

    def y(self, height: float) -> float:
        return round(_TOP + _TALL * (self.high - height) / (self.high - self.low), 1)

    @staticmethod
    def x(severity: float) -> float:
        return round(_LEFT + severity * (WIDTH - _LEFT - _RIGHT), 1)


def _axes(scale: _Scale, unit: str, across: str) -> Iterator[Markup]:
    left, right, bottom = scale.x(0.0), scale.x(1.0), _TOP + _TALL + 12
    yield element("line", x1=left - 5, x2=left - 5, y1=scale.y(scale.high), y2=scale.y(scale.low), class_="range")
    for height in dict.fromkeys((scale.low, 0.0, scale.high)):
        yield element("text", f"{height:.3g}", x=left - 9, y=scale.y(height) + 3.5, class_="value")
    yield element("line", x1=left, x2=right, y1=scale.y(0.0), y2=scale.y(0.0), class_="hair")
    yield element("text", unit, x=left, y=_TOP - 1, class_="name")
    for severity in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = scale.x(severity)
        yield element("line", x1=x, x2=x, y1=bottom, y2=bottom + 3, class_="tick")
        yield element("text", f"{severity:g}", x=x, y=bottom + 14, class_="time")
    yield element("text", across, x=right + 8, y=bottom + 14, class_="name")


def _limit(limit: Limit, scale: _Scale) -> Markup:
    y = scale.y(limit.height)
    return join(
        element("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, class_=f"limit {limit.level}"),
        element("text", limit.text, x=WIDTH - _RIGHT + 6, y=y + 3.5, class_=f"bound {limit.level}"),
    )


def _dot(dot: Dot, scale: _Scale) -> Markup:
    x = scale.x(dot.severity)
    if dot.height is None:
        cross = f"M{x - _CROSS:g} {_MISSED_Y - _CROSS:g}l7 7m0 -7l-7 7"
        return element("path", element("title", dot.text), d=cross, class_="hair red")
    return element("circle", element("title", dot.text), cx=x, cy=scale.y(dot.height), r=4, class_=f"bar {dot.level}")
