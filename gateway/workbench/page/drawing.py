"""Draws the picture of a ticket as SVG: a lane with the alert, strips of curves below it, one clock at the bottom."""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.core.almanac import Almanac
from gateway.core.markup import Markup, element, join
from gateway.core.ticks import time_ticks
from gateway.workbench.page.curves import Frame, curve_strip, switch_strip
from gateway.workbench.page.picture import WIDE, Picture
from gateway.workbench.page.sketch import Strip
from gateway.workbench.page.words import Words, number

LEFT, RIGHT, PLOT = 48, 122, WIDE // 2
WIDTH = LEFT + PLOT + RIGHT

_LANE, _LANE_HIGH, _FIRST_STRIP, _ROW = 31, 6, 46, 12
_TICKS, _MOST_EVENTS = 7, 60
_MINUTE_S = 60.0
_LATIN, _HAN = 5.9, 11.2  # widths of letters, for labels that must not overlap


def drawing(shown: Picture, words: Words, almanac: Almanac, name: str) -> Markup:
    """The SVG; `name` makes the ids of its title and description unique in the page."""
    clock = _Clock(shown.envelope.start, shown.envelope.end)
    high, strips = _strips(shown, words)
    top, labels = _labels(shown, clock, words)
    parts = [
        element("title", shown.case.ticket.title, id=f"{name}-t"),
        element("desc", description(shown, words), id=f"{name}-d"),
        _holds(shown, clock, high),
        _hairlines(shown, clock, high),
        strips,
        _lane(shown, clock),
        labels,
        _axis(clock, almanac, words, high),
    ]
    return element(
        "svg",
        *parts,
        class_="plot",
        viewBox=f"0 {top} {WIDTH} {high + 18 - top}",
        role="img",
        aria_labelledby=f"{name}-t {name}-d",
    )


def description(shown: Picture, words: Words) -> str:
    """What the drawing shows, in words, for those who do not see it."""
    low, high = shown.envelope.range()
    curves = [(strip, curve) for strip in shown.sketch.strips for curve in strip.curves]
    ranges = [
        words.say(
            "page_from_to", "{what} from {low} to {high}", what=curve.text, low=number(a), high=number(b, strip.unit)
        )
        for (strip, curve), a, b in zip(curves, low.tolist(), high.tolist(), strict=True)
    ]
    return "; ".join([words.span(shown.envelope.start, shown.envelope.end), *ranges])


@dataclass(frozen=True, slots=True)
class _Clock:
    start: float
    end: float

    def x(self, time: float) -> float:
        """Where a moment lies, in pixels; what lies outside is drawn at the edge."""
        share = (time - self.start) / (self.end - self.start)
        return LEFT + round(min(max(share, 0.0), 1.0) * PLOT, 1)

    def shows(self, time: float) -> bool:
        return self.start <= time <= self.end


def _strips(shown: Picture, words: Words) -> tuple[int, Markup]:
    """The bottom of the last strip, and the strips."""
    y, first, parts = _FIRST_STRIP, 0, list[Markup]()
    tall = 56 if sum(not strip.is_switch for strip in shown.sketch.strips) <= 2 else 42
    for strip in shown.sketch.strips:
        frame = Frame(shown, first, y, LEFT, PLOT, RIGHT, tall)
        high, drawn = _strip(frame, strip, words)
        parts.append(drawn)
        y, first = y + high, first + len(strip.curves)
    return y, join(parts)


def _strip(frame: Frame, strip: Strip, words: Words) -> tuple[int, Markup]:
    return switch_strip(frame, strip) if strip.is_switch else curve_strip(frame, strip, words)


def _holds(shown: Picture, clock: _Clock, high: int) -> Iterator[Markup]:
    """The time for which a condition had to hold, shaded."""
    for change in shown.case.changes[:_MOST_EVENTS]:
        if change.change != "cleared" and change.time > change.since:
            left, right = clock.x(change.since), clock.x(change.time)
            yield element("rect", x=left, y=_LANE, width=right - left, height=high - _LANE, class_="hold")


def _hairlines(shown: Picture, clock: _Clock, high: int) -> Iterator[Markup]:
    changes = shown.case.changes[:_MOST_EVENTS]
    for change in changes:
        level = "quiet" if change.change == "cleared" else change.level
        x = clock.x(change.time)
        yield element("line", x1=x, x2=x, y1=_LANE, y2=high, class_=f"hair {level}")


def _lane(shown: Picture, clock: _Clock) -> Iterator[Markup]:
    """When the alert was active and at which level; a ring where a person closed the ticket."""
    case, middle = shown.case, _LANE + _LANE_HIGH / 2
    for since, until in list(case.firing(shown.end))[:_MOST_EVENTS]:
        worse = case.escalated_at if case.escalated_at is not None else until
        turn = min(max(since, worse), until)
        yield from _bar(clock.x(since), clock.x(turn), case.opened_as)
        yield from _bar(clock.x(turn), clock.x(until), "red")
    if case.closed_at is not None and clock.shows(case.closed_at):
        yield element("circle", cx=clock.x(case.closed_at), cy=middle, r=3.5, class_="closed")


def _bar(left: float, right: float, level: str) -> Iterator[Markup]:
    if right > left:
        yield element("rect", x=left, y=_LANE, width=max(right - left, 1.5), height=_LANE_HIGH, class_=f"bar {level}")


def _events(shown: Picture, words: Words) -> Iterator[tuple[float, str, str]]:
    """The moments that get a label: when, what, and in which colour."""
    case, fired = shown.case, shown.case.ticket.fired_at
    text = words.say("page_fired", "{level} {time}", level=words.level(case.opened_as), time=words.clock(fired))
    yield fired, text, case.opened_as
    if case.escalated_at is not None:
        at = case.escalated_at
        yield at, words.say("page_fired", "{level} {time}", level=words.level("red"), time=words.clock(at)), "red"
    ends = [change.time for change in case.changes if change.change == "cleared"]
    if case.ticket.cleared_at is not None and ends:
        yield ends[-1], words.say("page_cleared", "cleared {time}", time=words.clock(ends[-1])), "quiet"
    if case.closed_at is not None:
        yield case.closed_at, words.say("page_closed", "closed {time}", time=words.clock(case.closed_at)), "quiet"


def _labels(shown: Picture, clock: _Clock, words: Words) -> tuple[int, list[Markup]]:
    """The top of the drawing, and labels over the lane: in a second row where two would meet in one."""
    free, labels = [0.0, 0.0], list[Markup]()  # where each row is free from, the lower row first
    for time, text, level in sorted(_events(shown, words)):
        if not clock.shows(time):
            continue
        wide = sum(_LATIN if ord(letter) < 0x2E80 else _HAN for letter in text)
        left = min(clock.x(time), WIDTH - wide)
        row = 0 if left >= free[0] else 1
        left = max(left, free[row])
        free[row] = left + wide + 8
        labels.append(element("text", text, x=round(left, 1), y=_LANE - 6 - _ROW * row, class_=f"event {level}"))
    return (0 if free[1] else _ROW), labels


def _axis(clock: _Clock, almanac: Almanac, words: Words, high: int) -> Iterator[Markup]:
    ticks, step_s = time_ticks(clock.start, clock.end, _TICKS, almanac)
    for time in ticks:
        x = clock.x(time)
        clock_text = words.clock(time)
        round_text = clock_text if step_s < _MINUTE_S else clock_text.removesuffix(":00")
        text = words.short_day(time) if clock_text == "00:00:00" else round_text
        yield element("line", x1=x, x2=x, y1=high, y2=high + 3, class_="tick")
        yield element("text", text, x=x, y=high + 14, class_="time")
