"""The rule language once more, as plainly as it can be said: one device, one row at a time, None for unknown.

It shares nothing with the product but the syntax tree, and is far too slow for it.
"""

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from statistics import fmean, median
from typing import Literal

from rules.duration import UNITS_S
from rules.language.source import parse
from rules.rule import LevelName, Rule

Value = float | None
Row = dict[str, Value]
Change = Literal["fired", "escalated", "cleared"]


def truth(tree: ast.expr, past: list[tuple[float, Row]]) -> bool | None:
    """True, False or None for the last row of the past."""
    match tree:
        case ast.BoolOp(op=op, values=values):
            return _join([truth(value, past) for value in values], decisive=isinstance(op, ast.Or))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = truth(operand, past)
            return None if inner is None else not inner
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [number(side, past) for side in (left, *comparators)]
            pairs = [_compare(op, a, b) for op, a, b in zip(ops, sides, sides[1:], strict=False)]
            return _join(pairs, decisive=False)
    x = number(tree, past)
    return None if x is None else x != 0


def number(tree: ast.expr, past: list[tuple[float, Row]]) -> Value:
    """A number or None for the last row of the past."""
    now = past[-1][1]
    match tree:
        case ast.Constant(value=int() | float() as count, kind=unit):
            x: Value = float(count) * UNITS_S.get((unit or "").strip(), 1.0)
        case ast.Name(id=name):
            x = now[name] if name in now else _word(name, past[-1][0], now)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = number(operand, past)
            x = None if inner is None else -inner
        case ast.BinOp(left=left, op=op, right=right):
            x = _calculate(op, number(left, past), number(right, past))
        case ast.Call(func=ast.Name(id=name), args=args):
            x = _call(name, args, past)
        case _:
            x = truth(tree, past)
    return None if x is None else float(x)


def window(name: str, length_s: float, past: list[tuple[float, Value]], share: float = 0.0) -> Value:
    """A function over time, from all rows that there ever were."""
    if name == "quantile":
        return _quantile([_held(past, edge) for edge in _edges(past[-1][0], length_s)], share)
    if name == "ago":
        return _ago(past, length_s)
    past = _at_pace(past, min(length_s / 240, 60.0))
    now, x = past[-1]
    bucket_s = length_s / 60
    begin = (math.floor(now / bucket_s) - 59) * bucket_s
    ends = [t for t, _ in past[1:]] + [now]
    spans = [(v, max(0.0, end - max(t, begin))) for (t, v), end in zip(past, ends, strict=True)]
    known = [(v, s) for v, s in spans if v is not None and s > 0]
    known_s = sum(s for _, s in known)
    before = [row for row in past if row[0] < begin][-1:]
    seen = [v for _, v in [*before, *(row for row in past if row[0] >= begin)] if v is not None]
    value: Value = None
    if name in ("rate", "delta"):
        if before and before[0][1] is not None and x is not None:
            value = (x - before[0][1]) / (now - before[0][0] if name == "rate" else 1.0)
    elif name == "stuck":
        whole = x is not None and known_s >= now - begin - 1e-6
        value = 0.0 if len(set(seen)) > 1 else 1.0 if whole else None
    elif known_s >= length_s / 2 - 1e-6:
        states = [(t, v) for t, v in past if v is not None]
        rises = sum(t >= begin and u == 0 and v != 0 for (_, u), (t, v) in pairwise(states))
        mean = sum(v * s for v, s in known) / known_s
        squares = sum((v - mean) ** 2 * s for v, s in known) / known_s
        value = {
            "avg": mean,
            "held": mean,
            "sum": mean * known_s,
            "std": math.sqrt(squares),
            "min": min(seen),
            "max": max(seen),
            "rises": float(rises),
        }[name]
    return value


def _at_pace(past: list[tuple[float, Value]], pace_s: float) -> list[tuple[float, Value]]:
    """The past as it was in the first row of the present cell of time."""
    cell = math.floor(past[-1][0] / pace_s)
    first = next(i for i, (t, _) in enumerate(past) if math.floor(t / pace_s) == cell)
    return past[: first + 1]


