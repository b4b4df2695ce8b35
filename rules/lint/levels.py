"""How the levels of a rule stand to each other, to their hours and to `clear`: what can never be seen, what flaps."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from rules.duration import DAY_S, written
from rules.lint.logic import All, Is, Statement, Term, World, quantities
from rules.lint.meaning import TIME_OF_DAY
from rules.lint.spans import Spans

Placed = tuple[tuple[str, ...], PydanticCustomError]
"""Where in a rule, and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level: what makes it true, what makes it false. Outside its hours it is false."""

    name: str
    says: Statement
    denies: Statement
    for_s: float
    has_hours: bool

    @property
    def about(self) -> frozenset[str]:
        """The quantities that decide it."""
        return quantities(self.says) - {TIME_OF_DAY}


def hours_problems(level: Level, world: World) -> Iterator[Placed]:
    """A level that its hours leave no time for."""
    terms = world.terms(level.says)
    if terms is None:
        return
    if not terms and level.has_hours:
        yield (
            (level.name, "between"),
            PydanticCustomError("never_in_hours", "the condition can never be true within these hours"),
        )
        return
    longest_s = _longest_s(terms)
    if level.for_s >= longest_s:
        message = "the condition is true for less than {longest} at a stretch, so {for_} never pass"
        words = {"longest": written(longest_s), "for_": written(level.for_s)}
        yield (level.name, "for"), PydanticCustomError("for_beyond_hours", message, words)


def pair_problems(yellow: Level, red: Level, world: World) -> Iterator[Placed]:
    """Two levels of which one is never seen, or that are the wrong way round."""
    if world.can_be_both(yellow.denies, red.denies) is False:
        message = "yellow or red is always true: where the one ends, the other has begun"
        yield ("red", "when"), PydanticCustomError("always_a_level", message)
    elif world.implies(yellow.says, red.says):
        beyond = [term for term in world.terms(All((red.says, yellow.denies))) or () if TIME_OF_DAY not in term]
        if beyond and yellow.about == red.about:
            message = "red is milder than yellow: at {example} it is red but not yellow"
            example = _example(beyond[0], red.about)
            yield ("red", "when"), PydanticCustomError("levels_swapped", message, {"example": example})
        elif red.for_s <= yellow.for_s and world.implies(red.denies, yellow.denies):
            message = "yellow is never seen: red is true whenever yellow is, and does not wait longer"
            yield ("yellow",), PydanticCustomError("level_never_seen", message)


def default_clear_problems(red: Level, otherwise: Statement, world: World) -> Iterator[Placed]:
    """A rule without `clear` ends when yellow's condition is false (`otherwise`): red must not make it so."""
    if example := _overlap(red, otherwise, world):
        message = "without `clear` an alert ends when yellow is false; at {example} that is so though red is true"
        yield ("red", "when"), PydanticCustomError("red_without_yellow", message, {"example": example})


def clear_problems(levels: Sequence[Level], clear: Statement, otherwise: Statement, world: World) -> Iterator[Placed]:
    """A `clear` that says nothing new, or that is true while a level is; `otherwise` is what holds without it."""
    if world.implies(clear, otherwise) and world.implies(otherwise, clear):
        message = "this is what ends an alert anyway: {level} is false; leave it away"
        yield ("clear",), PydanticCustomError("clear_is_default", message, {"level": levels[0].name})
        return
    for level in levels:
        if world.implies(level.says, clear):
            message = "this is true whenever {level} is: the alert would end as soon as it begins"
            yield ("clear",), PydanticCustomError("clears_at_once", message, {"level": level.name})
            return
    for level in levels:
        if example := _overlap(level, clear, world):
            message = "at {example} this and {level} are both true: the alert would end and begin again"
            words = {"example": example, "level": level.name}
            yield ("clear",), PydanticCustomError("clear_overlaps", message, words)
            return


def _overlap(level: Level, clear: Statement, world: World) -> str:
    """Where clear and a level are both true; only by quantities that the level itself is about.

    That a clear condition about something else may be true at the same time is no contradiction: `flow < 1` may end
    what `held(flow > 5, 1h) > 0.5` began.
    """
    for term in world.terms(clear) or ():
        if set(term) <= level.about:
            both = world.terms(All((level.says, *(Is(quantity, within) for quantity, within in term.items()))))
            if both and (example := _example(both[0], term)):
                return example
    return ""


def _example(term: Term, about: Mapping[str, Spans] | frozenset[str]) -> str:
    """A number for each quantity that the term has one for: "bearing_temp 75, running 1"."""
    numbers = {name: term[name].example() for name in sorted(about) if name in term and term[name].cuts}
    return ", ".join(f"{name} {number:g}" for name, number in numbers.items())


def _longest_s(terms: Sequence[Term]) -> float:
    """For how long at most the time of day allows any of the terms; inf if it never gets in their way."""
    allowed = Spans()
    for term in terms:
        if TIME_OF_DAY not in term:
            return math.inf
        allowed |= term[TIME_OF_DAY]
    edges = [stretch.hull for stretch in allowed.stretches()]
    if edges in ([], [(0.0, DAY_S)]):
        return math.inf
    lengths = [end - start for start, end in edges]
    if edges[0][0] == 0.0 and edges[-1][1] == DAY_S:  # through midnight
        lengths.append(lengths[0] + lengths[-1])
    return max(lengths)
