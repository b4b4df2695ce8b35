"""Which cells (rule x device) may have something to say in a frame, and what their conditions are there.

Cells are numbered rule by rule: rule * D + row. Rules that are nothing but thresholds, which most are, are watched all
at once; the others one by one. Both answer the same two questions, and tests hold them against each other.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from rules.plan import PlannedRule
from rules.tracker import CLEAR, Cells
from rules.vocabulary import Bools, Floats, Frame


class Conditions(NamedTuple):
    """Yellow, red and clear of k cells, in three values; [T, k, 3]."""

    true: Bools
    false: Bools


class Watch(Protocol):
    """Some of the rules of a book."""

    def candidates(self, frame: Frame) -> Cells:
        """All cells that have a level true in some row, and maybe others; in any order."""
        ...

    def conditions(self, frame: Frame, cells: Cells) -> Conditions:
        """Conditions of cells [k] of its rules, in order."""
        ...


class Thresholds:
    """Rules whose conditions each compare one point with one number.

    A *place* is row * P + column: where a value stands in one long row of all of them, which is compared and indexed
    several times as fast as many short rows.
    """

    def __init__(self, plans: Mapping[int, PlannedRule], devices: int, points: int) -> None:
        """`plans` by rule number."""
        self._devices = devices
        size = (max(plans, default=0) + 1, 3)
        columns, self._sign, self._limit = np.zeros(size, np.intp), np.ones(size), np.full(size, np.inf)
        upper, lower = np.full(points, np.inf), np.full(points, -np.inf)
        on: list[set[int]] = [set() for _ in range(points)]
        for number, plan in plans.items():
            for slot, (column, sign, limit) in plan.thresholds.items():
                columns[number, slot], self._sign[number, slot], self._limit[number, slot] = column, sign, limit
                if slot != CLEAR:
                    nearest = upper if sign > 0 else lower
                    nearest[column] = sign * min(sign * nearest[column], limit)
                    on[column].add(number)
        self._upper, self._lower = np.tile(upper, devices), np.tile(lower, devices)
        self._has_lower = bool((lower > -np.inf).any())
        self._cells = _cells_by_place(on, devices)
        self._places = (columns[:, None] + np.arange(devices)[:, None] * points).reshape(-1, 3)

    def candidates(self, frame: Frame) -> Cells:
        """Cells whose point is beyond the nearest limit that any rule sets it: two comparisons for all of them."""
        values = _by_place(frame)
        beyond = values > self._upper
        if self._has_lower:
            beyond |= values < self._lower
        once = beyond[0] if len(beyond) == 1 else np.logical_or.reduce(beyond)
        cells: Cells = self._cells.take(once.nonzero()[0], axis=0).ravel()
        return cells

    def conditions(self, frame: Frame, cells: Cells) -> Conditions:
        """As in `Watch`."""
        rules = cells // self._devices
        x = _by_place(frame).take(self._places.take(cells, axis=0), axis=1) * self._sign.take(rules, axis=0)
        limit = self._limit.take(rules, axis=0)
        return Conditions(x > limit, x <= limit)


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

    def conditions(self, frame: Frame, cells: Cells) -> Conditions:
        """As in `Watch`."""
        shape = (len(frame.times), len(cells), 3)
        true, false = np.zeros(shape, np.bool_), np.ones(shape, np.bool_)
        rules, rows = np.divmod(cells, self._devices)
        busy, first = np.unique(rules, return_index=True)
        for number, begin, end in zip(busy, first, [*first[1:], len(rules)], strict=True):
            part, devices = slice(begin, end), rows[begin:end]
            for slot, truth in enumerate(self._plans[number].truths):
                if truth:
                    true[:, part, slot] = frame.full(truth.true(frame))[:, devices]
                    false[:, part, slot] = frame.full(truth.false(frame))[:, devices]
        return Conditions(true, false)


def _by_place(frame: Frame) -> Floats:
    """Values as [T, D * P]."""
    return frame.values.reshape(len(frame.times), -1)


def _cells_by_place(rules: Sequence[Collection[int]], devices: int) -> Cells:
    """Cells that each place can wake, [D * P, n], from the rules on each point; short rows repeat their last cell."""
    most = max(map(len, rules), default=0)
    padded = [sorted(on) + [max(on, default=0)] * (most - len(on)) for on in rules]
    first = np.array(padded, np.intp).reshape(len(rules), most) * devices
    return (first + np.arange(devices)[:, None, None]).reshape(devices * len(rules), most)
