"""Units of the parts of a condition, as far as they follow from the points; what has no known unit is None."""

import ast
from collections.abc import Iterable

from rules.duration import UNITS_S
from rules.functions import KNOWLEDGE, OVER_POINTS, OVER_TIME, Unit
from rules.source import finding, span, spelled
from rules.vocabulary import Vocabulary


def unit_of(node: ast.expr, vocabulary: Vocabulary) -> str | None:
    """Unit of a part; "" for a plain number that was computed, None for literals, ratings and mixed products."""
    unit: str | None = None
    match node:
        case ast.Name(id=name) if name in vocabulary.points:
            unit = spelled(vocabulary.units.get(name, ""))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            unit = unit_of(operand, vocabulary)
        case ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=right):
            unit = common_unit([left, right], vocabulary)
        case ast.BinOp(op=ast.Mult(), left=left, right=right) if _is_factor(left, vocabulary):
            unit = unit_of(right, vocabulary)
        case ast.BinOp(op=ast.Mult() | ast.Div(), left=left, right=right) if _is_factor(right, vocabulary):
            unit = unit_of(left, vocabulary)
        case ast.Call(func=ast.Name(id=name), args=args):
            unit = _unit_of_call(name, args, vocabulary)
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            unit = ""
    return unit


def common_unit(nodes: Iterable[ast.expr], vocabulary: Vocabulary) -> str | None:
    """Unit of the first of several parts that has one."""
    units = (unit_of(node, vocabulary) for node in nodes)
    return next((unit for unit in units if unit is not None), None)


def literal_value(node: ast.Constant, expected: str | None) -> float:
    """Value of a number as written, whose unit must be the expected one.

    Beside seconds any duration is right, so that `age(x) > 5m` means 300. Raises PydanticCustomError.
    """
    value, unit = node.value, spelled(node.kind or "")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise finding("not_a_number", "this is not a number", span(node))
    if not abs(value) < 1e15:
        raise finding("number_too_large", "numbers end at 1e15", span(node))
    if unit in ("", expected):
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


def _is_factor(node: ast.expr, vocabulary: Vocabulary) -> bool:
    return (isinstance(node, ast.Constant) and node.kind is None) or unit_of(node, vocabulary) == ""


def _unit_of_call(name: str, args: list[ast.expr], vocabulary: Vocabulary) -> str | None:
    rule: Unit = "same" if name in OVER_POINTS else "unknown"
    for table in (KNOWLEDGE, OVER_TIME):
        if name in table:
            rule = table[name].unit
    if rule == "same":
        return common_unit(args, vocabulary)
    return {"seconds": "s", "none": "", "unknown": None}[rule]
