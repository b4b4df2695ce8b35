"""Says why a score raised a ticket: what drives it, what was expected, since when, what would have kept it quiet."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

from drivers.device import Point, Profile
from gateway.core.messages import Language, say
from models.detector import Contribution, Explanation

CHANNELS_KEPT = 8
"""Channels in the evidence: a device has dozens of points, and a ticket must stay small."""
CHANNELS_TOLD = 3
"""Channels in words: more is not read by whoever is on the way there."""

_MOST_DIGITS = 4
_LARGE = 1e7
"""From here on a number is written with an exponent."""
_COMMA = {"zh": "，", "en": ", "}
_SEMICOLON = {"zh": "；", "en": "; "}
_AND_SO_ON = {"zh": "、", "en": ", "}
_AND = {"zh": " 且", "en": " and "}


@dataclass(frozen=True, slots=True)
class Voice:
    """How a site speaks of its devices: in its language, on its wall clock, by its profiles' titles and units."""

    language: Language
    zone: tzinfo = UTC
    profiles: Mapping[str, Profile] = field(default_factory=dict)

    def points(self, profile: str) -> dict[str, Point]:
        """The points of a profile by name; none of one that the site does not know."""
        known = self.profiles.get(profile)
        return {point.name: point for point in known.points} if known else {}

    def titles(self, profile: str, points: Iterable[str]) -> str:
        """What people call some points of a profile, in a row."""
        known = self.points(profile)
        titles = [(name, known[name].title if name in known else {}) for name in points]
        return _AND_SO_ON[self.language].join(of.get(self.language) or of.get("en") or name for name, of in titles)

    def wall(self, time: float, now: float) -> str:
        """A moment on the clock of the site; its date too, if that is not today's."""
        if not math.isfinite(time):
            return "–"
        at, today = (datetime.fromtimestamp(each, self.zone) for each in (time, now))
        return f"{at:%H:%M}" if at.date() == today.date() else f"{at:%Y-%m-%d %H:%M}"


def explained(why: Explanation, profile: str, now: float, voice: Voice) -> dict[str, Any]:
    """An explanation as it stands in a ticket's evidence: for people in `text`, for programs in the rest."""
    points = voice.points(profile)
    channels = [_Channel(each, points.get(each.point), voice.language) for each in why.channels[:CHANNELS_KEPT]]
    return {
        "text": _text(why, channels, now, voice),
        "score": why.score,
        "since": why.since,
        "channels": [channel.plain for channel in channels],
        "spared": [{"point": channel.was.point, edge[0]: edge[1]} for channel in channels if (edge := channel.edge)],
    }


def digits(value: float, low: float, high: float) -> int:
    """As many digits as tell a value from the edges of its band, and these from each other."""
    gaps = ((high - low) / 3.0, abs(value - high), abs(value - low))
    known = [gap for gap in gaps if math.isfinite(gap) and gap > 0.0]
    finest = min(known, default=abs(value) / 1e3)
    if not (math.isfinite(finest) and finest > 0.0):
        return 0
    return min(max(-math.floor(math.log10(finest)), 0), _MOST_DIGITS)


