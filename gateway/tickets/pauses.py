"""When nobody is told of a ticket yet: maintenance windows, silences, and the quiet hours of yellow.

What the clock on the wall of the site shows decides, also on the days on which it is changed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from drivers.device import Device
from gateway.core.almanac import Almanac
from gateway.core.casework import Silence
from gateway.core.ticket_settings import MaintenanceWindow, matches
from gateway.core.types import Hold, Level
from rules.duration import DAY_S

_FIRST_DAY = date(1970, 1, 1)
_QUARTER_S = 900.0
_HORIZON_S = 31 * DAY_S


@dataclass(frozen=True, slots=True)
class Pauses:
    """All that holds tickets back at a site. A hold says when it ends, with all that follows without a break."""

    almanac: Almanac
    quiet: tuple[float, float] | None = None
    windows: Sequence[MaintenanceWindow] = ()
    silences: Sequence[Silence] = ()

    def hold(self, device: Device, kind: str, level: Level, now: float) -> tuple[Hold, float] | None:
        """Why nobody is to be told of such a ticket now, and until when; None if it may go out.

        An end that is 31 days ahead or more may not be the real one, and the question is to be asked again then.
        """
        first = next(self._holds(device, kind, level, now), None)
        return None if first is None else (first[0], self.end_of(device, kind, level, now))

    def maintenance(self, device: Device, kind: str, now: float) -> MaintenanceWindow | None:
        """The work that is going on there, whether it holds tickets back or not: they are not counted as repeats."""
        wall = self._wall(now)
        return next((w for w in self.windows if _of_window(w, device, kind) and any(_ends(w, wall))), None)

    def end_of(self, device: Device, kind: str, level: Level, now: float) -> float:
        """The first moment from now on at which nothing holds such a ticket back."""
        at = now
        while at < now + _HORIZON_S:
            ends = [end for _, end in self._holds(device, kind, level, at)]
            if not ends:
                break
            at = max(ends)
        return at

    def _holds(self, device: Device, kind: str, level: Level, at: float) -> Iterator[tuple[Hold, float]]:
        """What holds at a moment, each until it ends or the clocks change."""
        wall = self._wall(at)
        for window in self.windows:
            if level in window.levels and _of_window(window, device, kind):
                for end in _ends(window, wall):
                    yield Hold.MAINTENANCE, self._moment(at, wall, end)
        for silence in self.silences:
            if at < silence.until and _of_silence(silence, device, kind, level):
                yield Hold.SILENCE, silence.until
        if self.quiet and level is Level.YELLOW and (morning := _end_of_hours(self.quiet, wall)) is not None:
            yield Hold.QUIET, self._moment(at, wall, morning)

    def _moment(self, at: float, wall: float, end: float) -> float:
        """When the wall shows the end, which it does not yet; or when the clocks are changed before that."""
        offset_s = round(wall - at)
        moment = end - offset_s
        if self._wall(moment) == end:
            return moment
        quarters = np.arange(at // _QUARTER_S + 1.0, moment // _QUARTER_S + 1.0) * _QUARTER_S
        return float(quarters[self.almanac.wall(quarters) - quarters != offset_s][0])

    def _wall(self, at: float) -> float:
        return float(self.almanac.wall(np.array([at]))[0])


def in_force(silences: Iterable[Silence], now: float) -> tuple[Silence, ...]:
    """Those that have not ended."""
    return tuple(silence for silence in silences if now < silence.until)


def _of_window(window: MaintenanceWindow, device: Device, kind: str) -> bool:
    scopes = (
        (window.devices, device.id),
        (window.buildings, device.location.get("building", "")),
        (window.classes, kind),
    )
    return all(not patterns or any(matches(each, name) for each in patterns) for patterns, name in scopes)


def _of_silence(silence: Silence, device: Device, kind: str, level: Level) -> bool:
    return (
        (level is Level.YELLOW or silence.level is Level.RED)
        and silence.device in {"", device.id}
        and silence.building in {"", device.location.get("building", "")}
        and (not silence.kind or matches(silence.kind, kind))
    )


def _ends(window: MaintenanceWindow, wall: float) -> Iterator[float]:
    """On the wall, when the window ends that is open at this time: today's, or the one that began yesterday."""
    start, end = window.between
    today = wall // DAY_S
    for day in (today - 1.0, today):
        opens, closes = day * DAY_S + start, day * DAY_S + end + (DAY_S if end <= start else 0.0)
        if opens <= wall < closes and window.opens_on(_FIRST_DAY + timedelta(days=day)):
            yield closes


def _end_of_hours(hours: tuple[float, float], wall: float) -> float | None:
    """On the wall, when the hours end that it shows; None outside them."""
    start, end = hours
    day, second = divmod(wall, DAY_S)
    if start <= second and (second < end or end < start):
        return day * DAY_S + end + (DAY_S if end < start else 0.0)
    return day * DAY_S + end if second < end < start else None
