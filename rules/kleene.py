"""Closures over frames and how they combine: numbers with NaN, and truth with "unknown" as a pair of masks."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np

from rules.vocabulary import Bools, Floats, Frame


class Number(NamedTuple):
    """A quantity. `at` gives [T, D] or anything that broadcasts to it."""

    at: Callable[[Frame], Floats]
    fixed: Floats | None = None
    """Its value, if that never changes."""
    column: int | None = None
    """The point that it is, if it is nothing but a point."""


class Threshold(NamedTuple):
    """A condition on nothing but one point: true where sign * x > limit, unknown where x is."""

    column: int
    sign: float
    limit: float

    def opposite(self) -> "Threshold":
        """True where this is false: sign * x <= limit."""
        return Threshold(self.column, -self.sign, float(np.nextafter(-self.limit, -np.inf)))


class Truth(NamedTuple):
    """A condition: where it is true, where it is false; unknown elsewhere."""

    true: Callable[[Frame], Bools]
    false: Callable[[Frame], Bools]
    threshold: Threshold | None = None
    """The same in numbers, for conditions so simple that many can be watched at once."""


class Comparison(NamedTuple):
    """Where a comparison is true and where false, both False beside NaN; `sign` is 1 for >, -1 for <, 0 for neither."""

    true: Callable[..., Bools]
    false: Callable[..., Bools]
    sign: float = 0.0
    strict: bool = True


def fixed(value: Floats) -> Number:
    """A number that never changes."""
    return Number(lambda _: value, value)


def apply(function: Callable[..., Floats], *numbers: Number) -> Number:
    """A function of numbers; computed once if none of them changes."""
    constants = [number.fixed for number in numbers if number.fixed is not None]
    if len(constants) == len(numbers):
        with np.errstate(all="ignore"):
            return fixed(function(*constants))
    if len(numbers) == 1:
        only = numbers[0].at
        return _once(lambda frame: function(only(frame)))
    if len(numbers) == 2:
        left, right = (number.at for number in numbers)
        return _once(lambda frame: function(left(frame), right(frame)))
    return _once(lambda frame: function(*(number.at(frame) for number in numbers)))


def compare(comparison: Comparison, left: Number, right: Number) -> Truth:
    """A comparison of two quantities."""
    true, false, a, b = comparison.true, comparison.false, left.at, right.at
    return Truth(
        lambda frame: true(a(frame), b(frame)),
        lambda frame: false(a(frame), b(frame)),
        _threshold(comparison, left, right),
    )


def both(parts: Sequence[Truth]) -> Truth:
    """All of them: false as soon as one is false, even beside unknown ones."""
    return reduce(_and, parts)


def either(parts: Sequence[Truth]) -> Truth:
    """At least one of them: true as soon as one is true, even beside unknown ones."""
    return opposite(both([opposite(part) for part in parts]))


def opposite(truth: Truth) -> Truth:
    """Not; unknown stays unknown."""
    return Truth(truth.false, truth.true, truth.threshold and truth.threshold.opposite())


def is_not_zero(number: Number) -> Truth:
    """A number taken as a condition."""
    at = number.at
    return Truth(lambda frame: np.abs(at(frame)) > 0, lambda frame: at(frame) == 0)


def as_number(truth: Truth) -> Number:
    """A condition taken as a number: 1, 0, or NaN where unknown."""
    return Number(lambda frame: np.where(truth.true(frame), 1.0, np.where(truth.false(frame), 0.0, np.nan)))


def divide(a: Floats, b: Floats) -> Floats:
    """A quotient; NaN where b is 0."""
    return np.where(b == 0, np.nan, a / b)


def differ(a: Floats, b: Floats) -> Bools:
    """Known and unequal."""
    return (a < b) | (a > b)


def _once(at: Callable[[Frame], Floats]) -> Number:
    """A quantity that is worked out once for each frame: whether it is above a limit, and whether below, ask alike."""
    name = object()
    return Number(lambda frame: frame.once(name, at))


def _and(left: Truth, right: Truth) -> Truth:
    return Truth(
        lambda frame: left.true(frame) & right.true(frame), lambda frame: left.false(frame) | right.false(frame)
    )


def _threshold(comparison: Comparison, left: Number, right: Number) -> Threshold | None:
    point, constant, sign = left, right, comparison.sign
    if left.fixed is not None:
        point, constant, sign = right, left, -sign
    if not sign or point.column is None or constant.fixed is None or constant.fixed.ndim:
        return None
    limit = sign * float(constant.fixed)
    return Threshold(point.column, sign, limit if comparison.strict else float(np.nextafter(limit, -np.inf)))
