"""Rules -> what a book evaluates, with a finding for everything in them that cannot mean anything here."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from pydantic_core import InitErrorDetails, PydanticCustomError

from rules.duration import DAY_S, within_hours
from rules.kleene import Threshold, Truth, opposite
from rules.language.alternatives import alternatives
from rules.language.expression import Condition, compile_condition
from rules.language.source import nearest
from rules.language.words import OnTheWall, second_of_day
from rules.rule import LevelName, Rule, Season
from rules.season import shortly_before, within
from rules.texts import DEVICE, DOUBTS, SIGNAL, template_fields, template_problems
from rules.vocabulary import SAID, Bools, Calendar, Floats, Frame, Vocabulary
from rules.windows.window import Windows

Loc = tuple[int | str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PlannedRule:
    """One rule, compiled."""

    rule: Rule
    truths: tuple[Truth | None, Truth | None, Truth]
    """Yellow, red (None where the rule lacks the level), clear."""
    names: frozenset[str]
    """Points and scores of its conditions and texts."""
    horizon_s: float
    ways: Mapping[LevelName, tuple[Condition, ...]] = field(default_factory=dict)
    """Each way in which a level's condition can be true, for a rule that doubts something."""

    def doubted(self, level: LevelName, frame: Frame, at: int, row: int) -> tuple[str, ...]:
        """Which of the rule's doubts are named by the ways that are true in a row of the frame, on one device."""
        true = [way for way in self.ways.get(level, ()) if frame.full(way.truth.true(frame))[at, row]]
        return tuple(name for name in self.rule.doubts if any(name in way.names for way in true))

    @property
    def thresholds(self) -> dict[int, Threshold]:
        """By slot, if all of its conditions are thresholds; otherwise empty."""
        defined = {slot: truth.threshold for slot, truth in enumerate(self.truths) if truth}
        return {} if None in defined.values() else {slot: limit for slot, limit in defined.items() if limit}


def plan_rules(
    rules: Sequence[Rule], vocabulary: Vocabulary, windows: Windows
) -> tuple[list[PlannedRule], list[InitErrorDetails]]:
    """Compile rules in order, adding the windows they need. A finding's `loc` begins with the rule's index."""
    planned: list[PlannedRule] = []
    problems: list[InitErrorDetails] = []
    seen: set[str] = set()
    for i, rule in enumerate(rules):
        if rule.id in seen:
            problem = PydanticCustomError("duplicate_rule", "rule {id} is written twice", {"id": rule.id})
            problems.append(InitErrorDetails(type=problem, loc=(i, "id"), input=rule.id))
        seen.add(rule.id)
        found = [*_text_problems(rule, (i,), vocabulary), *_doubts_problems(rule, (i,), vocabulary)]
        plan = _plan_rule(rule, (i,), vocabulary, windows, found)
        problems += found
        if plan:
            planned.append(plan)
    return planned, problems


def _plan_rule(
    rule: Rule, loc: Loc, vocabulary: Vocabulary, windows: Windows, problems: list[InitErrorDetails]
) -> PlannedRule | None:
    def compiled(text: str, *place: str) -> Condition | None:
        condition, found = compile_condition(text, vocabulary, windows)
        problems.extend(InitErrorDetails(type=problem, loc=(*loc, *place), input=text) for problem in found)
        return condition

    levels = {name: compiled(level.when, name, "when") for name, level in rule.levels.items()}
    clear = None if rule.clear is None else compiled(rule.clear, "clear")
    conditions = [condition for condition in (*levels.values(), clear) if condition]
    if problems:
        return None
    truths = {
        name: _during(condition.truth, rule.levels[name].between) for name, condition in levels.items() if condition
    }
    over = clear.truth if clear else opposite(conditions[0].truth)
    if counts := counting(rule):
        truths = {name: _only(truth, counts) for name, truth in truths.items()}
        over = opposite(_only(opposite(over), counts))
    ways = {
        name: tuple(
            way for text in alternatives(level.when, vocabulary.units.values()) if (way := compiled(text, name))
        )
        for name, level in rule.levels.items()
        if rule.doubts
    }
    texts = frozenset[str]().union(*(template_fields(text) for text in rule.title.values()))
    return PlannedRule(
        rule,
        (truths.get("yellow"), truths.get("red"), over),
        texts.intersection({*vocabulary.points, *vocabulary.said}).union(
            *(condition.names for condition in conditions)
        ),
        max(condition.horizon_s for condition in conditions),
        ways,
    )


