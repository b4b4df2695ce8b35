"""The text of a condition -> numpy closures over [T, D], built from an allow-list; Python itself evaluates nothing.

**Unknown is the third truth value.** A comparison with NaN is neither true nor false, `and`, `or` and `not` follow
Kleene. Arithmetic with NaN gives NaN, so does a division by zero. A number taken as a condition (`running`) means "not
0"; a condition taken as a number is 1 or 0.

Closures are pure; what remembers the past is a `Standing` window, fed once per frame before they are called.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from pydantic_core import PydanticCustomError

from rules import kleene
from rules.duration import UNITS_S
from rules.functions import FUNCTIONS, KNOWLEDGE, OVER_POINTS, OVER_TIME, WORDS
from rules.kleene import Number, Truth
from rules.operators import ARITHMETIC, COMPARISONS, outside
from rules.source import finding, parse, span
from rules.units import common_unit, literal_value
from rules.vocabulary import Vocabulary
from rules.windows import Standing, Windows

_UNKNOWN = kleene.fixed(np.array(np.nan))  # stands in for a part that has a finding


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A compiled condition, the points and scores it names, and how far back it looks."""

    truth: Truth
    names: frozenset[str]
    horizon_s: float


def compile_condition(
    text: str, vocabulary: Vocabulary, windows: Windows
) -> tuple[Condition | None, list[PydanticCustomError]]:
    """Compile a condition, adding the windows it needs; either the condition or what is wrong with it, never both."""
    try:
        tree = parse(text, vocabulary.units.values())
    except PydanticCustomError as problem:
        return None, [problem]
    compiler = _Compiler(vocabulary, windows)
    truth = compiler.truth(tree)
    if compiler.problems:
        return None, compiler.problems
    return Condition(truth, frozenset(compiler.names), compiler.horizon_s), []


