"""A condition as an engineer would say it: points by their titles, numbers with their units, functions in words."""

import ast
from collections.abc import Mapping

import numpy as np

from drivers.device import Point
from gateway.core.almanac import UTC_ALMANAC
from rules.language.arguments import is_over_time
from rules.language.functions import CALLED, WORDS
from rules.language.source import parse
from rules.language.units import ANY, common_unit
from rules.vocabulary import SAID, Vocabulary

_COMPARED: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "below", ast.LtE: "at most", ast.Gt: "above", ast.GtE: "at least", ast.Eq: "is", ast.NotEq: "is not",
}  # fmt: skip
_SIGNS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "−", ast.Mult: "×", ast.Div: "/"}
_NAMES = {"offline": "no point is known", "hour": "the hour of the day", "workday": "it is a workday"}
_NAMES |= {"weekday": "the day of the week (1 is Monday)"}
_OVER_POINTS = {
    "abs": "the size of {0}",
    "min": "the lowest of {all}",
    "max": "the highest of {all}",
    "mean": "the mean of {all}",
    "median": "the middle one of {all}",
    "spread": "the spread of {all}",
    "clip": "{0} (counted from {1} to {2})",
    "during": "{0} (while {1})",
    "usual": "the usual {0} of this hour of the week",
    "age": "the age of {0}",
    "missing": "{0} is unknown",
    "eta": "the time until {0} reaches {1}, by the trend of {2},",
    "still": "{0} has not moved for {1}, three times longer than in the seven days before",
    "frozen": "no measured point has moved for {0}, three times longer than in the seven days before",
    "lost": "a point that used to come has been unknown for {0}, three times longer than in the seven days before",
}
_OVER_TIME = {
    "avg": "the {w} mean of {0}",
    "min": "the lowest {0} in {w}",
    "max": "the highest {0} in {w}",
    "std": "the {w} standard deviation of {0}",
    "sum": "the sum over {w} of {0}",
    "quantile": "the {1} quantile over {w} of {0}",
    "rate": "the rise per second, over {w}, of {0}",
    "delta": "the change within {w} of {0}",
    "ago": "{0} ({w} before)",
    "held": "the share of the last {w} with ({0})",
    "rises": "the number of starts of ({0}) within {w}",
    "stuck": "{0} has not changed at all for {w}",
}


def vocabulary_of(conditions: tuple[str, ...], points: Mapping[str, Point]) -> Vocabulary:
    """The words of some conditions that compile: what is no point and no word of the language is a rating."""
    units = {name: point.unit for name, point in points.items()}
    names = names_in(conditions, points)
    others = {*points, *WORDS, *SAID, *(name for table in CALLED for name in table)}
    said = {node.attr for node in _nodes(conditions, points) if isinstance(node, ast.Attribute)}
    ratings = {name: np.array([np.nan]) for name in sorted(names - others)}
    return Vocabulary(tuple(points), units, ratings, tuple(sorted(said)), 1, UTC_ALMANAC)


def names_in(conditions: tuple[str, ...], points: Mapping[str, Point]) -> frozenset[str]:
    """Every name in some conditions that compile, those of functions too."""
    return frozenset(node.id for node in _nodes(conditions, points) if isinstance(node, ast.Name))


def columns_in(conditions: tuple[str, ...], points: Mapping[str, Point]) -> frozenset[str]:
    """What some conditions that compile read of detectors, such as score.usual."""
    return frozenset(ast.unparse(node) for node in _nodes(conditions, points) if isinstance(node, ast.Attribute))


def sentence(text: str, points: Mapping[str, Point], vocabulary: Vocabulary) -> str:
    """A condition that compiles, in English."""
    return _Speaker(points, vocabulary).says(parse(text, vocabulary.units.values()))


def said_point(name: str, points: Mapping[str, Point]) -> str:
    """A point by its English title, a rating with spaces."""
    title = points[name].title.get("en", "") if name in points else ""
    return title or name.replace("_", " ")


def _nodes(conditions: tuple[str, ...], points: Mapping[str, Point]) -> list[ast.AST]:
    units = [point.unit for point in points.values()]
    return [node for text in conditions for node in ast.walk(parse(text, units))]


class _Speaker:
    def __init__(self, points: Mapping[str, Point], vocabulary: Vocabulary) -> None:
        self._points = points
        self._vocabulary = vocabulary

    def says(self, node: ast.expr, unit: str = "") -> str:
        """A part; `unit` is that of a plain number."""
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = [f"({self.says(v)})" if isinstance(v, ast.BoolOp) else self.says(v) for v in values]
                said = (" and " if isinstance(op, ast.And) else " or ").join(parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                plain = isinstance(operand, ast.Name)
                said = f"not {self.says(operand)}" if plain else f"not ({self.says(operand)})"
            case ast.Compare():
                said = self._compared(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                said = f"−{self.says(operand, unit)}"
            case ast.BinOp(op=op, left=left, right=right):
                inner = self._unit([left, right]) or unit if isinstance(op, (ast.Add, ast.Sub)) else ""
                said = f"{self._factor(left, op, inner)} {_SIGNS[type(op)]} {self._factor(right, op, inner)}"
            case ast.Call(func=ast.Name(id=name)):
                said = self._called(node, name)
            case ast.Constant(value=value, kind=kind):
                shown = f"{value:g}" if isinstance(value, float) else str(value)
                said = f"{shown}{kind}" if kind else f"{shown} {unit}".strip()
            case ast.Attribute(value=ast.Name(id=what), attr=name):
                said = f"the {what} of detector {name}"
            case ast.Name(id=name) if name in self._points or name not in _NAMES:
                said = said_point(name, self._points)
            case ast.Name(id=name):
                said = _NAMES[name]
            case _:
                said = ast.unparse(node)
        return said

    def _compared(self, node: ast.Compare) -> str:
        sides = [node.left, *node.comparators]
        said = [self.says(side, self._unit(sides)) for side in sides]
        steps = [f"{_COMPARED[type(op)]} {right}" for op, right in zip(node.ops, said[1:], strict=True)]
        return " ".join([said[0], *steps])

    def _unit(self, nodes: list[ast.expr]) -> str:
        unit = common_unit(nodes, self._vocabulary) or ""
        return "" if unit == ANY else unit

    def _factor(self, node: ast.expr, op: ast.operator, unit: str) -> str:
        said = self.says(node, unit)
        loose = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)) and not isinstance(op, ast.Add)
        return f"({said})" if loose or (isinstance(node, ast.Call) and isinstance(op, (ast.Mult, ast.Div))) else said

    def _called(self, node: ast.Call, name: str) -> str:
        given = [self.says(arg, self._unit(node.args)) for arg in node.args]
        if is_over_time(node, name):
            *given, window = given
            return _OVER_TIME[name].format(*given, w=window)
        return _OVER_POINTS[name].format(*given, all=_list(given))


def _list(parts: list[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last
