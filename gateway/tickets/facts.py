"""The limits of the condition behind an alert, with what stood beside them: for programs, and as a sentence."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic_core import PydanticCustomError

from drivers.device import Point
from gateway.core.almanac import UTC_ALMANAC
from gateway.core.messages import Language, say
from gateway.tickets import texts
from gateway.tickets.explanation import Voice, digits, figure
from rules.duration import UNITS_S
from rules.language.expression import compile_quantity
from rules.language.limits import Limit, limits
from rules.rule import Rule, Transition
from rules.vocabulary import SAID, Frame, Vocabulary
from rules.windows.window import Windows

LIMITS_TOLD = 3
"""Limits in words: more is not read by whoever is on the way there."""

_SIDE = {">": "above", ">=": "above", "<": "below", "<=": "below"}
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_COMPARES = re.compile("[<>]")
_SEMICOLON = {"zh": "；", "en": "; "}
_COMMA = {"zh": "，", "en": ", "}
_BASIS = {"zh": ("（依据：", "）"), "en": (" (basis: ", ")")}
_PARTS = 3.0
"""Digits tell parts of the gap between a value and its limit: how far past it is shall be read, not guessed."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One comparison of a condition with a number, and the value that it saw; NaN is unknown."""

    quantity: str
    point: str
    unit: str
    side: str
    limit: float
    value: float
    is_alone: bool
    """Whether the condition compares nothing else: then the number is a limit, and not part of a pattern."""
    alike: bool
    """Whether it can be read on the scale of its point: an average can, a count cannot."""
    is_past: bool
    """Whether the value is, without doubt, on the side of the limit that the condition asks for."""

    @property
    def looks_back(self) -> bool:
        """Whether its value cannot be told from what the points showed at one moment."""
        return math.isnan(self.value)

    @property
    def plain(self) -> dict[str, Any]:
        """For programs."""
        return {
            "quantity": self.quantity,
            "point": self.point,
            "unit": self.unit,
            "direction": self.side,
            "limit": self.limit,
            "value": self.value,
        }


def facts_of(
    text: str, values: Mapping[str, float], profile: str, ratings: Mapping[str, float], voice: Voice
) -> list[Fact]:
    """The limits that a condition compares with, in its order, for a device that showed these values."""
    vocabulary = _vocabulary(values, profile, ratings, voice)
    try:
        found = limits(text, vocabulary)
    except PydanticCustomError:  # its profile is not known here
        return []
    return [fact for limit in found if (fact := _fact(limit, values, vocabulary, alone=len(found) == 1))]


def told(
    rule: Rule, transition: Transition, profile: str, ratings: Mapping[str, float], voice: Voice
) -> dict[str, Any]:
    """The condition behind a transition as it stands in a ticket's evidence; `text` is for people."""
    level = rule.levels.get(transition.level)
    if level is None:  # the rule has changed since
        return {}
    facts = facts_of(level.when, transition.evidence, profile, ratings, voice)
    basis = texts.basis(rule, voice.language)
    return {
        "text": _sentence(facts, transition, basis, profile, voice),
        "condition": " ".join(level.when.split()),
        "for": level.for_s,
        "limits": [fact.plain for fact in facts],
        "basis": basis,
    }


def _vocabulary(values: Mapping[str, float], profile: str, ratings: Mapping[str, float], voice: Voice) -> Vocabulary:
    points = voice.points(profile)
    scores = {name.partition(".")[2] for name in values if name.partition(".")[0] in SAID}
    return Vocabulary(
        tuple(points),
        {name: point.unit for name, point in points.items()},
        {name: np.array([value]) for name, value in ratings.items()},
        tuple(sorted(scores)),
        1,
        UTC_ALMANAC,
    )


def _fact(limit: Limit, values: Mapping[str, float], vocabulary: Vocabulary, *, alone: bool) -> Fact | None:
    side, names = _SIDE.get(limit.operator), _NAME.findall(limit.quantity)
    seen = [name for name in names if name in vocabulary.points or name in vocabulary.said]
    if side is None or not seen:
        return None
    value, bound = _value(limit.quantity, values, vocabulary), float(limit.values(vocabulary)[0])
    past = value > bound if side == "above" else value < bound
    return Fact(limit.quantity, limit.point or seen[0], limit.unit or "", side, bound, value, alone, limit.alike, past)


