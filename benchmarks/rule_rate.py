"""How many rule checks a second: the rule book against one plain object per rule and device, on the same ticks.

Both see the same values, and every transition must be the same, or there is no figure.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from time import thread_time
from typing import TypeVar

import numpy as np

from benchmarks.figures import Figure, Goal, Result, ratio
from benchmarks.plain_rules import PlainBook, Seen
from gateway.core.almanac import UTC_ALMANAC
from rules.book import Book
from rules.rule import Rule
from rules.vocabulary import Floats, Vocabulary

GOAL = 20.0
LIMIT, FOR_S, CLEAR = 80.0, 30.0, 70.0
USUAL, BETWEEN, OVER = 50.0, 75.0, 90.0
"""Values well below both limits, between them, and above both."""
LONG, LONG_S, LINGERS_S = 0.01, 45, 10
"""The share of excursions that last long enough to fire; after each, the value stays between the limits for a while."""
_START = 1_700_000_000.0

_Values = TypeVar("_Values")


class Different(Exception):
    """The rule book and the plain objects do not agree: a defect, not a figure."""


@dataclass(frozen=True, slots=True)
class RuleLoad:
    """How much to check: one rule on every point."""

    devices: int = 1000
    points: int = 20
    ticks: int = 120
    rounds: int = 5
    flapping: float = 0.002
    """The share of values that go over their limit anew on each tick, in the busy case."""


@dataclass(slots=True)
class _Rival:
    """CPU seconds of each round, and the transitions of the current one."""

    seconds: list[float] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)


def rule_rate(load: RuleLoad, tell: Callable[[str], None]) -> Result:
    """Measure the quiet and the flapping case. Raises Different."""
    figures: list[Figure] = []
    for name, share in (("quiet", 0.0), ("flapping", load.flapping)):
        tell(f"rules, {name}")
        book, plain, transitions = _race(load, share)
        figures += _figures(load, name, book.seconds, plain.seconds)
        figures.append(Figure(f"{name}: transitions", "", tuple(map(float, transitions))))
    ratios = [figure for figure in figures if figure.unit == "x"]
    goals = tuple(Goal(f"{figure.name} at least {GOAL:g}x", figure.middle >= GOAL) for figure in ratios)
    text = f"{load.devices} devices x {load.points} rules (above {LIMIT:g} for {FOR_S:g} s, clear below {CLEAR:g}), "
    text += f"{load.ticks} ticks of 1 s; flapping: {load.flapping:.1%} of values go over anew on every tick"
    return Result("rules", text, tuple(figures), goals)


def _figures(load: RuleLoad, case: str, book_s: list[float], plain_s: list[float]) -> Iterator[Figure]:
    checks = load.devices * load.points * load.ticks
    yield Figure(f"{case}: rule book", "million checks/s", tuple(checks / s / 1e6 for s in book_s))
    yield Figure(f"{case}: objects", "million checks/s", tuple(checks / s / 1e6 for s in plain_s))
    yield ratio(f"{case}: rule book over objects", plain_s, book_s)


def _race(load: RuleLoad, share: float) -> tuple[_Rival, _Rival, list[int]]:
    """Both take the same ticks, one round each in turn; the first round warms up and is not counted."""
    product = product_book(load.devices, load.points)
    plain = PlainBook([(LIMIT, FOR_S, CLEAR)] * load.points, load.devices)
    age = np.zeros((load.devices, load.points))
    stream = excursions(load, share)
    book_side, plain_side, transitions = _Rival(), _Rival(), list[int]()
    for number in range(load.rounds + 1):
        ticks = [next(stream) for _ in range(load.ticks)]
        _run(book_side, ticks, lambda time, values: check(product, time, values, age))
        rows = [(time, values.tolist()) for time, values in ticks]
        _run(plain_side, rows, plain.update)
        if book_side.seen != plain_side.seen:
            raise Different(f"round {number}: {len(book_side.seen)} transitions against {len(plain_side.seen)}")
        transitions.append(len(book_side.seen))
    del book_side.seconds[0], plain_side.seconds[0]
    return book_side, plain_side, transitions[1:]


def _run(rival: _Rival, ticks: list[tuple[float, _Values]], update: Callable[[float, _Values], list[Seen]]) -> None:
    began = thread_time()
    rival.seen = [seen for time, values in ticks for seen in update(time, values)]
    rival.seconds.append(thread_time() - began)


def product_book(devices: int, rules: int) -> Book:
    """The product's rule book over points p0, p1, ..., one rule each."""
    points = tuple(f"p{i}" for i in range(rules))
    condition = {"for": f"{FOR_S:g}s"}
    written = [
        {
            "id": f"rule-{i:03d}",
            "yellow": {"when": f"{point} > {LIMIT:g}", **condition},
            "clear": f"{point} < {CLEAR:g}",
        }
        for i, point in enumerate(points)
    ]
    vocabulary = Vocabulary(points, {}, {}, (), devices, UTC_ALMANAC)
    return Book([Rule.model_validate(rule) for rule in written], vocabulary)


def check(book: Book, time: float, values: Floats, age: Floats) -> list[Seen]:
    """One live tick of the product, values[D, P] and their ages."""
    transitions = book.update(np.array([time]), values[None], age[None], {})
    return [(t.time, int(t.rule.removeprefix("rule-")), t.row, t.change) for t in transitions]


def excursions(load: RuleLoad, share: float) -> Iterator[tuple[float, Floats]]:
    """Ticks without end: on each, `share` of the values [D, P] set out above their limit, for long or for one tick."""
    random = np.random.default_rng(7)
    shape = (load.devices, load.points)
    over_until = np.full(shape, -LINGERS_S)
    for tick in count():
        begins = random.random(shape) < share
        lasts = np.where(random.random(shape) < LONG, LONG_S, 1)
        over_until = np.where(begins, np.maximum(over_until, tick + lasts), over_until)
        values = np.where(over_until > tick, OVER, np.where(over_until + LINGERS_S > tick, BETWEEN, USUAL))
        yield _START + tick, values + random.random(shape)
