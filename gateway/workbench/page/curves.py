"""Draws one strip of a picture: curves with their range and limits, or when a switch was on."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gateway.core.envelope import Bools, polyline, stretches
from gateway.core.markup import Markup, element, join
from gateway.core.types import Floats
from gateway.workbench.page.bands import Band, band_labels, band_shape
from gateway.workbench.page.picture import Picture
from gateway.workbench.page.scales import Scale, spread
from gateway.workbench.page.sketch import Strip
from gateway.workbench.page.words import Words, number

_TITLE, _BELOW, _GAP, _WIDE_GAP = 15, 7, 11, 13  # Chinese letters fill their line
_SWITCH, _SWITCH_HIGH = 18, 9
_LETTERS = 20


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a strip is drawn: the place of its first curve in the envelope, and its place on the page in pixels."""

    shown: Picture
    first: int
    y: int
    left: int
    plot: int
    right: int
    tall: int

    def series(self, strip: Strip) -> tuple[Floats, Floats, Floats]:
        """Low, high and last of the strip's curves, [C, S]."""
        envelope, part = self.shown.envelope, slice(self.first, self.first + len(strip.curves))
        return envelope.low[:, part], envelope.high[:, part], envelope.last[:, part]


def switch_strip(frame: Frame, strip: Strip) -> tuple[int, Markup]:
    """Its height and the strip: a bar while the switch was on, a thin line while it was off, nothing if unknown."""
    _, high, _ = frame.series(strip)
    wide, middle = frame.plot / len(high), frame.y + _SWITCH_HIGH / 2
    parts = [
        element("path", d=_dashes(~np.isnan(high[:, 0]), frame.left, wide, middle), class_="off"),
        element("path", d=_dashes(high[:, 0] >= 0.5, frame.left, wide, middle), class_="on"),
        element("text", strip.curves[0].text, x=frame.left + frame.plot + 6, y=frame.y + 9, class_="code"),
    ]
    return _SWITCH, join(parts)


def curve_strip(frame: Frame, strip: Strip, words: Words) -> tuple[int, Markup]:
    """Its height and the strip; the axis at its left reaches from the lowest value to the highest."""
    low, high, last = frame.series(strip)
    title = element("text", _title(frame, strip, words), x=frame.left, y=frame.y + 10, class_="name")
    if np.isnan(low).all():
        none = element("text", words.say("page_no_data", "no data"), x=frame.left, y=frame.y + 26, class_="none")
        return _TITLE + 20, join(title, none)
    if not strip.lines and strip.band is None and np.nanmin(low) == np.nanmax(high) and not np.isnan(low).any():
        text = words.say("page_throughout", "{value} throughout", value=number(float(low[0, 0]), strip.unit))
        return _TITLE + 2, join(
            title, element("text", text, x=frame.left + frame.plot + 6, y=frame.y + 10, class_="none")
        )
    scale = Scale.over(strip, float(np.nanmin(low)), float(np.nanmax(high)), frame.y + _TITLE, frame.tall)
    order = sorted(range(len(strip.curves)), key=lambda i: not strip.curves[i].is_point)
    compared = not all(curve.is_point for curve in strip.curves)
    tones = [f"c{i % 4}{' faint' if compared and curve.is_point else ''}" for i, curve in enumerate(strip.curves)]
    curves = [_curve(low[:, i], high[:, i], last[:, i], scale, frame, tones[i]) for i in reversed(order)]
    parts = [
        title,
        _usual(frame, strip.band, scale) if strip.band else None,
        _range_axis(frame, scale),
        _limit_lines(frame, strip, scale),
        *curves,
        _right_labels(frame, strip, scale, tones, words),
    ]
    return _TITLE + frame.tall + _BELOW, join(parts)


def _title(frame: Frame, strip: Strip, words: Words) -> Markup:
    """What the strip shows: the title of a single point, the names of what the rule says, the unit."""
    titles = {point.name: point.title for point in frame.shown.profile.points}
    points = [curve.text for curve in strip.curves if curve.is_point]
    said = titles.get(points[0], {}) if len(points) == 1 else {}
    title = said.get(words.language) or said.get("en") or ("" if points else _title_of_said(strip, words))
    unit = strip.unit and f", {strip.unit}"
    names = element("tspan", ", ".join(curve.text for curve in strip.curves), class_="code")
    return join(element("tspan", title + unit, class_="title"), "  ", names) if title else join(names, unit)


