"""The ways in which a condition can be true: `a and (b or c)` has two, `a and b` and `a and c`. All are texts."""

import ast
from collections.abc import Iterable, Iterator

from rules.language.source import as_written, parse


def alternatives(text: str, units: Iterable[str]) -> tuple[str, ...]:
    """Each way by itself, in the order in which it is written; the condition must compile.

    >>> alternatives("running and (flow < 1 or power > 2 kW)", ["kW"])
    ('(running) and (flow < 1)', '(running) and (power > 2 kW)')
    """
    return tuple(_ways(parse(text, units), text))


def _ways(node: ast.expr, text: str) -> Iterator[str]:
    match node:
        case ast.BoolOp(op=ast.Or(), values=values):
            for value in values:
                yield from _ways(value, text)
        case ast.BoolOp(op=ast.And(), values=values) if choices := [each for each in values if _is_choice(each)]:
            others = [f"({as_written(each, text)})" for each in values if each is not choices[0]]
            for way in _ways(choices[0], text):
                yield " and ".join((*others, f"({way})"))
        case _:
            yield as_written(node, text)


def _is_choice(node: ast.expr) -> bool:
    return isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or)
