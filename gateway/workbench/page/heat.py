"""The heat map of a week: on which days and at which hours tickets come."""

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from gateway.core.almanac import Almanac
from gateway.core.markup import Markup, element
from gateway.workbench.backtest.outcome import Case
from gateway.workbench.page.words import Words
from rules.duration import DAY_S

_LEFT, _TOP, _CELL, _GAP = 40, 14, 26, 2
_SHADES = 5
_THURSDAY = 3  # 1970-01-01

Hours = Counter[tuple[int, int]]
"""Tickets by weekday (Monday is 0) and hour."""


def hours(cases: Iterable[Case], almanac: Almanac) -> Hours:
    """When tickets come, on the clock of the site."""
    wall = almanac.wall(np.array([case.ticket.fired_at for case in cases], np.float64))
    days = (np.floor(wall / DAY_S).astype(int) + _THURSDAY) % 7
    return Counter(zip(days.tolist(), (wall % DAY_S // 3600).astype(int).tolist(), strict=True))


def heat_map(found: Hours, words: Words) -> Markup:
    """Seven rows of 24 cells, each with its number; the darker, the more."""
    label = words.say("page_heat_label", "tickets by weekday and hour of the day")
    wide, high = _LEFT + 24 * _CELL, _TOP + 7 * 20
    parts = [element("title", label), _heads(words), _cells(found)]
    return element("svg", *parts, class_="heat", viewBox=f"0 0 {wide} {high}", role="img")


def _heads(words: Words) -> Iterator[Markup]:
    for hour in range(0, 24, 2):
        yield element("text", f"{hour:02}", x=_LEFT + hour * _CELL + _CELL / 2 - 1, y=_TOP - 5, class_="time")
    for day, name in enumerate(words.weekdays):
        yield element("text", name, x=_LEFT - 8, y=_TOP + day * 20 + 13, class_="value")


def _cells(found: Hours) -> Iterator[Markup]:
    most = max(_SHADES, *found.values())
    for day in range(7):
        for hour in range(24):
            count, x, y = found[day, hour], _LEFT + hour * _CELL, _TOP + day * 20
            shade = -(-count * _SHADES // most)
            yield element("rect", x=x, y=y, width=_CELL - _GAP, height=20 - _GAP, class_=f"h{shade}")
            if count:
                tone = "dense" if shade >= _SHADES - 1 else None
                yield element("text", count, x=x + _CELL / 2 - 1, y=y + 13, class_=f"count {tone or ''}".strip())
