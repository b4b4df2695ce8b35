"""Finds out what a device lets us read, when it refuses a read of several points: pure, the asking is the caller's.

Most devices refuse a whole read for one address that they do not have, and some for its length. Instead of giving up
all of its points, or asking for each by itself for ever, the longest reads that work are searched by halving.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from drivers.plan import Place, Read, Table


@dataclass(frozen=True, slots=True)
class Found:
    """Where reads must be cut (the first address of the right side), and which stretches are refused by themselves."""

    cuts: frozenset[tuple[Table, int]]
    refused: frozenset[tuple[Table, int]]
    """First addresses."""
    any_answered: bool


def survey(read: Read, places: Sequence[Place]) -> Generator[Read, bool, Found]:
    """Search within a read that was refused. Yields the next read to try, takes whether it was answered.

    `places[i]` is that of column i. It costs about 2 log2 N reads for each wall among N points.
    """
    stretches = _stretches(read, places)
    cuts: set[tuple[Table, int]] = set()
    refused: set[tuple[Table, int]] = set()
    answered = False
    first, count = 0, len(stretches)
    while first < count:
        if first and (yield _read(read.table, stretches[first:])):  # that the whole is refused is known
            return Found(frozenset(cuts), frozenset(refused), any_answered=True)
        good, bad = first - 1, count - 1
        while bad - good > 1:
            middle = (good + bad) // 2
            if (yield _read(read.table, stretches[first : middle + 1])):
                good = middle
            else:
                bad = middle
        if good < first:
            refused.add((read.table, stretches[first][0]))
            cuts |= {(read.table, address) for address in stretches[first]}
            first += 1
        else:
            answered = True
            cuts.add((read.table, stretches[bad][0]))
            first = bad
    return Found(frozenset(cuts), frozenset(refused), answered)


class Search:
    """A survey that can be interrupted: `trial` is the read to try next, None once all is `found`.

    The whole is tried once more before, because a single refusal may be a slip, and what is found is kept for good.
    """

    def __init__(self, read: Read, places: Sequence[Place]) -> None:
        self._steps = survey(read, places)
        self._begun = False
        self.trial: Read | None = read
        self.found: Found | None = None

    def tried(self, *, answered: bool) -> None:
        """Take what became of the trial."""
        if not self._begun and answered:
            self.trial, self.found = None, Found(frozenset(), frozenset(), any_answered=True)
            return
        try:
            self.trial = self._steps.send(answered) if self._begun else next(self._steps)
        except StopIteration as end:
            self.trial, self.found = None, end.value
        self._begun = True


def _stretches(read: Read, places: Sequence[Place]) -> list[tuple[int, int]]:
    """The read's points as (first address, address after the last); those that overlap are one."""
    found: list[tuple[int, int]] = []
    for column, offset in read.slices:
        start = read.address + offset
        end = start + places[column].width
        if found and start < found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _read(table: Table, stretches: Sequence[tuple[int, int]]) -> Read:
    start, end = stretches[0][0], stretches[-1][1]
    return Read(table, start, end - start, ())