class _Compiler:
    """One walk over one tree. A part with a finding compiles to unknown, so that one walk finds everything."""

    def __init__(self, vocabulary: Vocabulary, windows: Windows) -> None:
        self.problems: list[PydanticCustomError] = []
        self.names: set[str] = set()
        self.horizon_s = 0.0
        self._vocabulary = vocabulary
        self._windows = windows

    def truth(self, node: ast.expr) -> Truth:
        match node:
            case ast.Compare():
                return self._comparison(node)
            case ast.BoolOp(op=op, values=values):
                parts = [self.truth(value) for value in values]
                return kleene.both(parts) if isinstance(op, ast.And) else kleene.either(parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return kleene.opposite(self.truth(operand))
            case ast.Constant():
                message = "a number alone is not a condition; compare it with something"
                return kleene.is_not_zero(self._refuse(finding("not_a_condition", message, span(node))))
        return kleene.is_not_zero(self.number(node))

    def number(self, node: ast.expr, beside: str | None = None) -> Number:
        """Compile a quantity; `beside` is the unit of what it stands beside, None if that is not known."""
        match node:
            case ast.Constant():
                number = self._literal(node, beside)
            case ast.Name(id=name):
                number = self._name(node, name)
            case ast.Attribute(value=ast.Name(id="score"), attr=name):
                number = self._score(node, name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                number = kleene.apply(np.negative, self.number(operand, beside))
            case ast.BinOp(op=op, left=left, right=right) if type(op) in ARITHMETIC:
                unit = self._unit([left, right], beside) if isinstance(op, (ast.Add, ast.Sub)) else None
                number = kleene.apply(ARITHMETIC[type(op)], self.number(left, unit), self.number(right, unit))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                number = self._call(node, name, args, beside)
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                number = kleene.as_number(self.truth(node))
            case _:
                number = self._refuse(outside(node))
        return number

    def _comparison(self, node: ast.Compare) -> Truth:
        sides = [node.left, *node.comparators]
        unit = common_unit(sides, self._vocabulary)
        numbers = [self.number(side, unit) for side in sides]
        operators = [COMPARISONS.get(type(op)) for op in node.ops]
        if None in operators:
            return kleene.is_not_zero(self._refuse(outside(node)))
        steps = zip(operators, numbers, numbers[1:], strict=False)
        return kleene.both([kleene.compare(op, left, right) for op, left, right in steps if op])

    def _literal(self, node: ast.Constant, beside: str | None) -> Number:
        try:
            return kleene.fixed(np.array(literal_value(node, beside)))
        except PydanticCustomError as problem:
            return self._refuse(problem)

    def _name(self, node: ast.expr, name: str) -> Number:
        words = self._vocabulary
        if name in words.points:
            self.names.add(name)
            column = words.points.index(name)
            return Number(lambda frame: frame.values[..., column], column=column)
        if name in words.ratings:
            return kleene.fixed(words.ratings[name])
        if name in WORDS:
            of = WORDS[name].of
            return Number(lambda frame: of(frame).astype(float))
        message = "{name} is neither a point nor a rating of this device type"
        known = [*words.points, *words.ratings, *WORDS]
        return self._refuse(finding("unknown_name", message, span(node), name=name[:80], **_nearest(name, known)))

    def _score(self, node: ast.expr, name: str) -> Number:
        if name in self._vocabulary.scores:
            self.names.add(f"score.{name}")
            return Number(lambda frame: frame.scores[name])
        hint = _nearest(name, self._vocabulary.scores)
        return self._refuse(
            finding("unknown_score", "no detector is called {name}", span(node), name=name[:80], **hint)
        )

    def _call(self, node: ast.Call, name: str, args: list[ast.expr], beside: str | None) -> Number:
        if name in KNOWLEDGE:
            return self._knowledge(node, name, args)
        if name in OVER_TIME and (name not in OVER_POINTS or _is_window(args)):
            return self._over_time(node, name, args, beside)
        if name in OVER_POINTS:
            return self._over_points(node, name, args, beside)
        hint = _nearest(name, FUNCTIONS)
        return self._refuse(
            finding("unknown_function", "there is no function {name}", span(node.func), name=name[:80], **hint)
        )

    def _knowledge(self, node: ast.Call, name: str, args: list[ast.expr]) -> Number:
        function, points = KNOWLEDGE[name], self._vocabulary.points
        match args:
            case [ast.Name(id=point)] if point in points:
                self.names.add(point)
                column = points.index(point)
                return Number(lambda frame: function.of(frame, column))
            case [ast.Name(id=other) as argument]:
                return self._name(argument, other) if other not in self._vocabulary.ratings else self._wrong(node, name)
        return self._wrong(node, name)

    def _over_points(self, node: ast.Call, name: str, args: list[ast.expr], beside: str | None) -> Number:
        function = OVER_POINTS[name]
        if not function.least <= len(args) <= function.most:
            return self._wrong(node, name)
        unit = self._unit(args, beside)
        return kleene.apply(function.of, *(self.number(arg, unit) for arg in args))

    def _over_time(self, node: ast.Call, name: str, args: list[ast.expr], beside: str | None) -> Number:
        function = OVER_TIME[name]
        match args:
            case [argument, ast.Constant(value=int() | float() as count, kind=str(unit))] if (
                unit.strip() in UNITS_S and 0 < count < 1e9
            ):
                length_s = count * UNITS_S[unit.strip()]
            case [argument, last]:
                message = "{name} ends with a duration such as 5m: {usage}"
                return self._refuse(finding("no_window", message, span(last), name=name, usage=function.usage))
            case _:
                return self._wrong(node, name)
        outer_s, self.horizon_s = self.horizon_s, 0.0
        inner = (
            kleene.as_number(self.truth(argument)) if function.takes == "condition" else self.number(argument, beside)
        )
        self.horizon_s = max(outer_s, self.horizon_s + length_s)
        key = f"{name} {length_s:g} {ast.dump(argument)}"
        if key not in self._windows:
            self._windows[key] = Standing(function.of(length_s, self._vocabulary.devices), inner)
        standing = self._windows[key]
        return Number(lambda _: standing.now)

    def _unit(self, nodes: list[ast.expr], beside: str | None) -> str | None:
        unit = common_unit(nodes, self._vocabulary)
        return beside if unit is None else unit

    def _wrong(self, node: ast.Call, name: str) -> Number:
        message = "{name} is written {usage}"
        return self._refuse(finding("wrong_arguments", message, span(node), name=name, usage=FUNCTIONS[name]))

    def _refuse(self, problem: PydanticCustomError) -> Number:
        self.problems.append(problem)
        return _UNKNOWN


def _is_window(args: list[ast.expr]) -> bool:
    """Tell `min(x, 5m)` from `min(x, 5 m)`: a duration sticks to its number, a unit need not."""
    match args:
        case [_, ast.Constant(kind=str(unit))]:
            return unit in UNITS_S
    return False


def _nearest(name: str, known: Iterable[str]) -> dict[str, str]:
    return {"hint": near[0]} if (near := get_close_matches(name, sorted(known), 1)) else {}
