"""Gathers fresh readings of each profile into drafts of a chunk, and says when a draft is full. Pure bookkeeping."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.core.types import Fleet, Fresh
from gateway.history.chunk import Chunk, pack
from gateway.history.columns import join, select
from gateway.history.file import HistoryFile

FULL = 131_072
"""Values (not readings) in a full chunk: 1 MiB before compression."""


@dataclass(slots=True)
class Draft:
    """A chunk in the making. It may be saved several times; each save takes the place of the one before."""

    fleet: Fleet
    parts: list[Fresh] = field(default_factory=list)
    values: int = 0
    readings: int = 0
    number: int | None = None  # in the file, once saved
    saves: int = 0
    saved: int = 0  # readings

    def add(self, fresh: Fresh) -> None:
        """Take more readings."""
        self.parts.append(fresh)
        self.values += fresh.values.size
        self.readings += len(fresh.rows)

    def save(self, file: HistoryFile) -> float:
        """Write what is there; the last instant of it is returned."""
        chunk = Chunk.of(join(self.fleet, self.parts))
        start, end = float(chunk.rows.min()), float(chunk.rows.max())
        self.number = file.save(chunk.profile, start, end, pack(chunk), replaces=self.number)
        self.saves += 1
        self.saved = self.readings
        return end


class Packer:
    """One open draft per profile."""

    def __init__(self) -> None:
        self.open: dict[str, Draft] = {}

    def add(self, fresh: Fresh) -> Iterator[Draft]:
        """Add readings and yield the drafts that became full, or whose fleet has changed."""
        profile = fresh.fleet.profile.profile
        for piece in _pieces(fresh):
            draft = self.open.get(profile)
            if draft is not None and draft.fleet is not fresh.fleet:
                yield self.open.pop(profile)
                draft = None
            draft = draft or self.open.setdefault(profile, Draft(fresh.fleet))
            draft.add(piece)
            if draft.values >= FULL:
                yield self.open.pop(profile)


def _pieces(fresh: Fresh) -> Iterator[Fresh]:
    """Cut a long stretch, such as a prefilled fortnight, so that no chunk grows beyond its bound."""
    most = max(1, FULL // len(fresh.fleet.profile.points))
    if len(fresh.rows) <= most:
        yield fresh
        return
    for first in range(0, len(fresh.rows), most):
        yield select(fresh, slice(first, first + most))
