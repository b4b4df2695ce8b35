"""Plays a rule test through the daemon's own engine and desk, and judges what the rules did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gateway.core.messages import Language
from gateway.core.types import Block, Floats
from gateway.tickets.desk import Desk
from gateway.tickets.terms import Terms
from gateway.workbench.testing.holding import Holding, holdings
from gateway.workbench.testing.judge import Event, Failure, judge
from gateway.workbench.testing.kit import Kit
from gateway.workbench.testing.stage import Stage, set_up
from gateway.workbench.testing.subject import Subject
from gateway.workbench.testing.testfile import RuleTest
from rules.rule import LevelName
from rules.vocabulary import SAID, Frame, Vocabulary

LANGUAGES: tuple[Language, Language] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a test."""

    test: RuleTest
    events: tuple[Event, ...]
    failures: tuple[Failure, ...]
    seen: Mapping[str, Floats]
    """What the rules saw of each point that had a value, and of each detector: [T]."""
    held: Mapping[str, Mapping[LevelName, Holding]]
    """Where the conditions of each rule that failed the test held."""

    @property
    def passed(self) -> bool:
        """Whether everything came as expected, and nothing else."""
        return not self.failures


def play(test: RuleTest, subject: Subject, kit: Kit) -> Verdict:
    """Run one test."""
    stage = set_up(test, subject, kit)
    blocks = list(stage.blocks)
    events = tuple(_events(stage, blocks, subject, kit))
    failures = judge(test, events)
    failed = dict.fromkeys(failure.rule for failure in failures)
    words = subject.vocabulary(test.device.ratings if test.device else {})
    frame = _frame(stage, blocks, words)
    held = {rule: holdings(subject.rules[rule], words, frame) for rule in failed}
    return Verdict(test, events, failures, _seen(stage, frame), held)


def _events(stage: Stage, blocks: Sequence[Block], subject: Subject, kit: Kit) -> Iterator[Event]:
    """Everything that the rules do, with the ticket that each change leads to."""
    desks = [Desk(Terms("test", language, kit.policies), subject.rules) for language in LANGUAGES]
    (device,) = stage.engine.fleet.devices
    for block in blocks:
        for finding in stage.engine.evaluate(block):
            change, why = finding.transition, finding.explanations
            decided = {desk.terms.language: desk.receive(device, change, change.time, why) for desk in desks}
            tickets = {language: decision.ticket for language, decision in decided.items()}
            told = next((message.event for message in decided["en"].messages), "none")
            yield Event(stage.begin, change, tickets, told)


def _frame(stage: Stage, blocks: Sequence[Block], words: Vocabulary) -> Frame:
    """The whole test in one frame."""
    times = np.concatenate([block.times for block in blocks])
    values, age = (np.concatenate([getattr(block, name) for block in blocks]) for name in ("values", "age"))
    said: dict[str, Floats] = {}
    for name, detector in stage.detectors.items():
        told, heard = (np.concatenate(column, axis=-1) for column in zip(*detector.said, strict=True))
        shown = heard[:, told >= stage.begin, None]
        said |= {f"{what}.{name}": values for what, values in zip(SAID, shown, strict=True)}
    return Frame(times, values, age, said, words.calendar)


def _seen(stage: Stage, frame: Frame) -> dict[str, Floats]:
    names = stage.engine.fleet.profile.names
    seen = {name: frame.values[:, 0, i] for i, name in enumerate(names)}
    seen |= {name: said[:, 0] for name, said in frame.scores.items()}
    return {name: values for name, values in seen.items() if not np.isnan(values).all()}
