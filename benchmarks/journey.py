"""The whole way of a backtest: from a history file through the engine to the tickets that there would have been."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import thread_time

from benchmarks.month import START, Month, in_blocks, words
from gateway.core.policy import Policy
from gateway.history.file import HistoryFile
from gateway.history.packer import Packer
from gateway.history.recording import Recording
from gateway.pipeline.engine import Engine
from gateway.tickets.desk import Desk
from gateway.tickets.raising import DEFAULT_POLICY
from gateway.tickets.terms import Terms
from rules.book import Book
from rules.rule import Rule

_MOST_BYTES = 1 << 32


@dataclass(frozen=True, slots=True)
class Journey:
    """What one way through the month took, in CPU seconds, and what it did."""

    read_s: float
    whole_s: float
    readings: int
    evaluations: int
    tickets: int


def write(month: Month, path: Path) -> None:
    """Write the month as the daemon would have."""
    file, packer = HistoryFile(path, _MOST_BYTES), Packer()
    try:
        for fresh in month.fresh(month.fleet, START, month.end):
            for draft in packer.add(fresh):
                draft.save(file)
        for draft in packer.open.values():
            draft.save(file)
    finally:
        file.close()


def journey(path: Path, month: Month, rules: Sequence[Rule]) -> Journey:
    """Play the file back; nobody closes a ticket."""
    fleet, devices = month.fleet, len(month.fleet.devices)
    engine = Engine(fleet, {}, Book(rules, words(devices)))
    desk = Desk(
        Terms("bench", "en", dict.fromkeys(DEFAULT_POLICY.values(), Policy())), {rule.id: rule for rule in rules}
    )
    rows, read_s, began = 0, 0.0, thread_time()
    with Recording(path) as past:
        blocks = in_blocks(past, fleet, month.end)
        while True:
            asked = thread_time()
            block = next(blocks, None)
            read_s += thread_time() - asked
            if block is None:
                break
            for finding in engine.evaluate(block):
                transition = finding.transition
                desk.receive(fleet.devices[transition.row], transition, transition.time, finding.explanations)
            rows += len(block.times)
    whole_s, cells = thread_time() - began, rows * devices
    readings, evaluations = cells * len(fleet.profile.points), cells * len(rules)
    return Journey(read_s, whole_s, readings, evaluations, len(desk.open_tickets))
