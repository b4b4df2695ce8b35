"""How the page writes what it has: sentences in its language, moments on the clock of the site, durations, numbers."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from drivers.device import Device
from gateway.core.messages import Language, say

_DAY_S, _HOUR_S, _MINUTE_S = 86400, 3600, 60
_WEEKDAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
_DATES = {
    "en": ("{weekday} {at.day} {month} {at:%Y}", "{at.day} {month}"),
    "zh": ("{at:%Y}年{at.month}月{at.day}日（{weekday}）", "{at.month}月{at.day}日"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class Words:
    """The language of a page and the zone of its site."""

    language: Language
    zone: ZoneInfo

    def say(self, kind: str, english: str, /, **context: Any) -> str:
        """A sentence."""
        return say(kind, english, context, self.language)

    @property
    def weekdays(self) -> tuple[str, ...]:
        """Monday first."""
        return _WEEKDAYS[self.language]

    def day(self, time: float) -> str:
        """The date with its weekday and year."""
        return self._date(time, 0)

    def short_day(self, time: float) -> str:
        """The date without its year."""
        return self._date(time, 1)

    def clock(self, time: float) -> str:
        """The time of day."""
        return f"{datetime.fromtimestamp(time, self.zone):%H:%M:%S}"

    def moment(self, time: float) -> str:
        """Date and time of day."""
        return f"{self.short_day(time)} {self.clock(time)}"

    def span(self, start: float, end: float) -> str:
        """From one moment to another; the date once if it is the same."""
        same = self.short_day(start) == self.short_day(end)
        return f"{self.moment(start)} – {self.clock(end) if same else self.moment(end)}"

    def duration(self, seconds: float) -> str:
        """A length of time in its two largest units: "1 h 38 min"."""
        if not math.isfinite(seconds):
            return UNKNOWN
        whole = round(seconds)
        if whole < _MINUTE_S:
            return self.say("page_seconds", "{n} s", n=f"{seconds:.2g}" if seconds < 10 else whole)
        days, rest = divmod(whole, _DAY_S) if whole >= 2 * _DAY_S else (0, whole)
        hours, rest = divmod(rest, _HOUR_S)
        minutes, left = divmod(rest, _MINUTE_S)
        parts = [
            self.say("page_days", "{n} d", n=days) if days else "",
            self.say("page_hours", "{n} h", n=hours) if hours else "",
            self.say("page_minutes", "{n} min", n=minutes) if minutes and not days else "",
            self.say("page_seconds", "{n} s", n=left) if left and not days and not hours and minutes < 10 else "",
        ]
        return " ".join(part for part in parts if part)

    def tickets(self, count: int) -> str:
        """How many tickets."""
        if count == 1:
            return self.say("page_ticket", "1 ticket")
        return self.say("page_tickets", "{count} tickets", count=count)

    def level(self, level: str) -> str:
        """Red or yellow, in words."""
        red = self.say("page_red", "red")
        return red if level == "red" else self.say("page_yellow", "yellow")

    def place(self, device: Device) -> str:
        """Where a device stands, as config.yaml says it."""
        named = {"building": self.say("page_building", "building {name}", name=device.location.get("building", ""))}
        return " · ".join(named.get(key, value) for key, value in device.location.items())

    def _date(self, time: float, form: int) -> str:
        at = datetime.fromtimestamp(time, self.zone)
        weekday, month = self.weekdays[at.weekday()], _MONTHS[at.month - 1]
        return _DATES[self.language][form].format(at=at, weekday=weekday, month=month)


def number(value: Any, unit: str = "") -> str:
    """A measured value to four digits, with its unit; a dash for one that is not known."""
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return UNKNOWN
    text = f"{value:.4g}"
    text = f"{value:.0f}" if "e" in text and abs(value) >= 1 else text
    return f"{text} {unit}".strip()


def per_week(count: float) -> str:
    """A rate, with as many digits as it deserves."""
    return f"{count:.0f}" if count >= 10 or count == 0 else f"{count:.1f}" if count >= 0.95 else f"{count:.2g}"
