"""What a rule says that it cannot mean: conditions that are never true, levels never seen, alerts that flap.

Every finding is certain: it is given only if it holds for all devices, whatever they measure. What cannot be told,
because a condition is too large or depends on more than numbers, is not told.
"""

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from pydantic_core import InitErrorDetails

from rules.lint.levels import (
    Level,
    Placed,
    clear_problems,
    default_clear_problems,
    hours_problems,
    pair_problems,
)
from rules.lint.logic import All, Some, Statement, opposite
from rules.lint.meaning import Reader, during, tree_of
from rules.lint.parts import odd_parts, problem_with
from rules.rule import LevelCondition, Rule
from rules.vocabulary import Vocabulary

MAX_RATINGS = 8
"""Where devices have more different ratings than this, their conditions are reasoned about without ratings."""

_IMPOSSIBLE = {"never_true", "beyond_range"}


Trees = Mapping[tuple[str, ...], ast.expr]
"""The conditions of a rule, by where they stand in it."""


class Conflict(NamedTuple):
    """A finding; severe if the condition could not be true on any site, whatever its ranges and ratings."""

    details: InitErrorDetails
    severe: bool

    @property
    def kind(self) -> str:
        """What it is, such as "clear_overlaps"."""
        problem = self.details["type"]
        return problem if isinstance(problem, str) else problem.type


def conflicts(rules: Mapping[int, Rule], vocabulary: Vocabulary) -> list[Conflict]:
    """What rules that compile cannot mean; `loc` begins with the rule's number."""
    return [conflict for number, rule in rules.items() for conflict in _of_rule(number, rule, vocabulary)]


def _of_rule(number: int, rule: Rule, vocabulary: Vocabulary) -> Iterator[Conflict]:
    trees = {place: tree_of(text, vocabulary) for place, text in _conditions(rule).items()}
    first, *others = [
        _found(rule, trees, Reader(vocabulary, ratings), vocabulary) for ratings in _ratings(trees, vocabulary)
    ]
    nowhere = _impossible(trees, replace(vocabulary, ranges={})) if first else set()
    for key, (place, problem) in first.items():
        if all(key in other for other in others):
            details = InitErrorDetails(type=problem, loc=(number, *place), input=_text(rule, place))
            yield Conflict(details, problem.type in _IMPOSSIBLE and place in nowhere)


def _found(rule: Rule, trees: Trees, reader: Reader, vocabulary: Vocabulary) -> dict[object, Placed]:
    """All that is wrong, by what makes it the same finding for devices with other ratings."""
    placed = list(_problems(rule, trees, reader, vocabulary))
    return {
        (place, problem.type, str((problem.context or {}).get("span"))): (place, problem) for place, problem in placed
    }


def _problems(rule: Rule, trees: Trees, reader: Reader, vocabulary: Vocabulary) -> Iterator[Placed]:
    whole = set()
    for place, tree in trees.items():
        for odd in odd_parts(tree, reader):
            yield place, problem_with(odd, _text(rule, place), reader, vocabulary)
        if _can_be_either(tree, reader):
            whole.add(place)
    levels: dict[str, Level] = {
        name: _level(name, level, trees[(name, "when")], reader)
        for name, level in rule.levels.items()
        if (name, "when") in whole
    }
    for level in levels.values():
        yield from hours_problems(level, reader.world)
    if levels.keys() == rule.levels.keys():
        lowest = next(iter(rule.levels))
        otherwise = reader.says(trees[(lowest, "when")], true=False)
        clear = reader.says(trees[("clear",)]) if ("clear",) in whole else None
        yield from _relations(rule, levels, otherwise, clear, reader)


def _relations(
    rule: Rule, levels: Mapping[str, Level], otherwise: Statement, clear: Statement | None, reader: Reader
) -> Iterator[Placed]:
    if "yellow" in levels and "red" in levels:
        found = list(pair_problems(levels["yellow"], levels["red"], reader.world))
        yield from found
        if rule.clear is None and not found:
            yield from default_clear_problems(levels["red"], otherwise, reader.world)
    if clear is not None:
        yield from clear_problems([*levels.values()], clear, otherwise, reader.world)


def _level(name: str, written: LevelCondition, tree: ast.expr, reader: Reader) -> Level:
    says, denies = reader.says(tree), reader.says(tree, true=False)
    if written.between is not None:
        inside = during(written.between)
        says, denies = All((says, inside)), Some((denies, opposite(inside)))
    return Level(name, says, denies, written.for_s, written.between is not None)


def _can_be_either(tree: ast.expr, reader: Reader) -> bool:
    """Whether a condition can be true and can be false, as far as can be told."""
    return all(reader.possible(tree, true=true) is not False for true in (True, False))


def _impossible(trees: Trees, vocabulary: Vocabulary) -> set[tuple[str, ...]]:
    """The conditions that can be true nowhere."""
    reader = Reader(vocabulary, {})
    return {place for place, tree in trees.items() if reader.possible(tree) is False}


def _conditions(rule: Rule) -> dict[tuple[str, ...], str]:
    """The texts of a rule's conditions, by where they stand in it."""
    conditions: dict[tuple[str, ...], str] = {(name, "when"): level.when for name, level in rule.levels.items()}
    return conditions if rule.clear is None else {**conditions, ("clear",): rule.clear}


def _text(rule: Rule, place: tuple[str, ...]) -> str:
    return _conditions(rule).get(place, "")


def _ratings(trees: Trees, vocabulary: Vocabulary) -> list[dict[str, float]]:
    """The different ratings that devices have, of those that the rule names; what a device lacks is left out."""
    words = {node.id for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names = sorted(words & {*vocabulary.ratings} - {*vocabulary.points})
    if not names:
        return [{}]
    columns = [vocabulary.ratings[name].tolist() for name in names]
    rows = {
        tuple((name, x) for name, x in zip(names, row, strict=True) if not math.isnan(x))
        for row in zip(*columns, strict=True)
    }
    return [dict(row) for row in sorted(rows)] if 0 < len(rows) <= MAX_RATINGS else [{}]
