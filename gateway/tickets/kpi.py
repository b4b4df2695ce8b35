"""Watches the ticket stream for what the management should know: slow answers, a surge, time-outs in a row. Pure.

Everything is read from the ledger, that an alarm was raised too: the line that creates its ticket says `alarm` and the
alarm's key. So each is raised once, also over restarts, and none while an earlier one of its kind is open.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np

from gateway.core.almanac import Almanac
from gateway.core.casework import Entry
from rules.duration import DAY_S

Kind = Literal["response", "surge", "timeouts"]

ANSWERS = frozenset({"accepted", "acknowledged", "departed", "arrived", "progress", "resolved", "closed"})
"""Lines of the ledger with which the wait for an answer is over."""
FLOOR = 5
"""Tickets in a day that are never a surge if they are fewer: twice as many as one are two."""
USUAL_DAYS = 7
"""Days before, whose mean is what is usual."""

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is too much; None is off."""

    response_s: float | None = 2 * 3600.0  # mean wait for an answer in a day ...
    days: int = 3  # ... so many days running
    surge: float | None = 0.5  # share of tickets above the mean of the days before
    timeouts: int | None = 3  # tickets in a row that missed a limit


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something for the management; `numbers` fill its text."""

    kind: Kind
    day: date  # of the site's calendar
    numbers: Mapping[str, Any]  # JSON types only

    @property
    def key(self) -> str:
        """One alarm; the line that creates its ticket says it under `alarm`."""
        return f"{self.kind}:{self.day.isoformat()}"


@dataclass(slots=True)
class _Track:
    """What the ledger says of one ticket."""

    created_at: float
    answered_at: float | None = None
    missed_at: float | None = None
    done_at: float | None = None

    @property
    def end(self) -> tuple[float, bool]:
        """When it was seen how it ends, and whether it missed a limit; -inf if that is not known yet."""
        if self.missed_at is not None:
            return self.missed_at, True
        return float("-inf") if self.done_at is None else self.done_at, False


@dataclass(slots=True)
class _Raised:
    """The latest alarm of a kind."""

    ticket: str
    at: float
    day: str  # as in its key
    is_open: bool = True


_NEVER = _Raised("", float("-inf"), "", is_open=False)


@dataclass(slots=True)
class _Stream:
    """The ledger by ticket: of people's tickets in the order in which they came, and of alarms the latest by kind."""

    tickets: dict[str, _Track] = field(default_factory=dict)
    alarms: dict[str, _Raised] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "_Stream":
        """First what was created, then the rest: with a clock that is set back an answer may be the older line."""
        stream = cls()
        for entry in sorted(entries, key=lambda each: (each.event != "created", each.at, each.ticket, each.number)):
            stream.take(entry)
        return stream

    def take(self, entry: Entry) -> None:
        """Take up the next line."""
        if entry.event == "created":
            self._create(entry)
        elif (track := self.tickets.get(entry.ticket)) is not None:
            _follow(track, entry)
        elif entry.event == "closed":
            for alarm in self.alarms.values():
                alarm.is_open = alarm.is_open and alarm.ticket != entry.ticket

    def last(self, kind: Kind) -> _Raised:
        """The latest alarm of a kind."""
        return self.alarms.get(kind, _NEVER)

    def is_news(self, alarm: Alarm) -> bool:
        """Whether no alarm of the kind is open, or was raised for that day or a later one."""
        last = self.last(alarm.kind)
        return not last.is_open and last.day < alarm.day.isoformat()

    def _create(self, entry: Entry) -> None:
        kind, _, day = str(entry.said.get("alarm") or "").partition(":")
        if kind:
            self.alarms[kind] = _Raised(entry.ticket, entry.at, day)
        elif not entry.said.get("repeat"):
            self.tickets.setdefault(entry.ticket, _Track(entry.at))