def usual(past: list[tuple[float, Value]]) -> list[Value]:
    """What was usual in each row, from one look a minute; UTC is local time."""
    hours: dict[int, list[Value]] = {}
    found: list[Value] = []
    minute = math.ceil(past[0][0] / 60)
    for i, (now, _) in enumerate(past):
        while minute * 60 <= now:
            looked_at = past[i] if minute * 60 == now else past[i - 1]
            hours.setdefault(minute // 60, []).append(looked_at[1])
            minute += 1
        known = [
            [v for v in hours.get(math.floor(now / 3600) - 168 * week, ()) if v is not None] for week in (1, 2, 3, 4)
        ]
        means = [fmean(looks) for looks in known if len(looks) >= 30]
        found.append(median(means) if means else None)
    return found


@dataclass
class Alert:
    """One rule on one device: the state machine, as a person would tell it."""

    rule: Rule
    level: LevelName | None = None
    held: dict[str, float] = field(default_factory=lambda: {"yellow": 0.0, "red": 0.0, "clear": 0.0})
    before: dict[str, bool | None] = field(default_factory=dict)
    time: float | None = None

    def step(self, time: float, now: dict[str, bool | None]) -> tuple[Change, LevelName, float] | None:
        """Take the conditions of one row; return (change, level, since), if any."""
        for name, value in now.items():
            if value is False:
                self.held[name] = 0.0
            elif value and self.before.get(name) and self.time is not None:
                self.held[name] += time - self.time
        self.before, self.time = now, time
        limits = {name: level.for_s for name, level in self.rule.levels.items()}
        fires = [name for name, for_s in limits.items() if now[name] and self.held[name] >= for_s - 1e-6]
        top = fires[-1] if fires else None
        if top and (self.level is None or (self.level == "yellow" and top == "red")):
            change: Change = "escalated" if self.level else "fired"
            self.level, self.held["clear"] = top, 0.0
            return change, top, time - self.held[top]
        if self.level and now["clear"] and self.held["clear"] >= self.rule.keep_s - 1e-6:
            had, since = self.level, time - self.held["clear"]
            self.level, self.held = None, dict.fromkeys(self.held, 0.0)
            return "cleared", had, since
        return None


def conditions(rule: Rule, past: list[tuple[float, Row]]) -> dict[str, bool | None]:
    """Yellow, red (those that the rule has) and clear for the last row of the past; UTC is local time."""
    result: dict[str, bool | None] = {}
    raw = {name: truth(parse(level.when, ()), past) for name, level in rule.levels.items()}
    for name, level in rule.levels.items():
        second = past[-1][0] % 86400
        start, end = level.between or (0.0, 86400.0)
        inside = start <= second < end if start < end else second >= start or second < end
        result[name] = raw[name] if inside else False
    lowest = next(iter(raw.values()))
    clear = truth(parse(rule.clear, ()), past) if rule.clear else (None if lowest is None else not lowest)
    return {**result, "clear": clear}


def _compare(op: ast.cmpop, a: Value, b: Value) -> bool | None:
    if a is None or b is None:
        return None
    results: dict[type[ast.cmpop], bool] = {
        ast.Gt: a > b,
        ast.GtE: a >= b,
        ast.Lt: a < b,
        ast.LtE: a <= b,
        ast.Eq: a == b,
        ast.NotEq: a != b,
    }
    return results[type(op)]


def _calculate(op: ast.operator, a: Value, b: Value) -> Value:
    if a is None or b is None or (isinstance(op, ast.Div) and b == 0):
        return None
    match op:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
    return a / b


def _call(name: str, args: list[ast.expr], past: list[tuple[float, Row]]) -> Value:
    of: Callable[[ast.expr, list[tuple[float, Row]]], Value] = truth if name in ("held", "rises") else number
    match args:
        case [x, *between, ast.Constant(value=int() | float() as count, kind=str(unit))] if unit in UNITS_S:
            share = sum(number(each, past) or 0.0 for each in between)
            return window(name, count * UNITS_S[unit], _series(of, x, past), share)
        case [x] if name == "usual":
            return usual(_series(of, x, past))[-1]
    if name == "during":
        return number(args[0], past) if truth(args[1], past) else None
    numbers = [number(arg, past) for arg in args]
    if name == "missing":
        return float(numbers[0] is None)
    known = [x for x in numbers if x is not None]
    if len(known) < len(numbers):
        return None
    of_points: dict[str, Callable[[], float]] = {
        "abs": lambda: abs(known[0]),
        "mean": lambda: sum(known) / len(known),
        "median": lambda: median(known),
        "spread": lambda: max(known) - min(known),
        "clip": lambda: min(max(known[0], known[1]), known[2]),
        "min": lambda: min(known),
        "max": lambda: max(known),
    }
    return of_points[name]()


def _series(
    of: Callable[[ast.expr, list[tuple[float, Row]]], Value], x: ast.expr, past: list[tuple[float, Row]]
) -> list[tuple[float, Value]]:
    values = [(t, of(x, past[: i + 1])) for i, (t, _) in enumerate(past)]
    return [(t, None if v is None else float(v)) for t, v in values]


def _word(name: str, now: float, row: Row) -> float:
    wall = datetime.fromtimestamp(now, UTC)
    words = {
        "offline": all(v is None for v in row.values()),
        "hour": wall.hour,
        "weekday": wall.isoweekday(),
        "workday": wall.isoweekday() <= 5,
    }
    return float(words[name])


def _edges(now: float, length_s: float) -> list[float]:
    """The last sixty whole multiples of a sixtieth of the window."""
    bucket_s = length_s / 60
    return [(math.floor(now / bucket_s) - i) * bucket_s for i in range(60)]


def _held(past: list[tuple[float, Value]], when: float) -> Value:
    return next((v for t, v in reversed(past) if t <= when), None)


def _quantile(looks: list[Value], share: float) -> Value:
    known = sorted(v for v in looks if v is not None)
    if len(known) < len(looks) / 2:
        return None
    place = share * (len(known) - 1)
    low = math.floor(place)
    above = known[min(low + 1, len(known) - 1)]
    return known[low] + (above - known[low]) * (place - low)


def _ago(past: list[tuple[float, Value]], length_s: float) -> Value:
    """Of each 720th of the window only its last row is remembered."""
    remembered = {math.floor(t / (length_s / 720)): (t, v) for t, v in past}
    then = past[-1][0] - length_s + 1e-6
    return _held(list(remembered.values()), then)


def _join(parts: list[bool | None], *, decisive: bool) -> bool | None:
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive


def eta(past: list[tuple[float, Value]], limit: float, length_s: float) -> Value:
    """Seconds until the line through 60 looks reaches the limit, for the last row of the past."""
    step_s = math.ceil(length_s / 3600) * 60
    now, last = past[-1][0], math.floor(past[-1][0] / step_s)
    if last == math.floor(past[0][0] / step_s) and last * step_s < past[0][0]:
        return None
    looks = [(k, _held(past, (last - 59 + k) * step_s)) for k in range(60)]
    known = [(k, v) for k, v in looks if v is not None]
    n, pairs = len(known), len(known) * (len(known) - 1) // 2
    if n < 30:
        return None
    slopes = sorted((b - a) / (j - i) for at, (i, a) in enumerate(known) for j, b in known[at + 1 :])
    slope = median(slopes)
    margin = 3.09 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low, high = math.floor((pairs - margin) / 2) - 1, math.ceil((pairs + margin) / 2)
    if low < 0 or high >= pairs:
        return None
    away = limit - median(v + slope * (59 - k) for k, v in known)
    if not ((slopes[low] > 0 and away > 0) or (slopes[high] < 0 and away < 0)):
        return None
    left = (last + away / slope) * step_s - now
    return left if left > 0 else None
