"""What a detector expected when a ticket was opened: a band beneath the curve of each point that drove the score."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Any

from gateway.core.markup import Markup, element
from gateway.core.types import Ticket
from gateway.tickets.explanation import digits, figure
from gateway.workbench.page.words import Words

MOST_BANDS = 3
"""As many points as the explanation tells of in words."""


@dataclass(frozen=True, slots=True)
class Band:
    """What was expected and what usual, from `since` on; NaN where that is not known."""

    since: float
    expected: float
    low: float
    high: float
    digits: int

    def within(self, lowest: float, highest: float) -> "Band":
        """The part that a point can reach."""
        return Band(self.since, self.expected, max(self.low, lowest), min(self.high, highest), self.digits)

    @property
    def heights(self) -> list[float]:
        """What of it can be drawn."""
        return [height for height in (self.low, self.expected, self.high) if isfinite(height)]


def bands(ticket: Ticket) -> dict[str, Band]:
    """The foremost points of the ticket's explanation, or of the one why it became red."""
    for evidence in (ticket.evidence, ticket.evidence.get("escalated", {})):
        for score in evidence.get("scores", {}).values():
            since = _known(score.get("since"), ticket.fired_at)
            if channels := score.get("channels", [])[:MOST_BANDS]:
                return {each["point"]: _band(each, since) for each in channels}
    return {}


def band_shape(band: Band, y: Mapping[float, float], left: float, right: float) -> Iterator[Markup]:
    """The band and the line of what was expected, from `left` to `right`; `y` says where each height lies."""
    if isfinite(band.low) and isfinite(band.high) and band.low <= band.high:
        top, bottom = y[band.high], y[band.low]
        yield element("rect", x=left, y=top, width=right - left, height=max(bottom - top, 1.0), class_="usual")
    if isfinite(band.expected):
        at = y[band.expected]
        yield element("line", x1=left, x2=right, y1=at, y2=at, class_="expected")


def band_labels(band: Band, words: Words) -> Iterator[tuple[float, str]]:
    """The height of each label, and its text."""
    if isfinite(band.low) and isfinite(band.high):
        low, high = (figure(edge, band.digits) for edge in (band.low, band.high))
        yield band.high, words.say("page_usual", "usual {low}–{high}", low=low, high=high)
    if isfinite(band.expected):
        yield band.expected, words.say("page_expected", "expected {value}", value=figure(band.expected, band.digits))


def _band(channel: Mapping[str, Any], since: float) -> Band:
    low, high = _known(channel.get("low"), -inf), _known(channel.get("high"), inf)
    expected, value = _known(channel.get("expected"), nan), _known(channel.get("value"), nan)
    return Band(since, expected, low, high, digits(value, low, high))


def _known(value: float | None, otherwise: float) -> float:
    """JSON has no NaN: what is not known is null."""
    return otherwise if value is None else value
