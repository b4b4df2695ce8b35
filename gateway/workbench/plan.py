"""What the rules of a site come down to: what each reads, how far it looks back, what it costs in memory and time.

Costs are measured on this machine, with made-up values for as many devices as the site has: about right, no more.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

import numpy as np

from gateway.core.config import Config
from gateway.core.types import Fleet, Floats
from rules.book import Book
from rules.language.arguments import windows_in
from rules.language.expression import compile_quantity
from rules.language.functions import FORECAST, LEARNT, OF_DEVICE
from rules.language.source import parse, span
from rules.lint.spelling import called
from rules.plan import PlannedRule, plan_rules
from rules.rule import Rule
from rules.vocabulary import Vocabulary
from rules.windows.window import Windows

Stopwatch = Callable[[], float]
"""Seconds since some moment; `time.perf_counter`."""

_WARM_UP, _TICKS = 5, 25
_BEGIN = 1_700_000_000.0


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """A function over the past that a rule reads."""

    text: str
    length_s: float
    grid: str
    """How it cuts time, in words."""
    buckets: int
    learnt: bool
    """It remembers weeks, as `usual` does, and has no buckets of equal length."""
    bytes: int
    """Of all devices together."""


@dataclass(frozen=True, slots=True)
class ConditionPlan:
    """One condition of a rule: `name` is yellow, red or clear."""

    name: str
    text: str
    for_s: float
    hours_s: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class RulePlan:
    """One rule on the devices of one profile."""

    rule: str
    devices: int
    conditions: tuple[ConditionPlan, ...]
    reads: tuple[str, ...]
    windows: tuple[WindowPlan, ...]
    looks_back_s: float
    watched: str
    """`thresholds`: with all rules of its kind at once; `formula`: on its own."""
    operations: int
    """On arrays of all devices, for each look at its levels."""
    tick_s: float
    """Seconds of computing for each tick, if there were no other rule."""


@dataclass(frozen=True, slots=True)
class ProfilePlan:
    """All rules of one profile together: windows that several of them read exist once."""

    profile: str
    devices: int
    rules: tuple[RulePlan, ...]
    window_bytes: int
    tick_s: float


@dataclass(frozen=True, slots=True)
class SitePlan:
    """All profiles of a site."""

    profiles: tuple[ProfilePlan, ...]
    every_s: float
    """How often rules look: the tick."""

    @property
    def window_bytes(self) -> int:
        """Bytes of all windows."""
        return sum(profile.window_bytes for profile in self.profiles)

    @property
    def tick_s(self) -> float:
        """Seconds of computing for each tick."""
        return sum(profile.tick_s for profile in self.profiles)

    def only(self, rule: str) -> "SitePlan":
        """One rule, for each profile that it watches; what the profiles cost is still said of all their rules."""
        named = {profile: tuple(each for each in profile.rules if each.rule == rule) for profile in self.profiles}
        return SitePlan(tuple(replace(profile, rules=rules) for profile, rules in named.items() if rules), self.every_s)

    def json(self) -> dict[str, Any]:
        """The plan for machines."""
        return {**asdict(self), "window_bytes": self.window_bytes, "tick_s": self.tick_s}


def site_plan(config: Config, stopwatch: Stopwatch) -> SitePlan:
    """Compile and measure all rules. Takes a moment: some milliseconds for each rule."""
    plans = (_profile(fleet, config, stopwatch) for fleet in config.fleets)
    return SitePlan(tuple(plans), config.tick_s)


def _profile(fleet: Fleet, config: Config, stopwatch: Stopwatch) -> ProfilePlan:
    rules, words = config.rules_for(fleet.profile.profile), config.vocabulary(fleet)
    windows: Windows = {}
    planned, _ = plan_rules(rules, words, windows)
    values = _made_up(words)
    return ProfilePlan(
        profile=fleet.profile.profile,
        devices=words.devices,
        rules=tuple(_rule(plan, words, values, config.tick_s, stopwatch) for plan in planned),
        window_bytes=sum(standing.window.nbytes for standing in windows.values()),
        tick_s=_measured(rules, words, values, config.tick_s, stopwatch),
    )


def _rule(plan: PlannedRule, vocabulary: Vocabulary, values: Floats, every_s: float, stopwatch: Stopwatch) -> RulePlan:
    rule = plan.rule
    conditions = [ConditionPlan(name, each.when, each.for_s, each.between) for name, each in rule.levels.items()]
    levels = [parse(each.text, vocabulary.units.values()) for each in conditions]
    if rule.clear is not None:
        conditions.append(ConditionPlan("clear", rule.clear, rule.keep_s, None))
    windows = {window.text: window for each in conditions for window in _windows(each.text, vocabulary)}
    return RulePlan(
        rule=rule.id,
        devices=vocabulary.devices,
        conditions=tuple(conditions),
        reads=tuple(sorted(plan.names)),
        windows=tuple(windows.values()),
        looks_back_s=max([plan.horizon_s, *(window.length_s for window in windows.values())]),
        watched="thresholds" if plan.thresholds else "formula",
        operations=sum(_operations(tree) for tree in levels),
        tick_s=_measured([rule], vocabulary, values, every_s, stopwatch),
    )


def _windows(text: str, vocabulary: Vocabulary) -> Iterator[WindowPlan]:
    for call in windows_in(parse(text, vocabulary.units.values())):
        start, end = span(call)
        windows: Windows = {}
        compile_quantity(text[start:end], vocabulary, windows)
        *_, outermost = windows.values()
        window = outermost.window
        learnt = called(call) in {*LEARNT, *OF_DEVICE, *FORECAST}
        shown = " ".join(text[start:end].split())
        yield WindowPlan(shown, window.length_s, window.grid, window.buckets, learnt, window.nbytes)


def _operations(tree: ast.expr) -> int:
    """How many arithmetic operations, comparisons, connectives and functions a condition has."""
    return max(1, sum(_steps(node) for node in ast.walk(tree)))


def _steps(node: ast.AST) -> int:
    match node:
        case ast.Compare(ops=ops):
            return 2 * len(ops) - 1
        case ast.BoolOp(values=values):
            return len(values) - 1
        case ast.UnaryOp() | ast.BinOp() | ast.Call():
            return 1
    return 0


def _made_up(vocabulary: Vocabulary) -> Floats:
    """A value for every point of every device, in the middle of its range, [D, P]."""
    ranges = (vocabulary.ranges.get(point, (0.0, 1.0)) for point in vocabulary.points)
    middle = [low + (high - low) / 2.0 if np.isfinite([low, high]).all() else 1.0 for low, high in ranges]
    return np.tile(np.array(middle), (vocabulary.devices, 1))


def _measured(
    rules: Sequence[Rule], vocabulary: Vocabulary, values: Floats, every_s: float, stopwatch: Stopwatch
) -> float:
    """Seconds that a tick takes, in the middle of several."""
    book = Book(rules, vocabulary)
    scores = {name: np.full((1, vocabulary.devices), 0.5) for name in vocabulary.said}
    age = np.zeros((1, *values.shape))
    return median([*_ticks(book, values[None], age, scores, every_s, stopwatch)][_WARM_UP:])


def _ticks(
    book: Book, values: Floats, age: Floats, scores: dict[str, Floats], every_s: float, stopwatch: Stopwatch
) -> Iterable[float]:
    for i in range(_WARM_UP + _TICKS):
        begin = stopwatch()
        book.update(np.array([_BEGIN + i * every_s]), values, age, scores)
        yield stopwatch() - begin
