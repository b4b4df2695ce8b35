"""The numbers in a condition: what is compared with which number, and where that number stands in the text.

It reads and rewrites texts; what a condition means is decided in `expression`.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rules.language.functions import OVER_POINTS, OVER_TIME
from rules.language.source import parse, span
from rules.language.units import common_unit, literal_value, unit_of
from rules.vocabulary import Floats, Vocabulary

Operator = Literal["<", "<=", ">", ">=", "==", "!="]

_OPERATORS: dict[type[ast.cmpop], Operator] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_ALIKE = {"min", "max", "mean", "median", "clip", "avg", "quantile", "ago", "usual", "during"}
_MIRRORED: dict[Operator, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Limit:
    """One comparison with a number, told as if the quantity stood on the left of it."""

    quantity: str
    """What is compared, as written: "avg(vibration, 5m)"."""
    operator: Operator
    number: float
    """As it is written, in the unit that is written behind it."""
    span: tuple[int, int]
    """Where the number stands in the text: its sign belongs to it, its unit does not."""
    unit: str | None
    """Unit of the quantity; "" if it is a plain number, None if nothing is known of it."""
    point: str | None
    """The point, if the quantity is one or a window over one."""
    alike: bool
    """Whether the quantity can be read on the scale of its points: an average can, a difference cannot."""
    rating: str | None
    """What the number is multiplied by: "pressure < 0.88 * set_pressure"."""
    times: float
    """What else it is multiplied by to be in the unit of the quantity: 60 for "age(flow) > 5m"."""

    def values(self, vocabulary: Vocabulary) -> Floats:
        """The limit for every device, in the unit of the quantity, [D]; NaN where the device lacks the rating."""
        of = np.ones(vocabulary.devices) if self.rating is None else vocabulary.ratings[self.rating]
        values: Floats = self.number * self.times * of
        return values


def limits(text: str, vocabulary: Vocabulary) -> tuple[Limit, ...]:
    """Every comparison with a number in a condition that compiles, in the order in which the numbers are written."""
    tree = parse(text, vocabulary.units.values())
    compared = (node for node in ast.walk(tree) if isinstance(node, ast.Compare))
    found = (limit for node in compared for limit in _in_comparison(node, text, vocabulary))
    return tuple(sorted(found, key=lambda limit: limit.span))


def with_limit(text: str, where: tuple[int, int], number: float) -> str:
    """The condition with another number at a limit's span, in the unit that is written there.

    >>> with_limit("flow > 0.35 MPa for", (7, 11), 0.4)
    'flow > 0.4 MPa for'
    """
    start, end = where
    return f"{text[:start]}{number:.15g}{text[end:]}"


@dataclass(frozen=True, slots=True)
class _Number:
    node: ast.Constant
    negative: bool
    where: tuple[int, int]
    rating: str | None


def _in_comparison(node: ast.Compare, text: str, vocabulary: Vocabulary) -> Iterator[Limit]:
    """Each step of a chain such as 2 < x < 5 that has a number on exactly one side."""
    sides = [node.left, *node.comparators]
    numbers = [_number(side, vocabulary) for side in sides]
    unit = common_unit(sides, vocabulary)
    for i, op in enumerate(node.ops):
        left, right = numbers[i], numbers[i + 1]
        if (left is None) == (right is None):
            continue
        operator = _OPERATORS[type(op)]
        if right is not None:
            yield _limit(sides[i], operator, right, unit, text, vocabulary)
        elif left is not None:
            yield _limit(sides[i + 1], _MIRRORED[operator], left, unit, text, vocabulary)


def _limit(
    quantity: ast.expr, operator: Operator, number: _Number, unit: str | None, text: str, vocabulary: Vocabulary
) -> Limit:
    start, end = span(quantity)
    written = float(ast.literal_eval(number.node))
    value = literal_value(number.node, None if number.rating else unit)
    return Limit(
        quantity=" ".join(text[start:end].split()),
        operator=operator,
        number=-written if number.negative else written,
        span=number.where,
        unit=unit_of(quantity, vocabulary),
        point=_point(quantity, vocabulary),
        alike=_is_alike(quantity, vocabulary),
        rating=number.rating,
        times=value / written if written else 1.0,
    )


def _number(node: ast.expr, vocabulary: Vocabulary) -> _Number | None:
    """A literal, or a literal times a rating in either order."""
    match node:
        case ast.Constant(kind=unit):
            start, end = span(node)
            return _Number(node, negative=False, where=(start, end - len(unit or "")), rating=None)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as literal):
            plain = _number(literal, vocabulary)
            return plain and _Number(literal, negative=True, where=(span(node)[0], plain.where[1]), rating=None)
        case ast.BinOp(op=ast.Mult(), left=factor, right=ast.Name(id=name)) if name in vocabulary.ratings:
            number = _number(factor, vocabulary)
        case ast.BinOp(op=ast.Mult(), left=ast.Name(id=name), right=factor) if name in vocabulary.ratings:
            number = _number(factor, vocabulary)
        case _:
            return None
    return number and _Number(number.node, number.negative, number.where, name)


def _point(node: ast.expr, vocabulary: Vocabulary) -> str | None:
    match node:
        case ast.Name(id=name) if name in vocabulary.points:
            return name
        case ast.Call(func=ast.Name(id=name), args=[inner, ast.Constant()]) if name in OVER_TIME:
            return _point(inner, vocabulary)
    return None


def _is_alike(node: ast.expr, vocabulary: Vocabulary) -> bool:
    match node:
        case ast.Name(id=name):
            return name in vocabulary.points
        case ast.Call(func=ast.Name(id=name), args=args) if name in _ALIKE:
            args = args[: len(args) - (name in OVER_POINTS and OVER_POINTS[name].condition)]
            return all(_is_alike(arg, vocabulary) for arg in args if not isinstance(arg, ast.Constant))
    return False
