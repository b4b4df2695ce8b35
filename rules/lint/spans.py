"""Sets of numbers, as far as conditions can describe them: a few stretches of the line, and maybe "unknown" beside it.

A set is a row of cuts: just before a number (side 0) or just after it (side 1). It holds what lies between the first
cut and the second, the third and the fourth, and so on; so `70 < x <= 80` is cut after 70 and after 80.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Cut = tuple[float, int]

_DIGITS = 12  # 0.2 * 0.45 and 0.09 are the same limit


@dataclass(frozen=True, slots=True)
class Spans:
    """A set of numbers, infinities included; `unknown` tells whether NaN belongs to it."""

    cuts: tuple[Cut, ...] = ()
    unknown: bool = False

    def __and__(self, other: "Spans") -> "Spans":
        return _sweep(self, other, lambda a, b: a and b)

    def __or__(self, other: "Spans") -> "Spans":
        return _sweep(self, other, lambda a, b: a or b)

    def __invert__(self) -> "Spans":
        return _sweep(self, EVERYTHING, lambda a, b: b and not a)

    def __bool__(self) -> bool:
        return bool(self.cuts) or self.unknown

    def __contains__(self, number: float) -> bool:
        if math.isnan(number):
            return self.unknown
        return sum(cut <= (number, 0) for cut in self.cuts) % 2 == 1

    @property
    def known(self) -> "Spans":
        """The numbers alone."""
        return Spans(self.cuts)

    @property
    def hull(self) -> tuple[float, float]:
        """Lowest and highest number, or what they come close to; (inf, -inf) if there is none."""
        return (self.cuts[0][0], self.cuts[-1][0]) if self.cuts else (math.inf, -math.inf)

    def stretches(self) -> Iterator["Spans"]:
        """Its numbers, one connected stretch after the other."""
        for first, last in zip(self.cuts[::2], self.cuts[1::2], strict=True):
            yield Spans((first, last))

    def behind(self, factor: float, offset: float = 0.0) -> "Spans":
        """All x for which factor * x + offset is in the set; the factor is not 0."""
        moved = [((value - offset) / factor, side if factor > 0 else 1 - side) for value, side in self.cuts]
        return Spans(tuple((_rounded(value), side) for value, side in sorted(moved)), self.unknown)

    def behind_abs(self) -> "Spans":
        """All x whose abs(x) is in the set."""
        right = self & above(0.0, strict=False)
        return right | right.behind(-1.0) | Spans((), self.unknown)

    def example(self) -> float:
        """A number of the set with few digits, near its middle. Raises ValueError if it has none."""
        for stretch in self.stretches():
            low, high = stretch.hull
            if low == high:
                return low
            if low >= 0.0 and high <= 1.0 and 1.0 in stretch:  # so that a switch is on, not at a half
                return 1.0
            middle = _between(low, high)
            rounded = (float(f"{middle:.{digits}g}") for digits in range(1, 17))
            return next((short for short in rounded if low < short < high), middle)
        raise ValueError("there is no number in the set")


EVERYTHING = Spans(((-math.inf, 0), (math.inf, 1)), unknown=True)
KNOWN = EVERYTHING.known
UNKNOWN = Spans((), unknown=True)


def above(limit: float, *, strict: bool = True) -> Spans:
    """The numbers above a limit; the limit itself too if not strict."""
    return _span((_rounded(limit), int(strict)), (math.inf, 1))


def below(limit: float, *, strict: bool = True) -> Spans:
    """The numbers below a limit."""
    return _span((-math.inf, 0), (_rounded(limit), int(not strict)))


def exactly(*numbers: float) -> Spans:
    """These numbers and no others."""
    return Spans(tuple((_rounded(number), side) for number in sorted(set(numbers)) for side in (0, 1)))


def from_to(low: float, high: float) -> Spans:
    """The numbers from low to high, both included."""
    return _span((_rounded(low), 0), (_rounded(high), 1))


def _span(first: Cut, last: Cut) -> Spans:
    return Spans((first, last) if first < last else ())


def _sweep(one: Spans, other: Spans, rule: Callable[[bool, bool], bool]) -> Spans:
    """Walk over all cuts; cut where what the rule makes of the two changes."""
    a = b = inside = False
    cuts: list[Cut] = []
    for cut in sorted({*one.cuts, *other.cuts}):
        a ^= cut in one.cuts
        b ^= cut in other.cuts
        if rule(a, b) != inside:
            inside = not inside
            cuts.append(cut)
    return Spans(tuple(cuts), rule(one.unknown, other.unknown))


def _between(low: float, high: float) -> float:
    """A number well inside."""
    if math.isinf(low) and math.isinf(high):
        return 0.0
    if math.isinf(low) or math.isinf(high):
        limit, outwards = (high, -1.0) if math.isinf(low) else (low, 1.0)
        return limit + outwards * (abs(limit) / 10.0 or 1.0)
    return low + (high - low) / 2.0


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") + 0.0
