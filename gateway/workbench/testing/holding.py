"""Where the conditions of a rule held in a test, and since when long enough: what a failed test shows of them.

It looks again with the rule's own closures, once a test has failed. A window knows nothing here of the time before the
test.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.kleene import Truth
from rules.plan import plan_rules
from rules.rule import LEVELS, LevelName, Rule
from rules.tracker import SLACK_S
from rules.vocabulary import Frame, Vocabulary
from rules.windows.window import Windows

Bools = NDArray[np.bool_]

_ROWS = 1 << 16  # that are looked at in one go


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """One level over the samples of a test, [T]. Neither true nor false is unknown."""

    true: Bools
    false: Bools
    enough: Bools
    """It is true, and has held for its `for`."""
    for_s: float


def holdings(rule: Rule, vocabulary: Vocabulary, frame: Frame) -> dict[LevelName, Holding]:
    """Each level of a rule, for the one device of a frame."""
    windows: Windows = {}
    (plan,), _ = plan_rules([rule], vocabulary, windows)
    truths = {name: truth for name, truth in zip(LEVELS, plan.truths, strict=False) if truth}
    with np.errstate(all="ignore"):
        looked = list(_looked(truths, windows, frame))
    found = {}
    for name, level in rule.levels.items():
        true, false = (np.concatenate([part[name][i] for part in looked]) for i in (0, 1))
        enough = true & (_held_s(frame.times, true, false) >= level.for_s - SLACK_S)
        found[name] = Holding(true, false, enough, level.for_s)
    return found


def _looked(
    truths: Mapping[LevelName, Truth], windows: Windows, frame: Frame
) -> Iterator[dict[LevelName, tuple[Bools, Bools]]]:
    """Where each level is true and where false, stretch by stretch."""
    for first in range(0, len(frame.times), _ROWS):
        part = frame.rows(first, first + _ROWS)
        for standing in windows.values():
            standing.feed(part)
        yield {
            name: (part.full(truth.true(part))[:, 0], part.full(truth.false(part))[:, 0])
            for name, truth in truths.items()
        }


def _held_s(times: NDArray[np.float64], true: Bools, false: Bools) -> NDArray[np.float64]:
    """How long it has held in each row: steps between two true rows count, false begins anew, unknown does nothing."""
    counted = np.concatenate([[0.0], np.diff(times) * (true[1:] & true[:-1])]).cumsum()
    before: NDArray[np.float64] = np.maximum.accumulate(np.where(false, counted, 0.0))
    return counted - before
