"""The text of a condition -> numpy closures over [T, D], built from an allow-list; Python itself evaluates nothing.

**Unknown is the third truth value.** A comparison with NaN is neither true nor false, `and`, `or` and `not` follow
Kleene. Arithmetic with NaN gives NaN, so does a division by zero. A number taken as a condition (`running`) means "not
0"; a condition taken as a number is 1 or 0.

Closures are pure; what remembers the past is a `Standing` window, fed once per frame before they are called.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydantic_core import PydanticCustomError

from rules import kleene
from rules.kleene import Number, Truth
from rules.language.arguments import is_over_time, of_device, over_forecast, over_learnt, over_window, windows_in
from rules.language.functions import FORECAST, FUNCTIONS, KNOWLEDGE, LEARNT, OF_DEVICE, OVER_POINTS, OVER_TIME
from rules.language.names import named
from rules.language.operators import ARITHMETIC, COMPARISONS, outside
from rules.language.source import finding, nearest, parse, span
from rules.language.units import common_unit, different, literal_value
from rules.vocabulary import Vocabulary
from rules.windows.window import Standing, Window, Windows

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


def compile_quantity(text: str, vocabulary: Vocabulary, windows: Windows) -> tuple[Number, float]:
    """Compile a part of a condition that is known to be right, as a number, and say how far back it looks in seconds.

    Raises PydanticCustomError for a text that is no quantity.
    """
    compiler = _Compiler(vocabulary, windows)
    number = compiler.number(parse(text, vocabulary.units.values()))
    for problem in compiler.problems:
        raise problem
    return number, compiler.horizon_s


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
            case ast.Attribute(value=ast.Name(id=what), attr=name):
                number = self._name(node, f"{what}.{name}")
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
        unit = self._unit(sides)
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
        """Compile a point, a rating, a word, or with a dot what a detector says."""
        words = self._vocabulary
        try:
            number = named(node, name, words)
        except PydanticCustomError as problem:
            return self._refuse(problem)
        if name in words.points or name in words.said:
            self.names.add(name)
        return number

    def _call(self, node: ast.Call, name: str, args: list[ast.expr], beside: str | None) -> Number:
        by_themselves = ((KNOWLEDGE, self._knowledge), (OF_DEVICE, self._of_device), (FORECAST, self._forecast))
        for table, compiled in by_themselves:
            if name in table:
                return compiled(node, name)
        if name in LEARNT:
            return self._learnt(node, name, beside)
        if is_over_time(node, name):
            return self._over_time(node, name, beside)
        if name in OVER_POINTS:
            return self._over_points(node, name, args, beside)
        hint = nearest(name, FUNCTIONS)
        message = "there is no function {name}"
        return self._refuse(finding("unknown_function", message, span(node.func), name=name[:80], **hint))

    def _knowledge(self, node: ast.Call, name: str) -> Number:
        function, points = KNOWLEDGE[name], self._vocabulary.points
        match node.args:
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
        numbers = [self.number(arg, unit) for arg in args[: len(args) - function.condition]]
        conditions = [kleene.as_number(self.truth(arg)) for arg in args[len(numbers) :]]
        return kleene.apply(function.of, *numbers, *conditions)

    def _over_time(self, node: ast.Call, name: str, beside: str | None) -> Number:
        try:
            quantity, length_s, shares = over_window(node, name)
        except PydanticCustomError as problem:
            return self._refuse(problem)
        function, devices = OVER_TIME[name], self._vocabulary.devices
        outer_s, self.horizon_s = self.horizon_s, 0.0
        inner = (
            kleene.as_number(self.truth(quantity)) if function.takes == "condition" else self.number(quantity, beside)
        )
        self.horizon_s = max(outer_s, self.horizon_s + length_s)
        key = f"{name} {length_s!r} {shares} {ast.dump(quantity)}"
        return self._standing(key, inner, lambda: function.of(length_s, devices, *shares))

    def _learnt(self, node: ast.Call, name: str, beside: str | None) -> Number:
        try:
            quantity, lengths = over_learnt(node, name)
        except PydanticCustomError as problem:
            return self._refuse(problem)
        of, words = LEARNT[name].of, self._vocabulary
        return self._by_the_minute(
            name, quantity, f"{lengths}", beside, lambda: of(words.devices, words.calendar, *lengths)
        )

    def _of_device(self, node: ast.Call, name: str) -> Number:
        function, words = OF_DEVICE[name], self._vocabulary
        try:
            length_s = of_device(node, name)
        except PydanticCustomError as problem:
            return self._refuse(problem)
        columns = [i for i, point in enumerate(words.points) if words.units.get(point) or not function.measured]
        points = Number(lambda frame: frame.values[..., columns])
        return self._standing(
            f"{name} {length_s!r}", points, lambda: function.of(length_s, words.devices, len(columns))
        )

    def _forecast(self, node: ast.Call, name: str) -> Number:
        try:
            x, written, sign, length_s = over_forecast(node, name)
            unit = self._unit([x, written])
            limit = sign * literal_value(written, unit)
        except PydanticCustomError as problem:
            return self._refuse(problem)
        of, devices = FORECAST[name].of, self._vocabulary.devices
        return self._by_the_minute(name, x, f"{length_s!r} {limit!r}", unit, lambda: of(devices, limit, length_s))

    def _by_the_minute(
        self, name: str, quantity: ast.expr, key: str, unit: str | None, of: Callable[[], Window]
    ) -> Number:
        if inside := windows_in(quantity):
            message = "{name} looks at its quantity once a minute, so there can be no window in it"
            return self._refuse(finding("window_in_usual", message, span(inside[0]), name=name))
        return self._standing(f"{name} {key} {ast.dump(quantity)}", self.number(quantity, unit), of)

    def _standing(self, key: str, argument: Number, window: Callable[[], Window]) -> Number:
        """Read a window, which all conditions that mention it share, however many spaces they have."""
        key = " ".join(key.split())
        if key not in self._windows:
            self._windows[key] = Standing(window(), argument)
        standing = self._windows[key]
        return Number(lambda _: standing.now)

    def _unit(self, nodes: list[ast.expr], beside: str | None = None) -> str | None:
        """Unit of parts that stand beside each other, if they can."""
        if problem := different(nodes, self._vocabulary):
            self._refuse(problem)
        unit = common_unit(nodes, self._vocabulary)
        return beside if unit is None else unit

    def _wrong(self, node: ast.Call, name: str) -> Number:
        message = "{name} is written {usage}"
        return self._refuse(finding("wrong_arguments", message, span(node), name=name, usage=FUNCTIONS[name]))

    def _refuse(self, problem: PydanticCustomError) -> Number:
        self.problems.append(problem)
        return _UNKNOWN
