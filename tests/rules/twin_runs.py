"""How long a device stands still or lacks a reading, once more as plainly as it can be said: one look at a time."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.rules.twin import Row, Value

LOOKS_AT_MOST, ENOUGH, DAYS = 10, 5040, 7
Look = Callable[[int, Row], Value]


@dataclass
class Habit:
    """The runs of one device or point: the running one, and all that have ended, by day."""

    length: int = 0
    ended: dict[int, list[int]] = field(default_factory=dict)

    def look(self, minute: int, *, ends: bool) -> None:
        """Take one look that counts."""
        if not ends:
            self.length += 1
            return
        self.ended.setdefault(minute // 1440, []).append(self.length)
        self.length = 0

    def is_odd(self, minute: int, least_s: float) -> bool | None:
        """Whether the running one is longer than any of the days before allows; None if these are too few."""
        if self.length * 60 < least_s:
            return False
        today = minute // 1440
        before = sorted(day for day in self.ended if day < today)[-DAYS:]
        runs = [run for day in [*before, today] for run in self.ended.get(day, ())]
        if sum(run + 1 for run in runs) < ENOUGH:
            return None
        return self.length > 3 * max(runs)


def frozen(past: list[tuple[float, Row]], least_s: float) -> list[Value]:
    """Whether the device stands still, in each row."""
    habit, last = Habit(), dict[str, float]()

    def look(minute: int, row: Row) -> Value:
        known = {name: x for name, x in row.items() if x is not None}
        if not known:
            return None
        moved = any(name in last and last[name] != x for name, x in known.items())
        last.update(known)
        habit.look(minute, ends=moved)
        odd = habit.is_odd(minute, least_s)
        return None if odd is None else float(odd)

    return _each_row(past, look)


def lost(past: list[tuple[float, Row]], least_s: float) -> list[Value]:
    """Whether the device lacks one of its points, in each row."""
    habits: dict[str, Habit] = {}

    def look(minute: int, row: Row) -> Value:
        if all(x is None for x in row.values()):
            return None
        for name, x in row.items():
            habits.setdefault(name, Habit()).look(minute, ends=x is not None)
        return float(any(habit.is_odd(minute, least_s) for habit in habits.values()))

    return _each_row(past, look)


def _each_row(past: list[tuple[float, Row]], look: Look) -> list[Value]:
    """What the last look saw; between two rows there are at most the last ten."""
    now: Value = None
    found: list[Value] = []
    minute = None
    for i, (time, row) in enumerate(past):
        latest = math.floor(time / 60)
        if minute is None:
            minute = latest if latest * 60 == time else latest + 1
        for each in range(max(minute, latest - LOOKS_AT_MOST + 1), latest + 1):
            seen = row if each * 60 == time else past[i - 1][1]
            now = look(each, seen)
        minute = latest + 1
        found.append(now)
    return found
