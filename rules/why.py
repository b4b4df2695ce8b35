"""How a rule stands on one device in the last row: each part of its conditions with the values in it, and what lacks.

Pure: it looks through the closures and windows that the book itself uses, and feeds nothing. Words for people are made
by others.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic_core import PydanticCustomError

from rules.duration import within_hours
from rules.language.expression import compile_condition, compile_quantity
from rules.language.functions import WORDS
from rules.language.source import as_written, parse
from rules.language.units import common_unit, literal_value, unit_of
from rules.language.words import second_of_day
from rules.plan import counting
from rules.rule import LevelName, Rule
from rules.vocabulary import Frame, Vocabulary
from rules.windows.window import Windows

Kind = Literal["point", "rating", "score", "function", "word"]

_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """A quantity that a condition names, as written, and its value; NaN is unknown."""

    text: str
    kind: Kind
    value: float
    unit: str
    age_s: float | None
    """Of a point: seconds since its last good value, inf if it never had one. None for everything else."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A part that compares two quantities; values are in the unit of the left one."""

    left: str
    operator: str
    right: str
    left_value: float
    right_value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a condition, as written, and whether it is true; None is unknown."""

    text: str
    truth: bool | None
    kind: Literal["all", "any", "not", "plain"]
    parts: tuple["Part", ...] = ()
    seen: tuple[Seen, ...] = ()
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """A plain part that must become true, or false, for the condition to be so."""

    part: Part
    wanted: bool


@dataclass(frozen=True, slots=True)
class LevelNow:
    """One level: its condition, how long that has held, and whether it counts at this hour."""

    level: LevelName
    condition: Part
    for_s: float
    held_s: float
    between: tuple[float, float] | None
    inside: bool


@dataclass(frozen=True, slots=True)
class Why:
    """How a rule stands on one device at `time`, seconds since 1970; `counts`: it is in season, and carried by it."""

    time: float
    counts: bool
    firing: LevelName | None
    levels: tuple[LevelNow, ...]
    clear: Part | None
    clear_held_s: float
    keep_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What may be looked at: the last rows of all devices, and the windows as they were fed with them."""

    vocabulary: Vocabulary
    windows: Windows
    frame: Frame
    row: int

    def condition(self, text: str) -> Part:
        """Every part of a condition that compiles."""
        return self._part(parse(text, self.vocabulary.units.values()), text)

    def _part(self, node: ast.expr, text: str) -> Part:
        own = as_written(node, text)
        match node:
            case ast.BoolOp(op=op, values=values):
                kind: Literal["all", "any", "not"] = "all" if isinstance(op, ast.And) else "any"
                return Part(own, self._truth(own), kind, tuple(self._part(value, text) for value in values))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Part(own, self._truth(own), "not", (self._part(operand, text),))
        seen = {each.text: each for each in self._seen(node, text)}
        return Part(own, self._truth(own), "plain", (), tuple(seen.values()), self._comparison(node, text))

    def _truth(self, text: str) -> bool | None:
        condition, _ = compile_condition(text, self.vocabulary, dict(self.windows))
        if condition is None:
            return None
        with np.errstate(all="ignore"):
            true, false = (self.frame.full(of(self.frame))[-1, self.row] for of in condition.truth[:2])
        return True if true else False if false else None

    def _comparison(self, node: ast.expr, text: str) -> Comparison | None:
        if not (isinstance(node, ast.Compare) and len(node.ops) == 1):
            return None
        left, right = node.left, node.comparators[0]
        unit = common_unit([left, right], self.vocabulary)
        a, b = (self._value(side, text, unit) for side in (left, right))
        own = unit_of(left, self.vocabulary) or ""
        return Comparison(as_written(left, text), _OPERATORS[type(node.ops[0])], as_written(right, text), a, b, own)

    def _value(self, node: ast.expr, text: str, unit: str | None = None) -> float:
        """What a quantity is now; NaN also for one that means nothing alone."""
        try:
            match node:
                case ast.Constant():
                    return literal_value(node, unit)
                case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as number):
                    return -literal_value(number, unit)
            quantity, _ = compile_quantity(as_written(node, text), self.vocabulary, dict(self.windows))
        except PydanticCustomError:
            return np.nan
        with np.errstate(all="ignore"):
            return float(self.frame.full(quantity.at(self.frame))[-1, self.row])

    def _seen(self, node: ast.expr, text: str) -> Iterator[Seen]:
        """What a plain part names, from the outside to the inside."""
        match node:
            case ast.Name(id=name):
                yield self._named(node, name, text)
                return
            case ast.Attribute(attr=name):
                yield Seen(as_written(node, text), "score", self._value(node, text), "", None)
                return
            case ast.Call():
                unit = unit_of(node, self.vocabulary) or ""
                yield Seen(as_written(node, text), "function", self._value(node, text), unit, None)
        inner = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
        for child in inner:
            if isinstance(child, ast.expr):
                yield from self._seen(child, text)

    def _named(self, node: ast.expr, name: str, text: str) -> Seen:
        words, value = self.vocabulary, self._value(node, text)
        if name in words.points:
            age_s = float(self.frame.age[-1, self.row, words.points.index(name)])
            return Seen(name, "point", value, words.units.get(name, ""), age_s)
        return Seen(name, "word" if name in WORDS and name not in words.ratings else "rating", value, "", None)


def why(rule: Rule, sight: Sight, state: Mapping[str, Any]) -> Why:
    """How a rule stands; `state` is what its tracker keeps of the device, empty at rest."""
    second = second_of_day(sight.frame.calendar, sight.frame.times[-1:])
    levels = tuple(
        LevelNow(
            name,
            sight.condition(level.when),
            level.for_s,
            float(state.get(f"{name}_s", 0.0)),
            level.between,
            level.between is None or bool(within_hours(level.between, second)[0]),
        )
        for name, level in rule.levels.items()
    )
    clear = None if rule.clear is None else sight.condition(rule.clear)
    held_s = float(state.get("clear_s", 0.0))
    when = counting(rule)
    counts = when is None or bool(sight.frame.full(when(sight.frame))[-1, sight.row])
    time, firing = float(sight.frame.times[-1]), state.get("level") or None
    return Why(time, counts, firing, levels, clear, held_s, rule.keep_s)


def needs(part: Part, *, wanted: bool = True) -> tuple[Need, ...]:
    """The plain parts that stand in the way, all of which must change; of several ways the one with the fewest."""
    if part.truth is wanted:
        return ()
    if part.kind == "plain":
        return (Need(part, wanted),)
    if part.kind == "not":
        return needs(part.parts[0], wanted=not wanted)
    ways = [needs(each, wanted=wanted) for each in part.parts]
    if (part.kind == "all") is wanted:
        return tuple(need for way in ways for need in way)
    return min(ways, key=len)


def evidence_of(names: Collection[str], vocabulary: Vocabulary, frame: Frame, at: int, row: int) -> dict[str, float]:
    """What points and scores showed in one row of a frame, in order of their names; unknown ones are left out."""
    shown = {}
    for name in sorted(names):
        of = frame.scores[name] if name in frame.scores else frame.values[..., vocabulary.points.index(name)]
        shown[name] = float(of[at, row])
    return {name: value for name, value in shown.items() if not np.isnan(value)}
