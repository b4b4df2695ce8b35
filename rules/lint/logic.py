"""Whether statements about quantities can be true, follow from each other, or exclude each other.

A statement says that quantities lie in sets of numbers ("unknown" is one more thing that a quantity can be), and is
made of such claims by `All` and `Some`. What is asked is answered with the disjunctive normal form: a list of terms,
each a set per quantity. Beyond 256 terms, or when it takes too long, the answer is None: don't know.

A "no" is certain. A "yes" may be wrong, because quantities depend on each other in ways that are not known here.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from rules.lint.spans import EVERYTHING, KNOWN, Spans, from_to

MAX_TERMS = 256
MAX_EFFORT = 20_000
"""Pairs of terms that a world joins in its life; a person waits for the answer, and it is seldom worth waiting for."""
_ROUNDS = 3  # of drawing conclusions from sums; more find next to nothing
_SLACK = 1e-9
_EFFORT_OF_A_SUM = 5


@dataclass(frozen=True, slots=True)
class Is:
    """The quantity lies in the set."""

    quantity: str
    within: Spans


@dataclass(frozen=True, slots=True)
class All:
    """All of the parts are true; without parts, true."""

    parts: tuple["Statement", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of the parts is true; without parts, false."""

    parts: tuple["Statement", ...]


Statement: TypeAlias = Is | All | Some
Term = Mapping[str, Spans]
"""What quantities must be, all at once; any other quantity may be anything."""

TRUE, FALSE = All(()), Some(())


class _TooMany(Exception):
    """More terms than are looked at."""


def opposite(statement: Statement) -> Statement:
    """The statement that is true exactly where this one is not."""
    match statement:
        case Is(quantity, within):
            return Is(quantity, ~within)
        case All(parts):
            return Some(tuple(opposite(part) for part in parts))
        case Some(parts):
            return All(tuple(opposite(part) for part in parts))


def quantities(statement: Statement) -> frozenset[str]:
    """The quantities that a statement speaks of."""
    if isinstance(statement, Is):
        return frozenset([statement.quantity])
    return frozenset[str]().union(*(quantities(part) for part in statement.parts))


@dataclass(slots=True)
class World:
    """What quantities can be at all, and which of them are sums of others."""

    domains: dict[str, Spans] = field(default_factory=dict)
    sums: dict[str, Mapping[str, float]] = field(default_factory=dict)
    """A sum by its name: factor by summand."""
    needs: dict[str, frozenset[str]] = field(default_factory=dict)
    """By quantity, the others that must be known for it to be known."""
    _effort: int = MAX_EFFORT
    _known: dict[Statement, list[Term] | None] = field(default_factory=dict)

    def satisfiable(self, statement: Statement) -> bool | None:
        """Whether anything makes it true."""
        terms = self.terms(statement)
        return None if terms is None else bool(terms)

    def implies(self, one: Statement, other: Statement) -> bool | None:
        """Whether the other is true wherever the one is."""
        both = self.can_be_both(one, opposite(other))
        return None if both is None else not both

    def can_be_both(self, one: Statement, other: Statement) -> bool | None:
        """Whether both can be true at once."""
        return self.satisfiable(All((one, other)))

    def terms(self, statement: Statement) -> list[Term] | None:
        """The terms that are possible; None if there are too many to tell."""
        try:
            return self._known[statement]
        except KeyError:
            found = self._known[statement] = self._terms(statement)
            return found

    def _terms(self, statement: Statement) -> list[Term] | None:
        try:
            return [term for term in self._normal(statement) if self._possible(term)]
        except _TooMany:
            return None

    def _normal(self, statement: Statement) -> list[Term]:
        match statement:
            case Is(quantity, within):
                inside = within & self.domains.get(quantity, EVERYTHING)
                return [{quantity: inside}] if inside else []
            case Some(parts):
                return _limited([term for part in parts for term in self._normal(part)])
            case All(parts):
                terms: list[Term] = [{}]
                for alternatives in sorted((self._normal(part) for part in parts), key=len):
                    self._spend(len(terms) * len(alternatives))
                    terms = _limited([both for a in terms for b in alternatives if (both := _both(a, b)) is not None])
                return terms

    def _possible(self, term: Term) -> bool:
        """Whether quantities can be what a term says, given what it says of the others that they are made of."""
        known = [name for name, within in term.items() if name in self.needs and not within.unknown]
        now = dict(term)
        for need in (need for name in known for need in self.needs[name]):
            now[need] = now.get(need, self.domains.get(need, EVERYTHING)).known
        sums = [name for name in known if name in self.sums]
        for _ in range(_ROUNDS if sums else 0):
            self._spend(_EFFORT_OF_A_SUM * len(sums))
            for name in sums:
                if not all(now.values()):
                    return False
                _conclude(now, name, self.sums[name])
        return all(now.values())

    def _spend(self, effort: int) -> None:
        self._effort -= effort
        if self._effort < 0:
            raise _TooMany


def _both(one: Term, other: Term) -> Term | None:
    """Both terms at once; None if they exclude each other."""
    both = dict(one)
    for quantity, within in other.items():
        both[quantity] = within & both[quantity] if quantity in both else within
        if not both[quantity]:
            return None
    return both


def _limited(terms: Iterable[Term]) -> list[Term]:
    """The terms, each once."""
    listed = list({tuple(sorted(term.items(), key=lambda item: item[0])): term for term in terms}.values())
    if len(listed) > MAX_TERMS:
        raise _TooMany
    return listed


def _conclude(now: dict[str, Spans], name: str, summands: Mapping[str, float]) -> None:
    """Narrow a sum to what its summands allow, and each summand to what the rest allows."""
    ends = {each: _scaled(now[each].hull, factor) for each, factor in summands.items()}
    now[name] &= _about(sum(low for low, _ in ends.values()), sum(high for _, high in ends.values()))
    lowest, highest = now[name].hull
    for each, factor in summands.items():
        rest = [end for other, end in ends.items() if other != each]
        low, high = lowest - sum(high for _, high in rest), highest - sum(low for low, _ in rest)
        now[each] &= _about(*_scaled((low, high), 1.0 / factor))


def _scaled(hull: tuple[float, float], factor: float) -> tuple[float, float]:
    low, high = sorted((hull[0] * factor, hull[1] * factor))
    return low, high


def _about(low: float, high: float) -> Spans:
    """From low to high, and a little more: sums of rounded numbers are rounded."""
    if math.isnan(low) or math.isnan(high):
        return KNOWN
    slack = _SLACK * max([1.0, *(abs(end) for end in (low, high) if math.isfinite(end))])
    return from_to(low - slack, high + slack) if low <= high + slack else Spans()
