"""Rules -> what a book evaluates, with a finding for everything in them that cannot mean anything here."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import InitErrorDetails, PydanticCustomError

from rules.duration import within_hours
from rules.kleene import Threshold, Truth, opposite
from rules.language.expression import Condition, compile_condition
from rules.language.words import second_of_day
from rules.rule import Rule
from rules.texts import template_fields, template_problems
from rules.vocabulary import Bools, Frame, Vocabulary
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
        found = _text_problems(rule, (i,), vocabulary)
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
    texts = frozenset[str]().union(*(template_fields(text) for text in rule.title.values()))
    return PlannedRule(
        rule,
        (truths.get("yellow"), truths.get("red"), clear.truth if clear else opposite(conditions[0].truth)),
        texts.intersection({*vocabulary.points, *vocabulary.said}).union(
            *(condition.names for condition in conditions)
        ),
        max(condition.horizon_s for condition in conditions),
    )


def _during(truth: Truth, hours: tuple[float, float] | None) -> Truth:
    """Make a condition false outside the hours."""
    if hours is None:
        return truth

    def inside(frame: Frame) -> Bools:
        second = frame.once(second_of_day, lambda frame: second_of_day(frame.calendar, frame.times))
        return within_hours(hours, second)[:, None]

    return Truth(lambda frame: truth.true(frame) & inside(frame), lambda frame: truth.false(frame) | ~inside(frame))


def _text_problems(rule: Rule, loc: Loc, vocabulary: Vocabulary) -> list[InitErrorDetails]:
    numbers = {*vocabulary.points, *vocabulary.ratings, *vocabulary.said}
    return [
        InitErrorDetails(type=problem, loc=(*loc, "title", language), input=text)
        for language, text in rule.title.items()
        for problem in template_problems(text, numbers)
    ]
