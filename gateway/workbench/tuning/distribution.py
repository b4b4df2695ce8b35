"""How a quantity of a condition was distributed over the past, at the times when the rest of the condition held."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gateway.core.types import Block, Fleet, Floats
from gateway.history.past import Past
from gateway.pipeline.engine import LEARN_STEP_S
from gateway.workbench.lens import Lens, holds, values
from gateway.workbench.tuning.candidates import thinned
from rules.language.limits import Limit, with_limit
from rules.vocabulary import Vocabulary

MOST_VALUES = 200_000
_ALWAYS = 9e14
"""Beyond every value that a point can have."""


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Values [N] on the scale of the number that is written: of what the limit is compared with, over its rating."""

    values: Floats
    known: float
    """Share of the time, 0 to 1, for which the quantity was known."""
    held: float
    """Share of the known time in which the rest of the condition held. If it never did, the values are of all times."""


def distribution(
    condition: str, limit: Limit, fleet: Fleet, words: Vocabulary, past: Past, start: float, end: float
) -> Distribution:
    """Look once a minute at [start, end). Scores of detectors are unknown here, so what depends on one never holds."""
    passed = -_ALWAYS if limit.operator in {">", ">="} else _ALWAYS
    for rest in (with_limit(condition, limit.span, passed), None):
        looks = _Looks(limit, rest, words)
        counted = thinned(looks.over(past.blocks(fleet, start, end, LEARN_STEP_S)), MOST_VALUES)
        if looks.held:
            break
    held = looks.held / max(1, looks.known) if rest else 0.0
    return Distribution(counted, looks.known / max(1, looks.cells), held)


class _Looks:
    """The quantity, where the rest of its condition holds: the condition with a limit that is always passed."""

    def __init__(self, limit: Limit, rest: str | None, words: Vocabulary) -> None:
        self._lens = Lens(words)
        self._quantity = self._lens.quantity(limit.quantity)
        self._rest = self._lens.condition(rest) if rest else None
        scale = limit.values(words) / limit.number if limit.number else np.ones(words.devices)
        self._scale = np.where(scale == 0, np.nan, scale)
        self.cells = self.known = self.held = 0

    def over(self, blocks: Iterator[Block]) -> Iterator[Floats]:
        """The values that count, [n] by block."""
        for block in blocks:
            frame = self._lens.frame(block)
            x = values(self._quantity, frame) / self._scale
            known = np.isfinite(x)
            held = known & holds(self._rest, frame) if self._rest else known
            self.cells += x.size
            self.known += int(known.sum())
            self.held += int(held.sum())
            yield x[held]
