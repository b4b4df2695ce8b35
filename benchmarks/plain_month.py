"""The reference of the backtest benchmark: one plain Python object per rule and device, over rows of plain lists."""

from collections.abc import Iterable, Sequence
from math import inf, isnan

from benchmarks.month_rules import MonthRule, Row

Seen = tuple[float, int, int, str, str]
"""Time, rule, device, what happened, at which level."""

_LEVELS = ("", "yellow", "red")
_SLACK_S = 1e-6
_DAY_S = 86400.0


class _Evidence:
    """How long a condition has held: true counts from row to row, false starts again, unknown (None) is neither."""

    __slots__ = ("enough_s", "seconds", "was")

    def __init__(self, enough_s: float) -> None:
        self.enough_s = enough_s - _SLACK_S
        self.seconds = 0.0
        self.was: bool | None = False

    def take(self, step_s: float, *, now: bool | None) -> bool:
        """Take the condition of a row; says whether it is true and has held long enough."""
        if now is False:
            self.seconds = 0.0
        elif now and self.was:
            self.seconds += step_s
        self.was = now
        return bool(now) and self.seconds >= self.enough_s

    def forget(self) -> None:
        """Start again."""
        self.seconds, self.was = 0.0, False


class MonthAlert:
    """One rule on one device. NaN is above nothing and below nothing."""

    __slots__ = (
        "_bad",
        "_clear",
        "_good",
        "_hours",
        "_level",
        "_quantity",
        "_red",
        "_sign",
        "_stirs",
        "_time",
        "_worse",
        "_yellow",
    )

    def __init__(self, rule: MonthRule) -> None:
        self._quantity = rule.plain()
        self._sign = rule.sign
        self._bad, self._good = rule.yellow * rule.sign, rule.clear * rule.sign
        self._worse = inf if rule.red is None else rule.red * rule.sign
        self._hours = rule.hours_s if rule.between else None
        self._yellow, self._red, self._clear = map(_Evidence, (rule.for_s, rule.for_s, rule.keep_s))
        self._level = 0
        self._stirs = False  # yellow or red may have evidence
        self._time = 0.0

    def step(self, time: float, row: Row) -> tuple[str, str] | None:
        """Take the next row; says what it changed, and the level."""
        x = self._sign * self._quantity(time, row)
        step_s, self._time = time - self._time, time
        if x <= self._bad and not self._level:  # nearly always
            if self._stirs:
                self._yellow.forget()
                self._red.forget()
                self._stirs = False
            return None
        self._stirs, unknown = True, isnan(x)
        counts = self._hours is None or _is_inside(self._hours, time % _DAY_S)
        is_yellow = self._yellow.take(step_s, now=counts and (None if unknown else x > self._bad))
        is_red = self._red.take(step_s, now=counts and (None if unknown else x > self._worse))
        is_clear = self._clear.take(step_s, now=None if unknown else x < self._good)
        return self._move(2 if is_red else 1 if is_yellow else 0, clear=is_clear)

    def _move(self, reached: int, *, clear: bool) -> tuple[str, str] | None:
        level = self._level
        if reached > level:
            self._level, self._clear.seconds = reached, 0.0
            return "escalated" if level else "fired", _LEVELS[reached]
        if level and clear:
            self._level = 0
            for evidence in (self._yellow, self._red, self._clear):
                evidence.seconds = 0.0
            return "cleared", _LEVELS[level]
        return None


class PlainMonth:
    """All rules on all devices; alerts[d][r]."""

    def __init__(self, rules: Iterable[MonthRule], devices: int) -> None:
        written = list(rules)
        self._alerts = [[MonthAlert(rule) for rule in written] for _ in range(devices)]

    def update(self, time: float, values: Sequence[Row]) -> list[Seen]:
        """Take one row, values[D][P]; returns what happened in the order of rules, then devices."""
        seen: list[Seen] = []
        for device, (alerts, row) in enumerate(zip(self._alerts, values, strict=True)):
            for rule, alert in enumerate(alerts):
                change = alert.step(time, row)
                if change is not None:
                    seen.append((time, rule, device, *change))
        return sorted(seen)


def _is_inside(hours: tuple[float, float], second: float) -> bool:
    start, end = hours
    return start <= second < end if start < end else second >= start or second < end
