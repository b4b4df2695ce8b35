"""The operators of the language, and what is said about everything that is not part of it."""

import ast
from collections.abc import Callable

import numpy as np
from pydantic_core import PydanticCustomError

from rules import kleene
from rules.kleene import Comparison
from rules.language.source import finding, span
from rules.vocabulary import Floats

ARITHMETIC: dict[type[ast.operator], Callable[..., Floats]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: kleene.divide,
}

COMPARISONS: dict[type[ast.cmpop], Comparison] = {
    ast.Gt: Comparison(np.greater, np.less_equal, 1.0),
    ast.GtE: Comparison(np.greater_equal, np.less, 1.0, strict=False),
    ast.Lt: Comparison(np.less, np.greater_equal, -1.0),
    ast.LtE: Comparison(np.less_equal, np.greater, -1.0, strict=False),
    ast.Eq: Comparison(np.equal, kleene.differ),
    ast.NotEq: Comparison(kleene.differ, np.equal),
}

_PLAIN = {
    "Tuple": ",",
    "Attribute": ".",
    "Subscript": "[ ]",
    "BitAnd": "&",
    "BitOr": "|",
    "BitXor": "^",
    "Invert": "~",
    "IfExp": "if",
    "Lambda": "lambda",
    "Pow": "**",
    "FloorDiv": "//",
    "Mod": "%",
}
"""The sign that a person wrote, by its name in the grammar of Python."""

_INSTEAD: dict[str, dict[str, str]] = {
    "BitAnd": {"hint": "and"},
    "BitOr": {"hint": "or"},
    "Invert": {"hint": "not"},
    "Is": {"hint": "=="},
    "IsNot": {"hint": "!="},
}


def outside(node: ast.expr) -> PydanticCustomError:
    """Make the finding for a node outside the language."""
    match node:
        case ast.BinOp(op=op) | ast.UnaryOp(op=op):
            what = type(op).__name__
        case ast.Compare(ops=ops):
            what = next(type(op).__name__ for op in ops if type(op) not in COMPARISONS)
        case _:
            what = type(node).__name__
    message = "{what} is not part of the language; there are + - * /, comparisons, and, or, not, names and functions"
    return finding("not_in_language", message, span(node), what=_PLAIN.get(what, what), **_INSTEAD.get(what, {}))