class Watch:
    """Looks at the ledger now and then; it remembers nothing itself."""

    def __init__(self, thresholds: Thresholds, almanac: Almanac) -> None:
        """Days are those on the wall of the site."""
        self.thresholds = thresholds
        self.almanac = almanac

    @property
    def lookback_s(self) -> float:
        """How much of the ledger it needs."""
        return (max(self.thresholds.days, USUAL_DAYS) + 2) * DAY_S

    def look(self, entries: Iterable[Entry], now: float, began_at: float = 0.0) -> list[Alarm]:
        """What has to be raised now. `began_at` is when the ledger began: no day before it is part of a mean."""
        stream = _Stream.of(entries)
        tracks = list(stream.tickets.values())
        *days, today, first = self._days([*(each.created_at for each in tracks), now, began_at])
        by_day = defaultdict[int, list[_Track]](list)
        for day, track in zip(days, tracks, strict=True):
            by_day[day].append(track)
        alarms = (self._slow(stream, by_day, today, now), self._surge(by_day, today, first), self._timeouts(stream))
        return [alarm for alarm in alarms if alarm is not None and stream.is_news(alarm)]

    def _slow(self, stream: _Stream, by_day: Mapping[int, list[_Track]], today: int, now: float) -> Alarm | None:
        """Whether each of the last whole days was too slow; who waits still has waited until now."""
        limit = self.thresholds.response_s
        days = range(today - self.thresholds.days, today)
        waits = [[_wait(track, now) for track in by_day.get(day, ())] for day in days]
        if limit is None or not all(waits) or _date(days[0]).isoformat() <= stream.last("response").day:
            return None
        means = [sum(each) / len(each) for each in waits]
        if min(means) <= limit:
            return None
        numbers = {"days": len(days), "limit_s": limit, "means_s": means, "tickets": sum(map(len, waits))}
        return Alarm("response", _date(days[-1]), numbers)

    def _surge(self, by_day: Mapping[int, list[_Track]], today: int, first: int) -> Alarm | None:
        """Whether today has so many more tickets than the days before; a day without any counts."""
        share, count = self.thresholds.surge, len(by_day.get(today, ()))
        days = range(max(first, today - USUAL_DAYS), today)
        if share is None or count < FLOOR or not days:
            return None
        mean = sum(len(by_day.get(day, ())) for day in days) / len(days)
        if count < (1.0 + share) * mean:
            return None
        return Alarm("surge", _date(today), {"tickets": count, "mean": mean, "days": len(days), "share": share})

    def _timeouts(self, stream: _Stream) -> Alarm | None:
        """Whether of the tickets that missed a limit or were done the last ones all missed one; each counts once."""
        count, since = self.thresholds.timeouts, stream.last("timeouts").at
        if count is None:
            return None
        ends = sorted((*track.end, ticket) for ticket, track in stream.tickets.items() if track.end[0] > since)
        latest = ends[-count:]
        if len(latest) < count or not all(missed for _, missed, _ in latest):
            return None
        (day,) = self._days([latest[-1][0]])
        return Alarm("timeouts", _date(day), {"count": count, "tickets": [ticket for *_, ticket in latest]})

    def _days(self, times: list[float]) -> list[int]:
        """The day of each time on the wall of the site, from 1970-01-01 on."""
        return [int(day) for day in np.floor(self.almanac.wall(np.array(times)) / DAY_S)]


def _follow(track: _Track, entry: Entry) -> None:
    if entry.event in ANSWERS and track.answered_at is None:
        track.answered_at = entry.at
    if entry.event == "overdue" and track.missed_at is None:
        track.missed_at = entry.at
    by_itself = entry.said.get("reason") == "clear"
    if entry.event in {"resolved", "closed"} and not by_itself and track.done_at is None:
        track.done_at = entry.at


def _wait(track: _Track, now: float) -> float:
    return max((now if track.answered_at is None else track.answered_at) - track.created_at, 0.0)


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)
