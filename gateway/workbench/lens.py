"""Parts of conditions over blocks of the past, for plots and distributions, worked out by the rules' own closures."""

from collections.abc import Callable, Mapping

import numpy as np

from gateway.core.types import Block, Floats
from rules.kleene import Number, Truth
from rules.language.expression import compile_condition, compile_quantity
from rules.vocabulary import Bools, Frame, Vocabulary
from rules.windows.window import Windows


class Lens:
    """Looks at blocks one after the other.

    The past does not hold what detectors say: it is unknown, unless whoever kept it tells what was `said` at times [T].
    """

    def __init__(self, words: Vocabulary, said: Callable[[Floats], Mapping[str, Floats]] = lambda _: {}) -> None:
        self._words, self._said = words, said
        self._windows: Windows = {}

    def quantity(self, text: str) -> Number:
        """A quantity to look at; all are named before the first block."""
        return compile_quantity(text, self._words, self._windows)[0]

    def condition(self, text: str) -> Truth | None:
        """A condition to look at; None if it makes no sense."""
        condition, _ = compile_condition(text, self._words, self._windows)
        return condition.truth if condition else None

    def frame(self, block: Block) -> Frame:
        """The block as conditions see it, once its windows have."""
        unknown = dict.fromkeys(self._words.said, np.full(block.age.shape[:2], np.nan))
        scores = unknown | dict(self._said(block.times))
        frame = Frame(block.times, block.values, block.age, scores, self._words.calendar)
        with np.errstate(all="ignore"):
            for standing in self._windows.values():
                standing.feed(frame)
        return frame


def values(number: Number, frame: Frame) -> Floats:
    """What a quantity is in each row, [T, D]."""
    with np.errstate(all="ignore"):
        return frame.full(np.asarray(number.at(frame), np.float64))


def holds(truth: Truth, frame: Frame) -> Bools:
    """Where a condition is true, [T, D]."""
    with np.errstate(all="ignore"):
        return frame.full(truth.true(frame))