def _title_of_said(strip: Strip, words: Words) -> str:
    """The title of what a detector says."""
    what, dot, _ = strip.curves[0].text.partition(".")
    titles = {
        "score": words.say("page_score", "score"),
        "health": words.say("page_health", "health"),
        "others": words.say("page_others", "score without the foremost signal"),
    }
    return titles.get(what, "") if dot else ""


def _curve(low: Floats, high: Floats, last: Floats, scale: Scale, frame: Frame, tone: str) -> Markup:
    """The curve of one series; where nothing is known there is nothing."""
    step, parts = frame.shown.step, list[str]()
    for begin, end in stretches(~np.isnan(low)):
        part = (scale.units(values[begin:end]) for values in (low, high, last))
        parts.append(polyline(begin * step + step // 2, step, *part))
    moved = f"translate({frame.left} {scale.top:g}) scale(.5)"
    return element("path", d="".join(parts), transform=moved, class_=tone) if parts else Markup()


def _range_axis(frame: Frame, scale: Scale) -> Markup:
    """An axis from the lowest value seen to the highest, both written beside it."""
    x, (low, high) = frame.left - 5, scale.seen
    bottom, top = scale.y(low), scale.y(high)
    ends = {_rounded(high, high - low): top, _rounded(low, high - low): bottom}
    places = spread(list(ends.values()), _GAP, scale.top, scale.top + scale.tall)
    labels = [element("text", text, x=x - 4, y=y + 3.5, class_="value") for text, y in zip(ends, places, strict=True)]
    return join(element("line", x1=x, x2=x, y1=top, y2=max(bottom, top + 1), class_="range"), labels)


def _rounded(value: float, whole: float) -> str:
    """A value with as many digits as matter on a scale so long."""
    digits = 2 - math.floor(math.log10(whole)) if whole > 0 else 3
    return f"{round(value, digits) + 0.0:.4g}"


def _usual(frame: Frame, band: Band, scale: Scale) -> Iterator[Markup]:
    """What a detector would have found usual, from when on it did not."""
    start, end = frame.shown.envelope.start, frame.shown.envelope.end
    share = min(max((band.since - start) / (end - start), 0.0), 1.0)
    left, right = round(frame.left + share * frame.plot, 1), frame.left + frame.plot
    return band_shape(band, {height: scale.y(height) for height in band.heights}, left, right)


def _limit_lines(frame: Frame, strip: Strip, scale: Scale) -> Iterator[Markup]:
    for line in strip.lines:
        if scale.has(line.value):
            y = scale.y(line.value)
            yield element("line", x1=frame.left, x2=frame.left + frame.plot, y1=y, y2=y, class_=f"limit {line.level}")


def _right_labels(frame: Frame, strip: Strip, scale: Scale, tones: list[str], words: Words) -> Iterator[Markup]:
    """Limits with their value, and the names of curves if there are several, each beside its end."""
    labels: list[tuple[float, str, str]] = []
    several = len(strip.curves) > 1
    for line in strip.lines:
        off = "" if scale.has(line.value) else " ↓" if line.value < scale.low else " ↑"
        labels.append(
            (scale.y(line.value), f"{line.operator} {number(line.value)}{off}".strip(), f"bound {line.level}")
        )
    labels += (
        [(scale.y(height), text, "usual") for height, text in band_labels(strip.band, words)] if strip.band else []
    )
    last = frame.series(strip)[2]
    for i, curve in enumerate(strip.curves if several else ()):
        known = last[~np.isnan(last[:, i]), i]
        if len(known):
            labels.append((scale.y(float(known[-1])), _cut(curve.text), f"end {tones[i]}"))
    gap = _WIDE_GAP if strip.band else _GAP
    places = spread([y for y, _, _ in labels], gap, scale.top, scale.top + scale.tall)
    for (_, text, tone), y in zip(labels, places, strict=True):
        yield element("text", text, x=frame.left + frame.plot + 6, y=round(y + 3.5, 1), class_=tone)


def _cut(text: str) -> str:
    return text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"


def _dashes(where: Bools, left: int, wide: float, y: float) -> str:
    return "".join(f"M{left + begin * wide:.1f} {y:g}H{left + end * wide:.1f}" for begin, end in stretches(where))