def figure(value: float, digits: int) -> str:
    """A value with so many digits; a dash for one that is not known."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.4g}" if abs(value) >= _LARGE else f"{round(value, digits) + 0.0:.{digits}f}"


class _Channel:
    """A contribution with the words and the digits for it."""

    def __init__(self, was: Contribution, point: Point | None, language: Language) -> None:
        self.was, self.language = was, language
        titles = point.title if point else {}
        self.title = titles.get(language) or titles.get("en") or was.point
        self.unit = point.unit if point else ""
        self._lowest, self._highest = (point.low, point.high) if point else (-math.inf, math.inf)
        self._digits = digits(was.value, was.low, was.high)

    @property
    def plain(self) -> dict[str, Any]:
        was = self.was
        return {
            "point": was.point,
            "title": self.title,
            "unit": self.unit,
            "share": was.share,
            "value": was.value,
            "expected": was.expected,
            "low": was.low,
            "high": was.high,
        }

    @property
    def edge(self) -> tuple[Literal["below", "above"], float] | None:
        """The side of its band on which the value would have been usual, if it lies outside."""
        if self.was.value > self.was.high:
            return "below", self.was.high
        return ("above", self.was.low) if self.was.value < self.was.low else None

    def clause(self) -> str:
        """What it reads, what was expected, what is usual, and its part in the score."""
        parts = [f"{self.title} {self._figure(self.was.value)}"]
        if math.isfinite(self.was.expected):
            expected = {"value": self._figure(self.was.expected)}
            parts.append(say("told_expected", "{value} is expected", expected, self.language))
        parts += self._usual()
        share = say("told_share", " ({share} of the score)", {"share": f"{self.was.share:.0%}"}, self.language)
        return _COMMA[self.language].join(parts) + share

    def condition(self, side: str, edge: float) -> str:
        """What would have kept it quiet."""
        context = {"title": self.title, "edge": self._figure(edge)}
        if side == "below":
            return say("told_below", "{title} below {edge}", context, self.language)
        return say("told_above", "{title} above {edge}", context, self.language)

    def _usual(self) -> list[str]:
        """The usual band, as far as the point can reach it."""
        low, high = self.was.low, self.was.high
        has_low, has_high = math.isfinite(low) and low > self._lowest, math.isfinite(high) and high < self._highest
        context = {"low": self._figure(low), "high": self._figure(high), "from": self._figure(low, "")}
        if has_low and has_high:
            return [say("told_between", "usually {from} to {high}", context, self.language)]
        if has_high:
            return [say("told_under", "usually below {high}", context, self.language)]
        return [say("told_over", "usually above {low}", context, self.language)] if has_low else []

    def _figure(self, value: float, unit: str | None = None) -> str:
        shown = self.unit if unit is None and math.isfinite(value) else unit or ""
        return f"{figure(value, self._digits)} {shown}".strip()


def _text(why: Explanation, channels: Sequence[_Channel], now: float, voice: Voice) -> str:
    """The whole explanation for people; nothing where there is nothing to tell."""
    if not channels:
        return ""
    language = voice.language
    clauses = [channel.clause() for channel in channels[:CHANNELS_TOLD]]
    if more := len(why.channels) - len(clauses):
        english = "{count} more points with a small part" if more > 1 else "one more point with a small part"
        clauses.append(say("told_more", english, {"count": more}, language))
    head = _head(why.since, now, voice)
    stop = "。" if language == "zh" else ". "
    return (head + _SEMICOLON[language].join(clauses) + stop + _taken(channels, language)).rstrip()


def _head(since: float, now: float, voice: Voice) -> str:
    if not math.isfinite(since):
        return say("told_unusual", "Unusual: ", {}, voice.language)
    began, today = (datetime.fromtimestamp(time, voice.zone) for time in (since, now))
    clock = f"{began:%H:%M}"
    if began.date() == today.date():
        return say("told_since", "Unusual since {clock}: ", {"clock": clock}, voice.language)
    context = {"clock": clock, "date": f"{began:%Y-%m-%d}"}
    return say("told_since_day", "Unusual since {clock} on {date}: ", context, voice.language)


def _taken(channels: Sequence[_Channel], language: Language) -> str:
    """What it would have taken not to fire."""
    outside = [(channel, edge) for channel in channels if (edge := channel.edge)]
    if not outside:
        if len(channels) > 1:
            english = "No point alone is outside its usual range; their combination is unusual."
            return say("told_joint", english, {}, language)
        inside = "It is still inside its usual range: the rule reports what is rare even there."
        return say("told_inside", inside, {}, language) if _is_inside(channels[0].was) else ""
    conditions = [channel.condition(*edge) for channel, edge in outside[:CHANNELS_TOLD]]
    if len(outside) > CHANNELS_TOLD:
        conditions.append(say("told_others", "the others inside their usual range", {}, language))
    start = say("told_spared", "It would not have been reported with ", {}, language)
    return start + _AND[language].join(conditions) + say("told_spared_end", ".", {}, language)


def _is_inside(was: Contribution) -> bool:
    return was.low <= was.value <= was.high
