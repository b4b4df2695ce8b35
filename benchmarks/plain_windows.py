"""The reference of the backtest benchmark: functions over time for one quantity of one device, in plain Python.

Each takes one row at a time and costs the same however long its window is. They mean what those of `rules.windows`
mean, in the words of someone who has deques and running totals.
"""

import math
from collections import deque
from collections.abc import Callable
from math import isnan

Step = Callable[[float, float], float]
"""Time and value of a row -> the function's value; NaN is unknown."""

_BUCKETS = 60
_SLACK_S = 1e-6


class Known:
    """For how many seconds of the window something was known."""

    __slots__ = ("_bucket_s", "_known", "_rows", "_time", "begin", "enough_s", "held_since", "seconds")

    def __init__(self, length_s: float) -> None:
        self._bucket_s = length_s / _BUCKETS
        self._rows = deque[tuple[float, bool]]()  # the first one was held when the window began
        self._time, self._known = 0.0, False
        self.enough_s = length_s / 2.0 - _SLACK_S
        self.begin, self.held_since, self.seconds = -math.inf, 0.0, 0.0

    def take(self, time: float, *, known: bool) -> bool:
        """Take a row; says whether enough of the window is known."""
        rows = self._rows
        if self._known:
            self.seconds += time - self._time
        self._time, self._known = time, known
        rows.append((time, known))
        begin = (time // self._bucket_s - (_BUCKETS - 1)) * self._bucket_s
        start, was = rows[0]
        start = max(start, self.begin)
        while len(rows) > 1 and rows[1][0] < begin:
            rows.popleft()
            left = start
            start, knows = rows[0]
            if was:
                self.seconds -= start - left
            was = knows
        if was and begin > start:
            self.seconds -= begin - start
        self.begin, self.held_since = begin, rows[0][0]
        return self.seconds >= self.enough_s


class Moments:
    """Integrals over the window of what is known: of 1, of x and of x squared, x less the first x ever seen."""

    __slots__ = ("_begin", "_bucket_s", "_enough_s", "_rows", "_time", "_x", "first", "seconds", "squares", "total")

    def __init__(self, length_s: float) -> None:
        self._bucket_s, self._enough_s = length_s / _BUCKETS, length_s / 2.0 - _SLACK_S
        self._rows = deque[tuple[float, float]]()  # the first one was held when the window began
        self._time, self._x, self._begin = 0.0, math.nan, -math.inf
        self.first = math.nan
        self.seconds = self.total = self.squares = 0.0

    def take(self, time: float, x: float) -> bool:
        """Take a row; says whether enough of the window is known."""
        rows, was = self._rows, self._x
        if not isnan(was):
            seconds = time - self._time
            self.seconds += seconds
            self.total += was * seconds
            self.squares += was * was * seconds
        elif isnan(self.first):
            self.first = x
        x -= self.first
        self._time, self._x = time, x
        rows.append((time, x))
        begin = (time // self._bucket_s - (_BUCKETS - 1)) * self._bucket_s
        start, was = rows[0]
        start = max(start, self._begin)
        while len(rows) > 1 and rows[1][0] < begin:
            rows.popleft()
            self._forget(was, rows[0][0] - start)
            start, was = rows[0]
        if begin > start:
            self._forget(was, begin - start)
        self._begin = begin
        return self.seconds >= self._enough_s

    def _forget(self, x: float, seconds: float) -> None:
        if not isnan(x):
            self.seconds -= seconds
            self.total -= x * seconds
            self.squares -= x * x * seconds


def average(length_s: float) -> Step:
    """Time-weighted mean; of a condition the share of time in which it was true."""
    of = Moments(length_s)

    def step(time: float, x: float) -> float:
        return of.first + of.total / of.seconds if of.take(time, x) else math.nan

    return step


def deviation(length_s: float) -> Step:
    """Time-weighted standard deviation."""
    of = Moments(length_s)

    def step(time: float, x: float) -> float:
        if not of.take(time, x):
            return math.nan
        mean = of.total / of.seconds
        return math.sqrt(max(of.squares / of.seconds - mean * mean, 0.0))

    return step


def delta(length_s: float) -> Step:
    """The value now less the one that was held when the window began."""
    change = _change(length_s)
    return lambda time, x: change(time, x)[0]


def rate(length_s: float) -> Step:
    """The change per second since the row that was held when the window began."""
    change = _change(length_s)

    def step(time: float, x: float) -> float:
        by, seconds = change(time, x)
        return by / seconds if seconds else math.nan

    return step


def highest(length_s: float) -> Step:
    """Highest known value, the one held when the window began included."""
    known, peaks = Known(length_s), deque[tuple[float, float]]()  # time and value, which falls from left to right

    def step(time: float, x: float) -> float:
        is_known = not isnan(x)
        enough = known.take(time, known=is_known)
        if is_known:
            while peaks and peaks[-1][1] <= x:
                peaks.pop()
            peaks.append((time, x))
        while peaks and peaks[0][0] < known.held_since:
            peaks.popleft()
        return peaks[0][1] if enough and peaks else math.nan

    return step


def lowest(length_s: float) -> Step:
    """Lowest known value, likewise."""
    peak = highest(length_s)
    return lambda time, x: -peak(time, -x)


def rises(length_s: float) -> Step:
    """How often a condition went from false to true."""
    known, times, last = Known(length_s), deque[float](), math.nan

    def step(time: float, x: float) -> float:
        nonlocal last
        is_known = not isnan(x)
        enough = known.take(time, known=is_known)
        if is_known:
            if last == 0.0 and x > 0.0:
                times.append(time)
            last = x
        while times and times[0] < known.begin:
            times.popleft()
        return float(len(times)) if enough else math.nan

    return step


def stuck(length_s: float) -> Step:
    """1 if known all through the window without a change, 0 if it changed, NaN in between."""
    known = Known(length_s)
    last, last_at, before_change = math.nan, -math.inf, -math.inf

    def step(time: float, x: float) -> float:
        nonlocal last, last_at, before_change
        is_known = not isnan(x)
        known.take(time, known=is_known)
        if is_known:
            if x != last and not isnan(last):
                before_change = last_at
            last, last_at = x, time
        if before_change >= known.held_since:
            return 0.0
        return 1.0 if is_known and known.seconds >= time - known.begin - _SLACK_S else math.nan

    return step


def _change(length_s: float) -> Callable[[float, float], tuple[float, float]]:
    """The change since the row that was held when the window began, and the seconds since then."""
    bucket_s, rows = length_s / _BUCKETS, deque[tuple[float, float]]()

    def step(time: float, x: float) -> tuple[float, float]:
        rows.append((time, x))
        begin = (time // bucket_s - (_BUCKETS - 1)) * bucket_s
        while len(rows) > 1 and rows[1][0] < begin:
            rows.popleft()
        then, was = rows[0]
        return (x - was, time - then) if then < begin else (math.nan, 0.0)

    return step
