"""Plays a rule test through the daemon's own engine and desk, and judges what the rules did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gateway.core.messages import Language
from gateway.core.types import Block, Floats
from gateway.tickets.desk import Desk
from gateway.workbench.judge import Event, Failure, judge
from gateway.workbench.kit import Kit
from gateway.workbench.stage import Stage, set_up
from gateway.workbench.subject import Subject
from gateway.workbench.testfile import RuleTest

LANGUAGES: tuple[Language, Language] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a test."""

    test: RuleTest
    events: tuple[Event, ...]
    failures: tuple[Failure, ...]
    seen: Mapping[str, Floats]
    """What the rules saw of each point that had a value, and of each score: [T]."""

    @property
    def passed(self) -> bool:
        """Whether everything came as expected, and nothing else."""
        return not self.failures


def play(test: RuleTest, subject: Subject, kit: Kit) -> Verdict:
    """Run one test."""
    stage = set_up(test, subject, kit)
    blocks = list(stage.blocks)
    events = tuple(_events(stage, blocks, subject, kit))
    return Verdict(test, events, judge(test, events), _seen(stage, blocks))


def _events(stage: Stage, blocks: Sequence[Block], subject: Subject, kit: Kit) -> Iterator[Event]:
    """Everything that the rules do, with the ticket that each change leads to."""
    desks = [Desk("test", language, subject.rules, kit.policies) for language in LANGUAGES]
    (device,) = stage.engine.fleet.devices
    for block in blocks:
        for finding in stage.engine.evaluate(block):
            change, why = finding.transition, finding.explanations
            tickets = {desk.language: desk.receive(device, change, change.time, why).ticket for desk in desks}
            yield Event(stage.begin, change, tickets)


def _seen(stage: Stage, blocks: Sequence[Block]) -> dict[str, Floats]:
    values = np.concatenate([block.values[:, 0] for block in blocks])
    names = stage.engine.fleet.profile.names
    seen = {name: values[:, i] for i, name in enumerate(names) if not np.isnan(values[:, i]).all()}
    for name, detector in stage.detectors.items():
        scores = np.concatenate([scores[times >= stage.begin] for times, scores in detector.said])
        if not np.isnan(scores).all():
            seen[f"score.{name}"] = scores
    return seen
