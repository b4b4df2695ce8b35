"""Blocks in, transitions out: detectors append score columns, rules read them like any other point.

This is the only evaluation path. The live daemon, the rule tests and a backtest hand it blocks of different lengths,
and nothing else differs. It has no clock, no file and no socket.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from gateway.core.types import Block, Fleet, Floats
from gateway.pipeline.hindsight import Hindsight
from gateway.pipeline.lessons import Lesson
from models.detector import Detector, Explanation
from rules.book import Book
from rules.rule import Transition
from rules.vocabulary import SAID

LEARN_STEP_S = 60.0
"""Between readings, whoever shows detectors the past does so at this step."""
FREEZE_STEP_S = 900.0
"""A device with a firing alert is not learnt from. Whether one fires is looked up at these instants, so that it does
not depend on how the rows were cut into blocks."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A transition, and why the detectors whose scores its rule reads saw the device as they did in its row."""

    transition: Transition
    explanations: Mapping[str, Explanation]


class Engine:
    """Evaluates the rules of one fleet."""

    def __init__(self, fleet: Fleet, detectors: Mapping[str, Detector], book: Book) -> None:
        self.fleet = fleet
        self.detectors = detectors
        self.book = book
        self.scores: dict[str, Floats] = {}  # [D] by name, as `score.usual`, as of the last row
        self.learnt_until = -np.inf  # time of the last row that the detectors were shown
        self.waiting = True
        """Its detectors are shown no row before the first that is news to them. How long a start takes until a device
        is heard must change no score, for a backtest cannot know it."""
        self.learns = bool(detectors)
        """Whether its detectors learn: then blocks are cut where it is looked up whom they must not learn from."""
        self.listener: Callable[[Floats, Mapping[str, Floats]], None] | None = None
        """Is told what detectors say in the rows that the rules see: times[T], and [T, D] by name."""
        self._calm_until = -np.inf
        self._frozen = np.zeros(len(fleet.devices), dtype=np.bool_)
        self._lessons: list[Lesson] = []  # not taken up yet, in order of time
        self._accepted_at = np.full(len(fleet.devices), -np.inf)  # [D] time of the last one taken up

    def evaluate(self, block: Block) -> list[Finding]:
        """Run detectors and rules over a block; transitions in order of time."""
        return [finding for part in self._parts(block) for finding in self._evaluate(part)]

    def teach(self, lessons: Iterable[Lesson], known_until: float = -np.inf) -> None:
        """Take up what people said of devices, each before the first row later than it.

        The detectors that have learnt up to `known_until` know of the lessons before. That an alert which rose before
        a lesson does not keep its device from being learnt from holds for all of them.
        """
        for lesson in sorted(lessons):
            if lesson.time < known_until:
                self._accepted_at[lesson.row] = lesson.time
            else:
                self._lessons.append(lesson)
        self._lessons.sort()

    def learn(self, block: Block) -> None:
        """Let the detectors learn from the past. Rules do not see it, so nothing starts or stops firing meanwhile."""
        start = 0
        while start < len(block.times):
            self._take_up_lessons(block.times[start])
            self._frozen = self.book.firing(self._accepted_at)
            end = self._next_lesson(block)
            self._scores(_part(block, start, end))
            start = end

    def remember(self, block: Block) -> None:
        """Fill the windows of the rules with the past, scores excepted, without raising anything."""
        self.book.warm(block.times, block.values, block.age, self._no_scores(block))

    def accustom(self, block: Block) -> None:
        """Show rows of the distant past, whole minutes, to the windows that need no others; `remember` comes next."""
        self.book.learn(block.times, block.values, block.age, self._no_scores(block))

    @property
    def said(self) -> tuple[str, ...]:
        """What its detectors say, as rules write it."""
        return tuple(f"{what}.{name}" for name in self.detectors for what in SAID)

    def _no_scores(self, block: Block) -> dict[str, Floats]:
        return dict.fromkeys(self.said, np.full(block.age.shape[:2], np.nan))

    def _evaluate(self, block: Block) -> list[Finding]:
        past = Hindsight(self.detectors, block, self._frozen) if len(block.times) > 1 and not self.waiting else None
        scores = self._no_scores(block) if self.waiting else self._scores(block)
        if self.listener is not None:
            self.listener(block.times, scores)
        transitions = self.book.update(block.times, block.values, block.age, scores)
        return [Finding(transition, self._explain(transition, past)) for transition in transitions]

    def _explain(self, transition: Transition, past: Hindsight | None) -> dict[str, Explanation]:
        """Ask each detector whose word is among the evidence; a cleared alert needs no explanation."""
        named = dict.fromkeys(name.partition(".")[2] for name in transition.evidence if name in self.said)
        if transition.change == "cleared" or not named:
            return {}
        detectors = past.at(transition.time) if past else self.detectors
        return {name: detectors[name].explain(transition.row) for name in named}

    def _scores(self, block: Block) -> dict[str, Floats]:
        if not self.detectors:
            return {}
        scores: dict[str, Floats] = {}
        for name, detector in self.detectors.items():
            scores[f"score.{name}"] = detector.update(block.times, block.values, block.age, self._frozen)
            scores[f"health.{name}"] = detector.health()
            scores[f"others.{name}"] = detector.others()
        self.scores = {name: score[-1] for name, score in scores.items()}
        self.learnt_until = float(block.times[-1])
        return scores

    def _parts(self, block: Block) -> Iterator[Block]:
        """Cut where the freeze of learning is looked up and at lessons; a live block is nearly always a single part."""
        if not self.learns:
            yield block
            return
        start = 0
        if self.waiting:
            if start := self._silence(block):
                yield _part(block, 0, start)
            self.waiting = start == len(block.times)
        while start < len(block.times):
            first = block.times[start]
            self._take_up_lessons(first)
            if first >= self._calm_until:
                self._frozen = self.book.firing(self._accepted_at)
                self._calm_until = (np.floor(first / FREEZE_STEP_S) + 1.0) * FREEZE_STEP_S
            end = min(int(np.searchsorted(block.times, self._calm_until, side="left")), self._next_lesson(block))
            yield _part(block, start, end)
            start = end

    def _take_up_lessons(self, before: float) -> None:
        """Those that were given before this row, in order of time."""
        while self._lessons and self._lessons[0].time < before:
            lesson = self._lessons.pop(0)
            self._accepted_at[lesson.row] = lesson.time
            device = np.arange(len(self.fleet.devices)) == lesson.row
            for name in lesson.detectors:
                if name in self.detectors:
                    self.detectors[name].accept(device)
            self._frozen = np.where(device, self.book.firing(self._accepted_at), self._frozen)

    def _next_lesson(self, block: Block) -> int:
        """The first row that comes after a lesson which has not been taken up."""
        if not self._lessons:
            return len(block.times)
        return int(np.searchsorted(block.times, self._lessons[0].time, side="right"))

    def _silence(self, block: Block) -> int:
        """How many rows come before the first that shows something newer than what was learnt."""
        heard = block.age.min(axis=(1, 2), initial=np.inf) < block.times - self.learnt_until
        return int(np.append(heard, True).argmax())


def _part(block: Block, start: int, end: int) -> Block:
    if start == 0 and end == len(block.times):
        return block
    return replace(block, times=block.times[start:end], values=block.values[start:end], age=block.age[start:end])
