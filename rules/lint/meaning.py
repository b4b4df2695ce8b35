"""The text of a condition -> a statement that `logic` can reason about: what quantities must be for it to be true.

A *quantity* is a part that is a number: a point, a function of points, a window, or a weighted sum of such. Numbers go
to the other side (`0.5 * flow > 3` says flow > 6), units are taken off, `abs`, `min` and `max` are resolved, and
ratings are numbers wherever they stand beside points. What is left is known by its text, as it would be written.
"""

import ast
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rules.duration import DAY_S, UNITS_S
from rules.language.source import parse
from rules.language.units import common_unit
from rules.lint import logic
from rules.lint.domains import domain
from rules.lint.logic import All, Is, Some, Statement, World
from rules.lint.spans import KNOWN, UNKNOWN, Spans, above, below, exactly
from rules.lint.spelling import is_condition, points_now, spelled, window_s
from rules.vocabulary import Vocabulary

TIME_OF_DAY = "time of day"
"""A quantity of its own, in seconds: hours of a level and the word `hour` both speak of it."""

_HOUR_S = 3600.0
_ANY_TIME = above(0.0, strict=False) & below(DAY_S)
_NOT_ZERO = ~exactly(0.0) & KNOWN
_OF_DIFFERENCE: Mapping[type[ast.cmpop], Spans] = {
    ast.Gt: above(0.0),
    ast.GtE: above(0.0, strict=False),
    ast.Lt: below(0.0),
    ast.LtE: below(0.0, strict=False),
    ast.Eq: exactly(0.0),
    ast.NotEq: _NOT_ZERO,
}


class Sum(NamedTuple):
    """A weighted sum: factor by quantity, and a number."""

    factors: Mapping[str, float]
    number: float

    def plus(self, other: "Sum", factor: float = 1.0) -> "Sum":
        """This, and the other so many times; what cancels out stays with factor 0, since it must still be known."""
        factors = dict(self.factors)
        for name, of in other.factors.items():
            factors[name] = factors.get(name, 0.0) + factor * of
        return Sum(factors, self.number + factor * other.number)


def tree_of(text: str, vocabulary: Vocabulary) -> ast.expr:
    """Parse a condition that compiles."""
    return parse(text, vocabulary.units.values())


