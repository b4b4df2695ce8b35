"""Draws courses over time: of one channel with what happened to it, and of false tickets."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gateway.core.almanac import Almanac
from gateway.core.envelope import stretches
from gateway.core.markup import Content, Markup, element, join
from gateway.core.ticks import time_ticks
from gateway.core.types import Floats, Level
from gateway.workbench.page.words import Words

WIDTH, _LEFT, _RIGHT, _TOP, _TALL, _ROW = 730, 48, 122, 30, 70, 16
_PLOT = WIDTH - _LEFT - _RIGHT
_TICKS = 7
_LATIN, _HAN, _GAP = 6.2, 11.4, 8


@dataclass(frozen=True, slots=True)
class Event:
    """A moment that gets a line and a label; `tone` is quiet, yellow or red."""

    time: float
    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Lane:
    """What happened in one row of a timeline."""

    text: str
    moments: tuple[tuple[float, Level, str], ...]


@dataclass(frozen=True, slots=True)
class _Clock:
    start: float
    end: float

    def x(self, time: float) -> float:
        share = (time - self.start) / (self.end - self.start)
        return round(_LEFT + min(max(share, 0.0), 1.0) * _PLOT, 1)


def course(
    title: str, times: Floats, values: Floats, without: Floats, events: Sequence[Event], words: Words, almanac: Almanac
) -> Markup:
    """A channel at times [T] as it was, values [T], over what it would have been, [T]; NaN leaves a gap."""
    clock = _Clock(float(times[0]), float(times[-1]))
    known = np.concatenate([values, without])
    low, high = (float(edge) for edge in (np.nanmin(known), np.nanmax(known)))
    room = (high - low) or 1.0
    bottom = _TOP + _TALL

    def line(of: Floats, tone: str) -> Iterator[Markup]:
        heights = np.round(bottom - 4 - (of - low) / room * (_TALL - 8), 1)
        for begin, end in stretches(~np.isnan(of)):
            points = (f"{clock.x(float(times[i]))} {heights[i]:g}" for i in range(begin, end))
            yield element("path", d=f"M{'L'.join(points)}", class_=tone)

    parts: list[Content] = [
        element("title", title),
        _events(events, clock, bottom),
        line(without, "c3 faint"),
        line(values, "c0"),
        element("line", x1=_LEFT - 5, x2=_LEFT - 5, y1=_TOP + 4, y2=bottom - 4, class_="range"),
        element("text", _rounded(high, room), x=_LEFT - 9, y=_TOP + 8, class_="value"),
        element("text", _rounded(low, room), x=_LEFT - 9, y=bottom - 1, class_="value"),
        _axis(clock, almanac, words, bottom),
    ]
    return _svg(title, parts, bottom)


def timeline(title: str, start: float, end: float, lanes: Sequence[Lane], words: Words, almanac: Almanac) -> Markup:
    """A row for each lane, a mark for each moment."""
    clock, bottom = _Clock(start, end), 8 + _ROW * len(lanes)
    parts: list[Content] = [element("title", title)]
    for number, lane in enumerate(lanes):
        y = 8 + _ROW * number
        parts.append(element("line", x1=_LEFT, x2=_LEFT + _PLOT, y1=y + 5, y2=y + 5, class_="hair"))
        parts.append(element("text", lane.text, x=_LEFT + _PLOT + 6, y=y + 9, class_="code"))
        for at, level, text in lane.moments:
            mark = element("title", text)
            parts.append(element("rect", mark, x=clock.x(at) - 1.5, y=y, width=3, height=10, class_=f"bar {level}"))
    parts.append(_axis(clock, almanac, words, bottom))
    return _svg(title, parts, bottom)


def _svg(title: str, parts: Sequence[Content], bottom: int) -> Markup:
    box = f"0 0 {WIDTH} {bottom + 18}"
    return element("svg", join(parts), class_="plot", viewBox=box, role="img", aria_label=title)


def _events(events: Sequence[Event], clock: _Clock, bottom: int) -> Iterator[Markup]:
    """Lines, and labels above them in two rows, so that neighbours do not meet."""
    free = [0.0, 0.0]
    for event in sorted(events, key=lambda event: event.time):
        x = clock.x(event.time)
        wide = sum(_LATIN if ord(letter) < 0x2E80 else _HAN for letter in event.text)
        left = min(x, WIDTH - wide)
        row = 0 if left >= free[0] else 1
        left = max(left, free[row])
        free[row] = left + wide + _GAP
        yield element("line", x1=x, x2=x, y1=_TOP, y2=bottom, class_=f"hair {event.tone}")
        yield element("text", event.text, x=round(left, 1), y=_TOP - 5 - 12 * row, class_=f"event {event.tone}")


def _axis(clock: _Clock, almanac: Almanac, words: Words, bottom: int) -> Iterator[Markup]:
    ticks, _ = time_ticks(clock.start, clock.end, _TICKS, almanac)
    for time in ticks:
        x, shown = clock.x(time), words.clock(time)
        text = words.short_day(time) if shown == "00:00:00" else shown.removesuffix(":00")
        yield element("line", x1=x, x2=x, y1=bottom, y2=bottom + 3, class_="tick")
        yield element("text", text, x=x, y=bottom + 14, class_="time")


def _rounded(value: float, whole: float) -> str:
    """A value with as many digits as matter on a scale so long."""
    return f"{round(value, 2 - math.floor(math.log10(whole))) + 0.0:.4g}"
