"""One spelling for every part of a condition, however it was written, and which of its arguments are what."""

import ast
import copy

from rules.duration import UNITS_S, written
from rules.language.arguments import is_over_time
from rules.language.functions import FORECAST, KNOWLEDGE, LEARNT, OF_DEVICE

_IN_ANY_ORDER = {"min", "max", "mean", "median", "spread"}


def spelled(node: ast.expr) -> str:
    """A part of a condition as text: without units, durations in their largest unit, arguments sorted where they may.

    Two parts with the same spelling are the same quantity.
    """
    if isinstance(node, ast.Name):
        return node.id
    return ast.unparse(_Spelling().visit(copy.deepcopy(node)))


def called(node: ast.expr) -> str:
    """The name, or the name of the function; "" for anything else."""
    match node:
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)):
            return name
    return ""


def window_s(node: ast.expr) -> float:
    """How long the window of a function over time is; 0 for anything else."""
    match node:
        case ast.Call(args=[*_, ast.Constant(value=int() | float() as count, kind=str(unit))]):
            return (
                count * UNITS_S.get(unit.strip(), 0.0)
                if is_over_time(node, called(node)) or called(node) in {*LEARNT, *OF_DEVICE, *FORECAST}
                else 0.0
            )
    return 0.0


def is_condition(node: ast.expr) -> bool:
    """Whether a part is true or false by its form, and 1 or 0 where a number is wanted."""
    return isinstance(node, (ast.Compare, ast.BoolOp)) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    )


def points_now(node: ast.expr, points: frozenset[str]) -> frozenset[str]:
    """The points that must be known at this moment for a part to be known."""
    if is_condition(node) or window_s(node) or called(node) in {*KNOWLEDGE, *LEARNT, *FORECAST}:
        return frozenset()
    if isinstance(node, ast.Name):
        return frozenset([node.id]) & points
    children = (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
    return frozenset[str]().union(*(points_now(child, points) for child in children))


class _Spelling(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        length_s = window_s(node)
        args: list[ast.expr] = [self.visit(arg) for arg in (node.args[:-1] if length_s else node.args)]
        if length_s:
            args.append(ast.Name(id=written(length_s)))
        elif called(node) in _IN_ANY_ORDER:
            args.sort(key=ast.unparse)
        node.args = args
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        unit = (node.kind or "").strip()
        return ast.Name(id=f"{node.value!r}{unit if unit in UNITS_S else ''}")