class Reader:
    """Reads conditions about devices that have the same ratings."""

    def __init__(self, vocabulary: Vocabulary, ratings: Mapping[str, float]) -> None:
        self.world = World({TIME_OF_DAY: _ANY_TIME})
        self._vocabulary = vocabulary
        self._ratings = ratings
        self._nodes: dict[str, ast.expr] = {}
        self._names: dict[ast.expr, str] = {}
        self._said: dict[tuple[ast.expr, bool], Statement] = {}
        self._possible: dict[tuple[ast.expr, bool], bool | None] = {}

    def possible(self, node: ast.expr, *, true: bool = True) -> bool | None:
        """Whether anything makes a condition true, or false; None if that cannot be told."""
        if (node, true) not in self._possible:
            self._possible[node, true] = self.world.satisfiable(self.says(node, true=true))
        return self._possible[node, true]

    def says(self, node: ast.expr, *, true: bool = True) -> Statement:
        """What makes a condition true, or false. Where it says neither, the condition is unknown."""
        if (node, true) not in self._said:
            self._said[node, true] = self._meaning(node, true=true)
        return self._said[node, true]

    def _meaning(self, node: ast.expr, *, true: bool) -> Statement:
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = tuple(self.says(value, true=true) for value in values)
                return All(parts) if isinstance(op, ast.And) == true else Some(parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.says(operand, true=not true)
            case ast.Compare(left=left, comparators=comparators, ops=ops):
                sides = [left, *comparators]
                seconds = common_unit(sides, self._vocabulary) == "s"
                sums = [self._sum(side, seconds=seconds) for side in sides]
                steps = zip(ops, sums, sums[1:], strict=False)
                parts = tuple(self._difference(op, a, b, true=true) for op, a, b in steps)
                return All(parts) if true else Some(parts)
        return self._lies(self._sum(node), _NOT_ZERO if true else exactly(0.0))

    def _difference(self, op: ast.cmpop, left: Sum, right: Sum, *, true: bool) -> Statement:
        within = _OF_DIFFERENCE[type(op)]
        return self._lies(left.plus(right, -1.0), within if true else ~within & KNOWN)

    def _sum(self, node: ast.expr, *, seconds: bool = False) -> Sum:
        match node:
            case ast.Constant(value=int() | float() as value, kind=unit):
                in_time = seconds and (unit or "").strip() != "s"
                return Sum({}, value * UNITS_S.get((unit or "").strip(), 1.0) if in_time else float(value))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Sum({}, 0.0).plus(self._sum(operand, seconds=seconds), -1.0)
            case ast.BinOp(op=ast.Add() | ast.Sub() as op, left=left, right=right):
                sign = 1.0 if isinstance(op, ast.Add) else -1.0
                return self._sum(left, seconds=seconds).plus(self._sum(right, seconds=seconds), sign)
            case ast.BinOp(op=ast.Mult() | ast.Div() as op, left=left, right=right):
                return self._product(node, op, self._sum(left), self._sum(right))
            case ast.Call(func=ast.Name(id="mean"), args=args) if not window_s(node):
                total = Sum({}, 0.0)
                for arg in args:
                    total = total.plus(self._sum(arg, seconds=seconds), 1.0 / len(args))
                return total
        return self._single(node)

    def _product(self, node: ast.expr, op: ast.operator, left: Sum, right: Sum) -> Sum:
        a, b = self._number(left), self._number(right)
        nothing = Sum({}, 0.0)
        if isinstance(op, ast.Div):
            return nothing.plus(left, 1.0 / b) if b else self._single(node)
        if b is not None and not (a is not None and right.factors):
            return nothing.plus(left, b)
        return nothing.plus(right, a) if a is not None else self._single(node)

    def _number(self, of: Sum) -> float | None:
        """The number that a sum of nothing but ratings is."""
        if all(name in self._ratings for name in of.factors):
            return of.number + sum(factor * self._ratings[name] for name, factor in of.factors.items())
        return None

    def _single(self, node: ast.expr) -> Sum:
        name = self._names.get(node) or spelled(node)
        self._names[node], self._nodes[name] = name, node
        return Sum({name: 1.0}, 0.0)

    def _lies(self, of: Sum, within: Spans) -> Statement:
        """Say that a sum is known and in the set."""
        if any(name not in self._vocabulary.ratings for name in of.factors):
            of = self._with_ratings(of)
        parts = [self._is(name, KNOWN) for name, factor in of.factors.items() if not factor]
        factors = {name: of.factors[name] for name in sorted(of.factors) if of.factors[name]}
        if not factors:
            return All((*parts, logic.TRUE if of.number in within else logic.FALSE))
        first = next(iter(factors))
        within = within.behind(factors[first], of.number)
        if len(factors) == 1:
            return All((*parts, self._is(first, within)))
        relative = {name: float(f"{factor / factors[first]:.12g}") for name, factor in factors.items()}
        return All((*parts, self._is_sum(relative, within)))

    def _with_ratings(self, of: Sum) -> Sum:
        points = {name: factor for name, factor in of.factors.items() if name not in self._ratings}
        ratings = Sum({name: factor for name, factor in of.factors.items() if name in self._ratings}, of.number)
        return Sum(points, self._number(ratings) or 0.0)

    def _is_sum(self, factors: Mapping[str, float], within: Spans) -> Statement:
        name = " + ".join(f"{factor:g} * {each}" for each, factor in factors.items())
        for each in factors:
            self._learn(each)
        self.world.sums[name] = factors
        self.world.needs[name] = frozenset(factors)
        return Is(name, within)

    def _is(self, name: str, within: Spans) -> Statement:
        """Say that a quantity is known and in the set, in terms of what it is made of where that is understood."""
        node, found = self._nodes[name], None
        match node:
            case ast.Call(func=ast.Name(id="abs"), args=[arg]):
                found = self._lies(self._sum(arg), within.behind_abs())
            case ast.Call(func=ast.Name(id="min" | "max" as which), args=args) if not window_s(node):
                found = self._extreme(which, [self._sum(arg) for arg in args], within)
            case ast.Call(func=ast.Name(id="missing"), args=[ast.Name(id=point)]):
                self._learn(point)
                found = _either(within, Is(point, UNKNOWN), Is(point, KNOWN))
            case ast.Name(id="hour") if name not in self._vocabulary.points:
                found = Some(tuple(Is(TIME_OF_DAY, _hour(i)) for i in range(24) if float(i) in within))
            case ast.Name(id="offline") if name not in self._vocabulary.points:
                found = self._offline(within)
            case _ if is_condition(node):
                found = _either(within, self.says(node), self.says(node, true=False))
        if found is None:
            self._learn(name)
            found = Is(name, within)
        return found

    def _extreme(self, which: str, of: Sequence[Sum], within: Spans) -> Statement:
        """Resolve the smallest or the largest: all of them on one side, at least one on the other."""
        cases = []
        for low, high in (stretch.cuts for stretch in within.stretches()):
            up, down = Spans((low, KNOWN.cuts[1])), Spans((KNOWN.cuts[0], high))
            everyone, someone = (up, down) if which == "min" else (down, up)
            parts = [self._lies(each, everyone) for each in of]
            cases.append(All((*parts, Some(tuple(self._lies(each, someone) for each in of)))))
        return Some(tuple(cases))

    def _offline(self, within: Spans) -> Statement:
        for name in ("offline", *self._vocabulary.points):
            self._learn(name)
        silent = All((Is("offline", exactly(1.0)), *(Is(point, UNKNOWN) for point in self._vocabulary.points)))
        return _either(within, silent, Is("offline", exactly(0.0)))

    def _learn(self, name: str) -> None:
        """Note what a quantity can be, and which points it needs."""
        if name not in self.world.domains:
            node = self._nodes.get(name, ast.Name(id=name))
            self.world.domains[name] = domain(node, self._vocabulary)
            if points := points_now(node, frozenset(self._vocabulary.points)) - {name}:
                self.world.needs[name] = points
                for point in points:
                    self._learn(point)


def during(hours: tuple[float, float]) -> Statement:
    """Say that it is one of the hours of the day."""
    start, end = hours
    inside = above(start, strict=False) & below(end) if start < end else above(start, strict=False) | below(end)
    return Is(TIME_OF_DAY, inside & _ANY_TIME)


def _either(within: Spans, yes: Statement, no: Statement) -> Statement:
    """Say that a condition taken as a number is in the set."""
    return Some(tuple(part for number, part in ((1.0, yes), (0.0, no)) if number in within))


def _hour(hour: int) -> Spans:
    return above(hour * _HOUR_S, strict=False) & below((hour + 1) * _HOUR_S)
