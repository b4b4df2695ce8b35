"""Units of the parts of a condition, as far as they follow from the points; what has no known unit is None.

A part with a mistake in it has `ANY` unit: whatever stands beside it is right, so that one mistake is one finding.
"""

import ast
from collections.abc import Iterable, Sequence

from pydantic_core import PydanticCustomError

from rules.duration import UNITS_S
from rules.language.entries import Unit
from rules.language.functions import CALLED, FUNCTIONS, WORDS
from rules.language.source import finding, per_second, span, spelled
from rules.vocabulary import SAID, Vocabulary

ANY = "any"


def unit_of(node: ast.expr, vocabulary: Vocabulary) -> str | None:
    """Unit of a part; "" for a plain number that was computed, None for literals, ratings and mixed products."""
    unit: str | None = ANY
    match node:
        case ast.Name(id=name):
            unit = _unit_of_name(name, vocabulary)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            unit = unit_of(operand, vocabulary)
        case ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=right):
            unit = common_unit([left, right], vocabulary)
        case ast.BinOp(op=ast.Mult() | ast.Div() as op, left=left, right=right):
            unit = _unit_of_product(op, left, right, vocabulary)
        case ast.Call(func=ast.Name(id=name), args=args):
            unit = _unit_of_call(name, args, vocabulary)
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            unit = ""
        case ast.Constant():
            unit = None
        case ast.Attribute(value=ast.Name(id=what)) if what in SAID:
            unit = None
    return unit


def common_unit(nodes: Iterable[ast.expr], vocabulary: Vocabulary) -> str | None:
    """Unit that several parts have in common, as far as they have one; `ANY` if they cannot stand beside each other."""
    units = [unit for node in nodes if (unit := unit_of(node, vocabulary)) is not None]
    distinct = {*units} - {""}
    if ANY in distinct or len(distinct) > 1:
        return ANY
    return max(units, default=None)


def different(nodes: Sequence[ast.expr], vocabulary: Vocabulary) -> PydanticCustomError | None:
    """Find the first of several parts that cannot stand beside those before it, because its unit is another one.

    A plain number may stand beside anything: many a point has a unit that nobody wrote down.
    """
    known = [(node, unit) for node in nodes if (unit := unit_of(node, vocabulary))]
    if not known or any(unit == ANY for _, unit in known):
        return None
    expected = known[0][1]
    other = next((each for each in known if each[1] != expected), None)
    if other is None:
        return None
    message = "this is in {unit}, and what it stands beside is in {expected}"
    return finding("different_units", message, span(other[0]), unit=other[1], expected=expected, hint=expected)


def literal_value(node: ast.Constant, expected: str | None) -> float:
    """Value of a number as written, whose unit must be the expected one.

    Beside seconds any duration is right, so that `age(x) > 5m` means 300. Raises PydanticCustomError.
    """
    value, unit = node.value, spelled(node.kind or "")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise finding("not_a_number", "this is not a number", span(node))
    if unit in ("", expected) or expected == ANY:
        return float(value)
    if expected == "s" and unit in UNITS_S:
        return float(value) * UNITS_S[unit]
    where, ctx = span(node), {"unit": unit}
    if expected is None:
        message = "{unit} cannot be checked here, because nothing beside it has a known unit; write the number alone"
        raise finding("unit_not_checked", message, where, **ctx, hint=f"{value:g}")
    if not expected:
        raise finding("wrong_unit", "what this number stands beside has no unit", where, **ctx, hint=f"{value:g}")
    message = "what this number stands beside is in {expected}, not in {unit}"
    raise finding("wrong_unit", message, where, **ctx, expected=expected, hint=expected)


def _unit_of_name(name: str, vocabulary: Vocabulary) -> str | None:
    if name in vocabulary.points:
        return spelled(vocabulary.units.get(name, ""))
    if name in vocabulary.ratings:
        return None
    return "" if name in WORDS else ANY


def _unit_of_product(op: ast.operator, left: ast.expr, right: ast.expr, vocabulary: Vocabulary) -> str | None:
    units = [unit_of(left, vocabulary), unit_of(right, vocabulary)]
    if ANY in units:
        return ANY
    if _is_factor(right, units[1]):
        return units[0]
    if isinstance(op, ast.Mult):
        return units[1] if _is_factor(left, units[0]) else None
    return "" if units[0] and units[0] == units[1] else None


def _is_factor(node: ast.expr, unit: str | None) -> bool:
    return (isinstance(node, ast.Constant) and node.kind is None) or unit == ""


def _unit_of_call(name: str, args: list[ast.expr], vocabulary: Vocabulary) -> str | None:
    if name not in FUNCTIONS:
        return ANY
    rule: Unit = next(table[name].unit for table in CALLED if name in table)
    if rule == "same":
        return common_unit(args, vocabulary)
    if rule == "same per second":
        unit = common_unit(args, vocabulary)
        return per_second(unit) if unit and unit != ANY else unit or None
    return {"seconds": "s", "none": "", "unknown": None}[rule]
