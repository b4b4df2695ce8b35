"""Which cells (rule x device) may have something to say in a frame, and what their conditions are there.

Cells are numbered rule by rule: rule * D + row. Rules that are nothing but thresholds, which most are, are watched all
at once; the others one by one. Both answer the same two questions, and tests hold them against each other.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np

from rules.plan import PlannedRule
from rules.tracker import CLEAR, Cells
from rules.vocabulary import Bools, Frame


class Conditions(NamedTuple):
    """Yellow, red and clear of k cells, in three values; [T, 3, k]."""

    true: Bools
    false: Bools


class Watch(Protocol):
    """Some of the rules of a book."""

    def candidates(self, frame: Frame) -> Cells:
        """All cells that have a level true in some row, and maybe others."""
        ...

    def conditions(self, frame: Frame, rules: Cells, rows: Cells) -> Conditions:
        """Conditions of the cells given by rule[k] and row[k], in order of rule."""
        ...


class Thresholds:
    """Rules whose conditions each compare one point with one number."""

    def __init__(self, plans: Mapping[int, PlannedRule], devices: int, points: int) -> None:
        """`plans` by rule number."""
        self._devices = devices
        size = (3, max(plans, default=0) + 1)
        self._column, self._sign, self._limit = np.zeros(size, np.intp), np.ones(size), np.full(size, np.inf)
        self._upper, self._lower = np.full(points, np.inf), np.full(points, -np.inf)
        on: list[list[int]] = [[] for _ in range(points)]
        for number, plan in plans.items():
            for slot, limit in plan.thresholds.items():
                self._column[slot, number], self._sign[slot, number], self._limit[slot, number] = limit
                if slot != CLEAR:
                    self._bound(limit.column, limit.sign, limit.limit)
                    on[limit.column] = sorted({*on[limit.column], number})
        most = max(map(len, on), default=0)
        self._on = np.array([numbers + [-1] * (most - len(numbers)) for numbers in on], np.intp).reshape(points, most)

    def candidates(self, frame: Frame) -> Cells:
        """Cells whose point is beyond the nearest limit that any rule sets it: two comparisons for all of them."""
        beyond = frame.values > self._upper
        if self._lower.max(initial=-np.inf) > -np.inf:
            beyond |= frame.values < self._lower
        if not beyond.any():
            return np.empty(0, np.intp)
        once = beyond[0] if len(beyond) == 1 else np.logical_or.reduce(beyond)
        rows, columns = np.divmod(np.flatnonzero(once), once.shape[1])
        rules = self._on[columns]
        return (rules * self._devices + rows[:, None])[rules >= 0]

    def conditions(self, frame: Frame, rules: Cells, rows: Cells) -> Conditions:
        """As in `Watch`."""
        x = frame.values[:, rows, self._column[:, rules]]
        true = x * self._sign[:, rules] > self._limit[:, rules]
        return Conditions(true, ~true & (x == x))  # noqa: PLR0124 - NaN is not itself

    def _bound(self, column: int, sign: float, limit: float) -> None:
        if sign > 0:
            self._upper[column] = min(self._upper[column], limit)
        else:
            self._lower[column] = max(self._lower[column], -limit)


class Formulas:
    """Rules of any shape."""

    def __init__(self, plans: Mapping[int, PlannedRule], devices: int) -> None:
        """`plans` by rule number, in order."""
        self._plans = plans
        self._devices = devices

    def candidates(self, frame: Frame) -> Cells:
        """Cells with a level true in some row, exactly."""
        found = [np.empty(0, np.intp)]
        for number, plan in self._plans.items():
            for truth in plan.truths[:CLEAR]:
                if truth and (true := truth.true(frame)).any():
                    rows = np.logical_or.reduce(frame.full(true))
                    found.append(np.flatnonzero(rows) + number * self._devices)
        return np.concatenate(found)

    def conditions(self, frame: Frame, rules: Cells, rows: Cells) -> Conditions:
        """As in `Watch`."""
        shape = (len(frame.times), 3, len(rules))
        true, false = np.zeros(shape, np.bool_), np.ones(shape, np.bool_)
        busy, first = np.unique(rules, return_index=True)
        for number, begin, end in zip(busy, first, [*first[1:], len(rules)], strict=True):
            cells, devices = slice(begin, end), rows[begin:end]
            for slot, truth in enumerate(self._plans[number].truths):
                if truth:
                    true[:, slot, cells] = frame.full(truth.true(frame))[:, devices]
                    false[:, slot, cells] = frame.full(truth.false(frame))[:, devices]
        return Conditions(true, false)