def _value(quantity: str, values: Mapping[str, float], vocabulary: Vocabulary) -> float:
    """What a quantity was, of what the points showed; NaN for one that looks back in time."""
    windows: Windows = {}
    try:
        number, _ = compile_quantity(quantity, vocabulary, windows)
    except PydanticCustomError:
        return np.nan
    if windows:
        return np.nan
    row = np.array([[[values.get(point, np.nan) for point in vocabulary.points]]])
    said = {name: np.array([[values.get(name, np.nan)]]) for name in vocabulary.said}
    frame = Frame(np.zeros(1), row, np.where(np.isnan(row), np.inf, 0.0), said, vocabulary.calendar)
    with np.errstate(all="ignore"):
        return float(frame.full(number.at(frame))[0, 0])


def _sentence(facts: list[Fact], transition: Transition, basis: str, profile: str, voice: Voice) -> str:
    """Each value with its limit, since when, and why that is the limit."""
    language, points = voice.language, voice.points(profile)
    shown = [fact for fact in facts if (fact.is_past or fact.looks_back) and not _is_within(fact, facts)]
    clauses = [_clause(fact, transition.evidence, points.get(fact.point), language) for fact in shown[:LIMITS_TOLD]]
    clock = {"clock": voice.wall(transition.since, transition.time)}
    parts = [_SEMICOLON[language].join(clauses), say("fact_since", "since {clock}", clock, language)]
    before, after = _BASIS[language]
    return _COMMA[language].join(part for part in parts if part) + (f"{before}{basis}{after}" if basis else "")


def _is_within(fact: Fact, facts: list[Fact]) -> bool:
    """Whether it is part of what another one counts: the `noise > 55` of `held(noise > 55, 1h) > 0.05`."""
    return any(
        fact.quantity != other.quantity and fact.quantity in other.quantity and _COMPARES.search(other.quantity)
        for other in facts
    )


def _clause(fact: Fact, values: Mapping[str, float], point: Point | None, language: Language) -> str:
    """A value with its limit; beside an average what its point shows now."""
    limit = {"quantity": _title(fact, point, language), "limit": _limit(fact)}
    above = fact.side == "above"
    if not fact.looks_back:
        limit["value"] = _figure(fact.value, fact)
        if fact.is_alone:
            return _alone(limit, language, above=above)
        if above:
            return say("fact_above", "{quantity} {value}, above {limit}", limit, language)
        return say("fact_below", "{quantity} {value}, below {limit}", limit, language)
    limit["quantity"] = fact.quantity
    if above:
        bound = say("fact_bound_above", "{quantity} above {limit}", limit, language)
    else:
        bound = say("fact_bound_below", "{quantity} below {limit}", limit, language)
    if not fact.alike or fact.point not in values:
        return bound
    return _COMMA[language].join([f"{_title(fact, point, language)} {_figure(values[fact.point], fact)}", bound])


def _alone(context: Mapping[str, str], language: Language, *, above: bool) -> str:
    if above:
        return say("fact_limit", "{quantity} {value}, limit {limit}", context, language)
    return say("fact_low_limit", "{quantity} {value}, lower limit {limit}", context, language)


def _title(fact: Fact, point: Point | None, language: Language) -> str:
    """A point by its title; what is computed of several as it is written."""
    what, dot, name = fact.quantity.partition(".")
    if dot and what in SAID:
        return _said(what, name, language)
    if fact.quantity != fact.point and not fact.looks_back:
        return fact.quantity
    titles = point.title if point else {}
    return titles.get(language) or titles.get("en") or fact.point


def _said(what: str, name: str, language: Language) -> str:
    """What a detector says."""
    match what:
        case "health":
            return say("fact_health", "health {name}", {"name": name}, language)
        case "others":
            return say("fact_others", "score {name} without its foremost signal", {"name": name}, language)
        case _:
            return say("fact_score", "score {name}", {"name": name}, language)


def _figure(value: float, fact: Fact) -> str:
    written = f"{fact.limit:.6g}".partition(".")[2]
    many = max(digits((value - fact.limit) / _PARTS, 0.0, 0.0), len(written))
    return f"{figure(value, many)} {fact.unit}".strip()


def _limit(fact: Fact) -> str:
    """The limit as it is written: a duration in the largest unit that needs no fraction."""
    whole = [(size, name) for name, size in UNITS_S.items() if fact.limit >= size and fact.limit % size == 0]
    if fact.unit == "s" and whole:
        size, name = max(whole)
        return f"{fact.limit / size:g}{name}"
    return f"{fact.limit:.6g} {fact.unit}".strip()
