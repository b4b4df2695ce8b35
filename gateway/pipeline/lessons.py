"""What people taught: closings of tickets that a score had raised, as the engine of a fleet takes them up."""

from collections.abc import Iterable
from typing import NamedTuple

from gateway.core.types import Closing, Fleet, Verdict


class Lesson(NamedTuple):
    """From `time` on, what device `row` does is usual for these detectors."""

    time: float
    row: int
    detectors: tuple[str, ...]


def lessons_of(fleet: Fleet, closings: Iterable[Closing]) -> list[Lesson]:
    """The lessons in a ledger that are about these devices. Work that was done teaches nothing."""
    rows = {device: row for row, device in enumerate(fleet.ids)}
    return [
        Lesson(closing.closed_at, rows[closing.device], closing.scores)
        for closing in closings
        if closing.verdict is not Verdict.DONE and closing.scores and closing.device in rows
    ]
