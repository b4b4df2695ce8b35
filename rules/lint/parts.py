"""Parts of a condition that can never be true, or never false: where they stand, and whether a range is the reason."""

import ast
import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

from pydantic_core import PydanticCustomError

from rules.language.source import finding, span
from rules.language.units import unit_of
from rules.lint.domains import range_of
from rules.lint.logic import World, quantities
from rules.lint.meaning import Reader
from rules.lint.spelling import is_condition
from rules.vocabulary import Vocabulary

Verdict = Literal["never", "always"]


class OddPart(NamedTuple):
    """A part of a condition that need not be asked."""

    node: ast.expr
    verdict: Verdict


def odd_parts(node: ast.expr, reader: Reader) -> Iterator[OddPart]:
    """The smallest parts that say it all: a whole is not told when one of its parts explains it."""
    members = _members(node)
    for part in (*members, *_conditions_in_numbers(node)):
        yield from odd_parts(part, reader)
    verdict = _verdict(node, reader)
    if verdict and not _explained(node, verdict, [_verdict(part, reader) for part in members]):
        yield OddPart(node, verdict)


def problem_with(odd: OddPart, text: str, reader: Reader, vocabulary: Vocabulary) -> PydanticCustomError:
    """What to say of a part of the text."""
    node, where = odd.node, span(odd.node)
    if (words := _range_words(odd, text, reader, vocabulary)) is not None:
        if odd.verdict == "never":
            message = "{quantity} lies between {low} and {high}, so this can never be true"
            return finding("beyond_range", message, where, **words)
        message = "{quantity} lies between {low} and {high} anyway, so this is always true"
        return finding("within_range", message, where, **words)
    if odd.verdict == "never":
        hint = _other_word(node, ast.And, "or", reader)
        return finding("never_true", "this can never be true", where, **hint)
    return finding("always_true", "this is always true", where, **_other_word(node, ast.Or, "and", reader))


def _verdict(node: ast.expr, reader: Reader) -> Verdict | None:
    if reader.possible(node) is False:
        return "never"
    return "always" if reader.possible(node, true=False) is False else None


def _explained(node: ast.expr, verdict: Verdict, of_members: list[Verdict | None]) -> bool:
    """Whether what is odd about the members makes the whole odd."""
    if isinstance(node, ast.BoolOp):
        one_is_enough = isinstance(node.op, ast.And) == (verdict == "never")
        return (any if one_is_enough else all)(each == verdict for each in of_members)
    return any(of_members)


def _members(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.BoolOp(values=values):
            return values
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return [operand]
    return []


def _conditions_in_numbers(node: ast.expr) -> Iterator[ast.expr]:
    """Conditions that are counted or averaged, such as the first argument of `held`."""
    if _members(node):
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield from [child] if is_condition(child) else _conditions_in_numbers(child)


def _range_words(odd: OddPart, text: str, reader: Reader, vocabulary: Vocabulary) -> dict[str, str] | None:
    """The one quantity that is compared with a number, and its range, if that is the reason."""
    if not isinstance(odd.node, ast.Compare):
        return None
    says = reader.says(odd.node, true=odd.verdict == "never")
    sides = [side for side in (odd.node.left, *odd.node.comparators) if not _is_fixed(side, vocabulary)]
    if len(sides) != 1 or not World().satisfiable(says) or len(quantities(says)) > 1:
        return None
    low, high = range_of(sides[0], vocabulary)
    if math.isinf(low) or math.isinf(high):
        return None
    start, end = span(sides[0])
    unit = unit_of(sides[0], vocabulary)
    return {
        "quantity": " ".join(text[start:end].split()),
        "low": f"{low:g}",
        "high": f"{high:g} {unit}" if unit and unit in vocabulary.units.values() else f"{high:g}",
    }


def _other_word(node: ast.expr, wrong: type[ast.boolop], right: str, reader: Reader) -> dict[str, str]:
    """The other of `and` and `or`, if with it the condition would say something."""
    if not isinstance(node, ast.BoolOp) or not isinstance(node.op, wrong):
        return {}
    other = ast.BoolOp(ast.Or() if wrong is ast.And else ast.And(), node.values)
    return {} if _verdict(other, reader) else {"hint": right}


def _is_fixed(node: ast.expr, vocabulary: Vocabulary) -> bool:
    """Whether a side of a comparison is a number, for each device: made of nothing but literals and ratings."""
    parts = [part for part in ast.walk(node) if isinstance(part, ast.expr)]
    ratings = {*vocabulary.ratings} - {*vocabulary.points}
    return all(
        isinstance(part, (ast.Constant, ast.BinOp, ast.UnaryOp)) or (isinstance(part, ast.Name) and part.id in ratings)
        for part in parts
    )
