"""How far a record can be trusted: how much of the time something is known of each device, and when all was silent."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Block, Fleet
from gateway.workbench.backtest.outcome import Span

Bools = NDArray[np.bool_]

SILENT_S = 600.0
"""A shorter silence of the whole site is not worth a word."""


class Attendance:
    """Counts, block by block, what is known of the devices of a fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.silences: list[Span] = []
        self._rows = 0
        self._known = np.zeros(len(fleet.devices), np.int64)
        self._silent_since: float | None = None

    def see(self, block: Block) -> None:
        """Count a block; they come in order."""
        known: Bools = np.logical_not(np.isnan(block.values).all(axis=2))
        self._rows += len(known)
        self._known += known.sum(axis=0)
        heard: Bools = np.append(self._silent_since is None, known.any(axis=1))
        for row in np.flatnonzero(heard[1:] != heard[:-1]):
            self._turn(float(block.times[row]))

    def finish(self, end: float) -> None:
        """Nothing comes any more."""
        if self._silent_since is not None:
            self._turn(end)

    @property
    def share(self) -> float:
        """Share of the time for which something is known of a device; the mean of the devices."""
        return float(self._known.mean()) / self._rows if self._rows else 0.0

    @property
    def unheard(self) -> tuple[str, ...]:
        """Devices of which nothing is known at any time."""
        return tuple(device for device, known in zip(self.fleet.ids, self._known, strict=True) if not known)

    def _turn(self, time: float) -> None:
        """The fleet fell silent, or spoke again."""
        since, self._silent_since = self._silent_since, time
        if since is not None:
            self._silent_since = None
            if time - since >= SILENT_S:
                self.silences.append((since, time))


def common(silences: Iterable[Sequence[Span]]) -> tuple[Span, ...]:
    """When all were silent at once."""
    first, *others = silences
    shared = tuple(first)
    for each in others:
        shared = tuple(_overlaps(shared, each))
    return shared


def _overlaps(one: Sequence[Span], other: Sequence[Span]) -> Iterator[Span]:
    """The long ones; spans come in order and do not touch each other."""
    i = j = 0
    while i < len(one) and j < len(other):
        since, until = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if until - since >= SILENT_S:
            yield since, until
        if one[i][1] == until:
            i += 1
        else:
            j += 1
