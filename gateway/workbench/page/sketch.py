"""What a rule speaks of, distributed over strips: what has one unit lies on one scale, with the limits on it."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from drivers.device import Profile
from gateway.workbench.page.bands import Band
from rules.language.expression import compile_quantity
from rules.language.limits import Limit, limits
from rules.plan import plan_rules
from rules.rule import Rule
from rules.vocabulary import SAID, Vocabulary

WORTH_A_LOOK = 0.5
"""A healthy device has such a score once a week; see docs/explanation/scores.md."""
_SAID = re.compile(rf"\b({'|'.join(SAID)})\.")
_ANY = (float("-inf"), float("inf"))
_MOST_CURVES = 10
_MORE_OR_LESS = ("<", "<=", ">", ">=")
_WITHOUT_A_POINT = 2
"""How many points of its type stand for a device whose rule names none, such as `offline`."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One series: a point, or a quantity that a condition compares with a number."""

    text: str
    is_point: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A limit at the height of its value; `level` is yellow, red, clear, or worth a look."""

    level: str
    quantity: str
    operator: str
    value: float


@dataclass(frozen=True, slots=True)
class Strip:
    """Curves on one scale. A switch is a point that is only 0 or 1."""

    unit: str = ""
    is_switch: bool = False
    curves: tuple[Curve, ...] = ()
    lines: tuple[Line, ...] = ()
    band: Band | None = None
    """What was usual of its only point."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """Strips in the order in which the conditions name things, and how far back the windows of these look."""

    strips: tuple[Strip, ...]
    horizon_s: float

    @property
    def texts(self) -> tuple[str, ...]:
        """What has to be computed, curve by curve."""
        return tuple(curve.text for strip in self.strips for curve in strip.curves)


def sketch(
    rules: Iterable[Rule],
    profile: Profile,
    vocabulary: Vocabulary,
    said: Collection[str] = (),
    usual: Mapping[str, Band] = MappingProxyType({}),
) -> Sketch:
    """Sketch rules that compile, for the only device of the vocabulary.

    `said` are the scores that were kept, `usual` what a detector expected of the points that drove them.
    """
    draft = _Draft(profile, vocabulary, said, {name: band for name, band in usual.items() if name in profile.names})
    rules = list(rules)
    for rule in rules:
        draft.explain(rule)
    for rule in rules:
        for name in _points(rule, profile, vocabulary, () if draft.usual else _measured(profile, vocabulary)):
            draft.add(draft.scale(name), name, is_point=True)
        for level, text in _conditions(rule).items():
            for limit in limits(text, vocabulary):
                draft.limit(level, limit)
    return Sketch(tuple(_within(draft.strips.values(), _MOST_CURVES)), draft.horizon_s)


def _conditions(rule: Rule) -> dict[str, str]:
    levels = {name: level.when for name, level in rule.levels.items()}
    return levels | ({"clear": rule.clear} if rule.clear else {})


def _names(rule: Rule, vocabulary: Vocabulary) -> frozenset[str]:
    plans, _ = plan_rules([rule], vocabulary, {})
    return frozenset[str]().union(*(plan.names for plan in plans))


def _points(rule: Rule, profile: Profile, vocabulary: Vocabulary, otherwise: Collection[str]) -> list[str]:
    """The points of a rule in the order of its text, those of its title last; others if it names none."""
    names = _names(rule, vocabulary)
    text = " ".join(_conditions(rule).values())
    where = {name: match.start() for name in names if (match := re.search(rf"\b{re.escape(name)}\b", text))}
    named = sorted((name for name in profile.names if name in names), key=lambda name: where.get(name, len(text)))
    return named or [*otherwise]


def _measured(profile: Profile, vocabulary: Vocabulary) -> list[str]:
    measured = [name for name in profile.names if vocabulary.units.get(name)] or list(profile.names)
    return measured[:_WITHOUT_A_POINT]


@dataclass(slots=True)
class _Draft:
    profile: Profile
    vocabulary: Vocabulary
    said: Collection[str]
    usual: Mapping[str, Band]
    strips: dict[str, Strip] = field(default_factory=dict)
    horizon_s: float = 0.0

    def explain(self, rule: Rule) -> None:
        """First the scores that a rule reads, with the line from which they are worth a look; then what drove them."""
        scores = [name for name in sorted(_names(rule, self.vocabulary)) if name in self.said]
        for name in scores:
            self.add(name, name, is_point=False)
            if name.startswith("score."):
                self.strips[name] = replace(self.strips[name], lines=(Line("look", name, "", WORTH_A_LOOK),))
        for name, band in self.usual.items() if scores else ():
            self.add(name, name, is_point=True)
            reach = self.vocabulary.ranges.get(name, _ANY)
            self.strips[name] = replace(self.strips[name], band=band.within(*reach))

    def add(self, scale: str, text: str, *, is_point: bool) -> None:
        """Put a curve into the strip of its scale, once."""
        units = set(self.vocabulary.units.values()) - {""}
        unit = self.vocabulary.units.get(text, "") if is_point else scale if scale in units else ""
        empty = Strip(unit, is_point and self._is_switch(text))
        strip = self.strips.setdefault(scale, empty)
        if text not in (curve.text for curve in strip.curves):
            self.strips[scale] = replace(strip, curves=(*strip.curves, Curve(text, is_point)))

    def limit(self, level: str, limit: Limit) -> None:
        """Draw a limit and what it limits, if that can change and the limit says how much of it is too much."""
        number, horizon_s = compile_quantity(limit.quantity, self.vocabulary, {})
        value = float(limit.values(self.vocabulary)[0])
        scoring = not self.said and _SAID.search(limit.quantity) is not None  # nobody kept it
        if limit.operator not in _MORE_OR_LESS or number.fixed is not None or scoring or not np.isfinite(value):
            return
        is_point = limit.point == limit.quantity
        if is_point and self._is_switch(limit.quantity):
            return
        self.horizon_s = max(self.horizon_s, horizon_s)
        scale = self._scale_of(limit)
        self.add(scale, limit.quantity, is_point=is_point)
        line = Line(level, limit.quantity, limit.operator, value)
        strip = self.strips[scale]
        if line not in strip.lines:
            self.strips[scale] = replace(strip, lines=(*strip.lines, line))

    def scale(self, point: str) -> str:
        """The strip of a point: its unit, or itself if it has none or something was expected of it."""
        return point if point in self.usual else self.vocabulary.units.get(point) or point

    def _scale_of(self, limit: Limit) -> str:
        """The strip of a quantity: that of its points, if it can be read among them, else its own."""
        if limit.alike:
            return self.scale(limit.point) if limit.point else limit.unit or limit.quantity
        return limit.quantity

    def _is_switch(self, point: str) -> bool:
        of = next(of for of in self.profile.points if of.name == point)
        return (of.unit, of.low, of.high) == ("", 0, 1)


def _within(strips: Iterable[Strip], most: int) -> Iterator[Strip]:
    """The first strips, as long as their curves are not too many to be told apart."""
    for strip in strips:
        shown = strip.curves[:most]
        most -= len(shown)
        if shown:
            yield replace(strip, curves=shown)
