"""Blocks in, transitions out: detectors append score columns, rules read them like any other point.

This is the only evaluation path. The live daemon, the rule tests and a backtest hand it blocks of different lengths,
and nothing else differs. It has no clock, no file and no socket.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from gateway.core.types import Block, Fleet, Floats
from models.detector import Detector, Explanation
from rules.book import Book
from rules.rule import Transition

LEARN_STEP_S = 60.0
"""Between readings, whoever shows detectors the past does so at this step."""
FREEZE_STEP_S = 900.0
"""A device with a firing alert is not learnt from. Whether one fires is looked up at these instants, so that it does
not depend on how the rows were cut into blocks."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A transition, and why the detectors whose scores its rule reads saw the device as they did.

    Detectors explain the last row that they were shown: live, the row of the transition; in a backtest, a later one.
    """

    transition: Transition
    explanations: Mapping[str, Explanation]


class Engine:
    """Evaluates the rules of one fleet."""

    def __init__(self, fleet: Fleet, detectors: Mapping[str, Detector], book: Book) -> None:
        self.fleet = fleet
        self.detectors = detectors
        self.book = book
        self.scores: dict[str, Floats] = {}  # [D] by detector, as of the last row
        self.learnt_until = -np.inf  # time of the last row that the detectors were shown
        self.waiting = True
        """Its detectors are shown no row before the first that is news to them. How long a start takes until a device
        is heard must change no score, for a backtest cannot know it."""
        self._calm_until = -np.inf
        self._frozen = np.zeros(len(fleet.devices), dtype=np.bool_)

    def evaluate(self, block: Block) -> list[Finding]:
        """Run detectors and rules over a block; transitions in order of time."""
        return [finding for part in self._parts(block) for finding in self._evaluate(part)]

    def learn(self, block: Block) -> None:
        """Let the detectors learn from the past. Rules do not see it, so nothing starts or stops firing meanwhile."""
        self._frozen = self.book.firing()
        self._scores(block)

    def remember(self, block: Block) -> None:
        """Fill the windows of the rules with the past, scores excepted, without raising anything."""
        self.book.warm(block.times, block.values, block.age, self._no_scores(block))

    def accustom(self, block: Block) -> None:
        """Show rows of the distant past, whole minutes, to the windows that need no others; `remember` comes next."""
        self.book.learn(block.times, block.values, block.age, self._no_scores(block))

    def _no_scores(self, block: Block) -> dict[str, Floats]:
        return dict.fromkeys(self.detectors, np.full(block.age.shape[:2], np.nan))

    def _evaluate(self, block: Block) -> list[Finding]:
        scores = self._no_scores(block) if self.waiting else self._scores(block)
        transitions = self.book.update(block.times, block.values, block.age, scores)
        return [Finding(transition, self._explain(transition)) for transition in transitions]

    def _explain(self, transition: Transition) -> dict[str, Explanation]:
        """Ask each detector whose score is among the evidence; a cleared alert needs no explanation."""
        if transition.change == "cleared":
            return {}
        named = (name.removeprefix("score.") for name in transition.evidence if name.startswith("score."))
        return {name: self.detectors[name].explain(transition.row) for name in named}

    def _scores(self, block: Block) -> dict[str, Floats]:
        if not self.detectors:
            return {}
        scores = {
            name: detector.update(block.times, block.values, block.age, self._frozen)
            for name, detector in self.detectors.items()
        }
        self.scores = {name: score[-1] for name, score in scores.items()}
        self.learnt_until = float(block.times[-1])
        return scores

    def _parts(self, block: Block) -> Iterator[Block]:
        """Cut where the freeze of learning is looked up; a live block is nearly always a single part."""
        if not self.detectors:
            yield block
            return
        start = 0
        if self.waiting:
            if start := self._silence(block):
                yield _part(block, 0, start)
            self.waiting = start == len(block.times)
        while start < len(block.times):
            first = block.times[start]
            if first >= self._calm_until:
                self._frozen = self.book.firing()
                self._calm_until = (np.floor(first / FREEZE_STEP_S) + 1.0) * FREEZE_STEP_S
            end = int(np.searchsorted(block.times, self._calm_until, side="left"))
            yield _part(block, start, end)
            start = end

    def _silence(self, block: Block) -> int:
        """How many rows come before the first that shows something newer than what was learnt."""
        heard = block.age.min(axis=(1, 2), initial=np.inf) < block.times - self.learnt_until
        return int(np.append(heard, True).argmax())


def _part(block: Block, start: int, end: int) -> Block:
    if start == 0 and end == len(block.times):
        return block
    return replace(block, times=block.times[start:end], values=block.values[start:end], age=block.age[start:end])