def _during(truth: Truth, hours: tuple[float, float] | None) -> Truth:
    """Make a condition false outside the hours."""
    if hours is None:
        return truth

    def inside(frame: Frame) -> Bools:
        second = frame.once(second_of_day, lambda frame: second_of_day(frame.calendar, frame.times))
        return within_hours(hours, second)[:, None]

    return Truth(lambda frame: truth.true(frame) & inside(frame), lambda frame: truth.false(frame) | ~inside(frame))


def counting(rule: Rule) -> Callable[[Frame], Bools] | None:
    """When and on which devices the rule counts at all, as anything that broadcasts to [T, D]; None: always, on all."""
    in_season = OnTheWall(partial(_in_season, rule.season, rule.ahead_s)) if rule.season else None
    if in_season is None and rule.per == "device":
        return None

    def counts(frame: Frame) -> Bools:
        devices = np.arange(frame.shape[1]) == 0 if rule.per == "site" else np.ones(frame.shape[1], np.bool_)
        return devices[None, :] & (in_season(frame) > 0.0 if in_season else np.True_)

    return counts


def _in_season(season: Season, ahead_s: float | None, calendar: Calendar, times: Floats) -> Floats:
    """1 on the days of the season, or on those ahead of it, for times [T]."""
    days = np.floor(calendar.wall(times) / DAY_S).astype(np.int64)
    if ahead_s is None:
        return within(season.first, season.last, days).astype(np.float64)
    return shortly_before(season.first, season.last, int(ahead_s // DAY_S), days).astype(np.float64)


def _only(truth: Truth, counts: Callable[[Frame], Bools]) -> Truth:
    """Make a condition false where the rule does not count."""
    return Truth(lambda frame: truth.true(frame) & counts(frame), lambda frame: truth.false(frame) | ~counts(frame))


def _text_problems(rule: Rule, loc: Loc, vocabulary: Vocabulary) -> list[InitErrorDetails]:
    numbers = {*vocabulary.points, *vocabulary.ratings, *vocabulary.said}
    reads_score = any(f"{what}." in text for what in SAID for text in rule.conditions)
    words = (DEVICE, *([DOUBTS] if rule.doubts else []), *([SIGNAL] if reads_score else []))
    return [
        InitErrorDetails(type=problem, loc=(*loc, "title", language), input=text)
        for language, text in rule.title.items()
        for problem in template_problems(text, numbers, words)
    ]


def _doubts_problems(rule: Rule, loc: Loc, vocabulary: Vocabulary) -> list[InitErrorDetails]:
    """A rule can doubt points that its levels name, and what a score says."""
    known = frozenset({*vocabulary.points, *(f"score.{name}" for name in vocabulary.scores)})
    levels = " ".join(level.when for level in rule.levels.values())
    found = []
    for i, name in enumerate(rule.doubts):
        if name not in known:
            context = {"name": name[:80], "span": (0, max(1, len(name))), **nearest(name, known)}
            message = "{name} is neither a point of this device type nor the score of a detector"
            problem = PydanticCustomError("unknown_doubt", message, context)
        elif not re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", levels):
            message = "{name} is doubted and no level of the rule names it"
            problem = PydanticCustomError("idle_doubt", message, {"name": name, "span": (0, len(name))})
        else:
            continue
        found.append(InitErrorDetails(type=problem, loc=(*loc, "doubts", i), input=name))
    return found
