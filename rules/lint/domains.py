"""What the parts of a condition can be at all: the ranges of points, and what follows from them for functions."""

import ast
import itertools
import math
import statistics
from collections.abc import Callable, Sequence

from rules.lint.spans import UNKNOWN, Spans, above, exactly, from_to
from rules.lint.spelling import called, is_condition, window_s
from rules.vocabulary import SAID, Vocabulary

Range = tuple[float, float]

ANYTHING: Range = (-math.inf, math.inf)
_YES_OR_NO = exactly(0.0, 1.0)

_FIXED: dict[str, Spans] = {
    "missing": _YES_OR_NO,
    "stuck": _YES_OR_NO,
    "still": _YES_OR_NO,
    "frozen": _YES_OR_NO,
    "lost": _YES_OR_NO,
    "offline": _YES_OR_NO,
    "always": _YES_OR_NO,
    "workday": _YES_OR_NO,
    "hour": exactly(*range(24)),
    "weekday": exactly(*range(1, 8)),
    "held": from_to(0.0, 1.0),
    "rises": above(0.0, strict=False),
    "age": above(0.0, strict=False),
    "eta": above(0.0, strict=True),
}
_NEVER_UNKNOWN = {"missing", "offline", "always", "age", "hour", "weekday", "workday"}
_WITHIN_THEIR_ARGUMENT = {"avg", "min", "max", "quantile", "ago"}


def domain(node: ast.expr, vocabulary: Vocabulary) -> Spans:
    """Everything that a part can be; whatever is not understood can be anything."""
    name = called(node)
    if name in _FIXED and name not in vocabulary.points:
        return _FIXED[name] if name in _NEVER_UNKNOWN else _FIXED[name] | UNKNOWN
    return (_YES_OR_NO if is_condition(node) else from_to(*range_of(node, vocabulary))) | UNKNOWN


def range_of(node: ast.expr, vocabulary: Vocabulary) -> Range:
    """Lowest and highest value of a part that is known."""
    found = ANYTHING
    match node:
        case ast.Constant(value=int() | float() as value) if node.kind is None:
            found = (float(value), float(value))
        case ast.Name(id=name) if name in vocabulary.points:
            found = vocabulary.ranges.get(name, ANYTHING)
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)) if name in _FIXED:
            found = _FIXED[name].hull
        case ast.Attribute(value=ast.Name(id=what)) if what in SAID:
            found = SAID[what]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            low, high = range_of(operand, vocabulary)
            found = (-high, -low)
        case ast.BinOp(op=op, left=left, right=right):
            found = _of_arithmetic(op, range_of(left, vocabulary), range_of(right, vocabulary))
        case ast.Call(args=[_, *_] as args):
            found = _of_call(node, [range_of(arg, vocabulary) for arg in args])
        case _ if is_condition(node):
            found = (0.0, 1.0)
    return found


def _of_arithmetic(op: ast.operator, left: Range, right: Range) -> Range:
    match op:
        case ast.Add():
            return _if_numbers(left[0] + right[0], left[1] + right[1])
        case ast.Sub():
            return _if_numbers(left[0] - right[1], left[1] - right[0])
        case ast.Mult():
            return _all_ways(left, right, lambda a, b: 0.0 if 0.0 in (a, b) else a * b)
        case ast.Div() if right[0] > 0.0 or right[1] < 0.0:
            return _all_ways(left, right, lambda a, b: a / b)
    return ANYTHING


def _of_call(node: ast.Call, of: Sequence[Range]) -> Range:
    """What a function can be, of arguments that can be this."""
    name, (low, high), found = called(node), of[0], ANYTHING
    if window_s(node):
        if name in _WITHIN_THEIR_ARGUMENT:
            found = (low, high)
        elif name == "std":
            found = (0.0, (high - low) / 2.0)
        elif name == "delta":
            found = _if_numbers(low - high, high - low)
    elif name == "abs":
        found = (0.0 if low <= 0.0 <= high else min(abs(low), abs(high)), max(abs(low), abs(high)))
    elif name == "spread":
        found = (0.0, max(high for _, high in of) - min(low for low, _ in of))
    elif name == "mean":
        found = (sum(low for low, _ in of) / len(of), sum(high for _, high in of) / len(of))
    elif name in ("min", "max"):
        pick = min if name == "min" else max
        found = (pick(low for low, _ in of), pick(high for _, high in of))
    elif name == "clip":
        found = (of[1][0], of[2][1])
    elif name == "median":
        found = (statistics.median(low for low, _ in of), statistics.median(high for _, high in of))
    elif name in ("usual", "during"):
        found = (low, high)
    return found


def _all_ways(left: Range, right: Range, function: Callable[[float, float], float]) -> Range:
    ends = [function(a, b) for a, b in itertools.product(left, right)]
    return _if_numbers(min(ends), max(ends)) if not any(map(math.isnan, ends)) else ANYTHING


def _if_numbers(low: float, high: float) -> Range:
    return ANYTHING if math.isnan(low) or math.isnan(high) else (low, high)
