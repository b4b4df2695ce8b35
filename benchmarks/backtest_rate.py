"""How fast a month is played back: the rule book against one plain object per rule and device, and the whole way.

Both see the same rows, the reference those of a few devices only, and every transition of these must be the same, or
there is no figure. Seconds are CPU seconds of the measuring thread.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import thread_time

from benchmarks.figures import Figure, Goal, Result, ratio
from benchmarks.journey import Journey, journey, write
from benchmarks.month import DAY_S, POINTS, START, Month, in_blocks, plant, words
from benchmarks.month_rules import FURTHER_RULES, MONTH_RULES, MonthRule
from benchmarks.plain_month import PlainMonth, Seen
from benchmarks.programs import peak_mib
from benchmarks.rule_rate import Different
from gateway.core.types import Block
from rules.book import Book
from rules.rule import Rule, Transition

GOAL_MILLION, GOAL = 10.0, 20.0
"""Evaluations a second, and times the reference."""
_FIRST_BLOCKS = 5

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BacktestLoad:
    """How long a past of how many devices, and how many of these the reference plays."""

    devices: int = 100
    days: int = 30
    sample: int = 4
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class _Race:
    """One run of both through the same rows."""

    book_s: float
    plain_s: float
    book_evaluations: int
    plain_evaluations: int
    transitions: int
    sampled: int
    """Transitions of the devices that both have."""

    @property
    def book_ns(self) -> float:
        """Per evaluation."""
        return 1e9 * self.book_s / self.book_evaluations

    @property
    def plain_ns(self) -> float:
        """Per evaluation."""
        return 1e9 * self.plain_s / self.plain_evaluations


def backtest_rate(load: BacktestLoad, tell: Tell) -> Result:
    """Measure the rules, each kind of them, and the way from a history file to tickets. Raises Different."""
    month = Month(plant(load.devices), load.days)
    races = [_race(load, _told(month, tell, f"round {i + 1}"), MONTH_RULES) for i in range(load.rounds)]
    kinds = list(_kinds(load, month, tell))
    with TemporaryDirectory(prefix="gateway-bench-") as folder:
        path = Path(folder) / "history.db"
        tell("backtest: writing a history file")
        write(month, path)
        journeys = []
        for i in range(load.rounds):
            tell(f"backtest: from the file to tickets, round {i + 1}")
            journeys.append(journey(path, month, _rules(MONTH_RULES)))
    figures = (*_rule_figures(races), *kinds, *_journey_figures(journeys))
    fast, ratios = figures[0], figures[2]
    goals = (
        Goal(f"at least {GOAL_MILLION:g} million evaluations a second", fast.middle >= GOAL_MILLION),
        Goal(f"{ratios.name} at least {GOAL:g}x", ratios.middle >= GOAL),
    )
    text = f"{load.devices} devices x {len(POINTS)} points x {load.days} days at one minute, {len(MONTH_RULES)} rules; "
    text += f"objects play {min(load.sample, load.devices)} of the devices"
    return Result("backtest", text, figures, goals)


def seen(transition: Transition) -> Seen:
    """What the product found, as the reference would say it."""
    number = int(transition.rule.removeprefix("rule-"))
    return transition.time, number, transition.row, transition.change, transition.level


def _race(load: BacktestLoad, blocks: Iterable[Block], written: Sequence[MonthRule]) -> _Race:
    """Both take each block in turn. Raises Different."""
    sample = min(load.sample, load.devices)
    book, plain = Book(_rules(written), words(load.devices)), PlainMonth(written, sample)
    book_s = plain_s = 0.0
    rows, ours, theirs = 0, list[Transition](), list[Seen]()
    for block in blocks:
        began = thread_time()
        ours += book.update(block.times, block.values, block.age, {})
        book_s += thread_time() - began
        plain_rows = list(zip(block.times.tolist(), block.values[:, :sample].tolist(), strict=True))
        began = thread_time()
        theirs += [found for time, values in plain_rows for found in plain.update(time, values)]
        plain_s += thread_time() - began
        rows += len(block.times)
    sampled = [seen(transition) for transition in ours if transition.row < sample]
    if sampled != theirs:
        raise Different(f"{len(sampled)} transitions against {len(theirs)}")
    checks = rows * len(written)
    return _Race(book_s, plain_s, checks * load.devices, checks * sample, len(ours), len(sampled))


def _kinds(load: BacktestLoad, month: Month, tell: Tell) -> Iterator[Figure]:
    """What each kind of rule costs alone, over the first days."""
    blocks = list(islice(_told(month, tell, "each kind of rule"), _FIRST_BLOCKS))
    for kind in dict.fromkeys(rule.kind for rule in MONTH_RULES):
        written = [rule for rule in MONTH_RULES if rule.kind == kind]
        races = [_race(load, blocks, written) for _ in range(load.rounds)]
        yield Figure(f"{kind}: rule book", "ns/evaluation", tuple(race.book_ns for race in races))
        yield Figure(f"{kind}: objects", "ns/evaluation", tuple(race.plain_ns for race in races))
    for rule in FURTHER_RULES:
        costs = [_book_ns(rule, blocks, load.devices) for _ in range(load.rounds)]
        yield Figure(f"{rule.id}: rule book", "ns/evaluation", tuple(costs))


def _book_ns(rule: Rule, blocks: Iterable[Block], devices: int) -> float:
    book, evaluations, began = Book([rule], words(devices)), 0, thread_time()
    for block in blocks:
        book.update(block.times, block.values, block.age, {})
        evaluations += len(block.times) * devices
    return 1e9 * (thread_time() - began) / evaluations


def _rule_figures(races: Sequence[_Race]) -> tuple[Figure, ...]:
    return (
        Figure("rule book", "million evaluations/s", tuple(1e3 / race.book_ns for race in races)),
        Figure("objects", "million evaluations/s", tuple(1e3 / race.plain_ns for race in races)),
        ratio("rule book over objects", [race.plain_ns for race in races], [race.book_ns for race in races]),
        Figure("transitions", "", tuple(float(race.transitions) for race in races)),
        Figure("transitions compared", "", tuple(float(race.sampled) for race in races)),
    )


def _journey_figures(journeys: Sequence[Journey]) -> tuple[Figure, ...]:
    return (
        Figure(
            "reading a history file", "million readings/s", tuple(way.readings / way.read_s / 1e6 for way in journeys)
        ),
        Figure("file to tickets", "million readings/s", tuple(way.readings / way.whole_s / 1e6 for way in journeys)),
        Figure(
            "file to tickets", "million evaluations/s", tuple(way.evaluations / way.whole_s / 1e6 for way in journeys)
        ),
        Figure("file to tickets", "s", tuple(way.whole_s for way in journeys)),
        Figure("tickets", "", tuple(float(way.tickets) for way in journeys)),
        Figure("peak memory of this process", "MiB", (peak_mib(),)),
    )


def _told(month: Month, tell: Tell, what: str) -> Iterator[Block]:
    """The month in the blocks of a backtest; the time to make it is nobody's."""
    for block in in_blocks(month, month.fleet, month.end):
        tell(f"backtest: {what}, day {(block.times[0] - START) / DAY_S:.0f}")
        yield block


def _rules(written: Iterable[MonthRule]) -> list[Rule]:
    return [rule.written(i) for i, rule in enumerate(written)]
