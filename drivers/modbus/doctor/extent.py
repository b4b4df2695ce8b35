"""Finds which addresses of a table a device lets us read, and how many at once; pure, the asking is the caller's.

From each address on, the longest block that is answered is searched: first as much as the standard allows, then by
halving. A device says no to a whole block for one address that it lacks, for a length that it dislikes, or because the
block cuts a value in half; which of them it was is found out by further questions.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from drivers.plan import MAX_BITS, Read, Span, Table, is_bits

MAX_REGISTERS = 125
_HOLES_UNTIL_PAIRS = 4  # so many single registers must be refused in a row before pairs are tried


class Reply(Enum):
    """What became of a question."""

    ANSWERED = auto()
    REFUSED = auto()  # exceptions 2 and 3, or another one that does not go away
    NO_TABLE = auto()  # exception 1: the device does not know this function


class Extent(NamedTuple):
    """What can be read of a table.

    `largest` is the longest block that was answered; `limited` says that a longer one was refused though all of its
    addresses can be read. `walls` are addresses that are read, but not together with the one before.
    `pairs`: single registers are refused, two are not.
    """

    table: Table
    spans: tuple[Span, ...]
    holes: tuple[Span, ...]
    largest: int
    limited: bool
    walls: tuple[int, ...]
    pairs: bool
    exists: bool = True


Search = Generator[Read, Reply, Extent]


@dataclass(slots=True)
class _Known:
    """What has been found so far."""

    table: Table
    most: int  # the longest block worth a try
    spans: list[Span] = field(default_factory=list)
    holes: list[Span] = field(default_factory=list)
    walls: list[int] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)  # walls on whose left side stands a single address
    largest: int = 0
    limited: bool = False
    single: bool = False  # a single register has been answered
    step: int = 1

    def took(self, first: int, count: int) -> None:
        """Addresses can be read."""
        self.largest = max(self.largest, count)
        self.single |= count == 1
        _add(self.spans, Span(self.table, first, first + count - 1))

    def lacks(self, address: int) -> None:
        """An address cannot be read."""
        _add(self.holes, Span(self.table, address, address))

    @property
    def may_want_pairs(self) -> bool:
        """Whether it may be single registers that are refused."""
        if self.single or is_bits(self.table):
            return False
        return not self.holes or self.holes[-1].last - self.holes[-1].first < _HOLES_UNTIL_PAIRS

    def limit(self, length: int) -> None:
        """Longer blocks are refused."""
        self.most, self.limited = length, True

    def wall(self, address: int, left: int) -> None:
        """A block is refused though both of its sides can be read. Where that is so again and again, it is the size."""
        self.walls.append(address)
        if left > self.step:
            return
        self.alone.append(address)
        if len(self.alone) > 1:
            self.walls = [wall for wall in self.walls if wall not in self.alone]
            self.limit(self.step)

    def extent(self, *, exists: bool = True) -> Extent:
        """What it comes to."""
        parts = tuple(self.spans), tuple(self.holes)
        return Extent(self.table, *parts, self.largest, self.limited, tuple(self.walls), self.step > 1, exists)


def search(table: Table, first: int, count: int) -> Search:
    """Search within [first, first + count). Yields the next read to try, takes what became of it.

    It costs a question for each address that is not there, and about 2 log2 of the length for each stretch that is.
    """
    known = _Known(table, MAX_BITS if is_bits(table) else MAX_REGISTERS)
    at, end, hopeful = first, first + count, True
    while at < end:
        longest = min(known.most, end - at)
        if hopeful:
            reply = yield Read(table, at, longest, ())
            if reply is Reply.NO_TABLE and at == first:
                return known.extent(exists=False)
            length = longest if reply is Reply.ANSWERED else (yield from _longest(known, at, longest))
        else:
            length = yield from _longest(known, at, longest + 1, doubling=True)
        if length:
            known.took(at, length)
            yield from _boundary(known, at, length, end)
        else:
            known.lacks(at)
        at += max(1, length)
        hopeful = bool(length)  # after a hole mostly comes another one
    return known.extent()


def _longest(known: _Known, at: int, bad: int, *, doubling: bool = False) -> Generator[Read, Reply, int]:
    """The longest block from an address on that is answered, shorter than `bad`; 0 if there is none."""
    good = 0
    for first in (1, 2) if known.step == 1 and known.may_want_pairs else (known.step,):
        if not good and first < bad and (yield Read(known.table, at, first, ())) is Reply.ANSWERED:
            good = known.step = first
    while good and bad - good > known.step:
        half = (bad - good) // 2 // known.step * known.step
        tried = min(2 * good, bad - known.step) if doubling else good + max(known.step, half)
        if (yield Read(known.table, at, tried, ())) is Reply.ANSWERED:
            good = tried
        else:
            bad, doubling = tried, False
    return good


def _boundary(known: _Known, at: int, length: int, end: int) -> Generator[Read, Reply, None]:
    """Find out why a block ends: at a hole, at a wall between two readable parts, or because it is long enough."""
    after = at + length
    if after + known.step > end or length >= known.most:
        return
    if (yield Read(known.table, after, known.step, ())) is not Reply.ANSWERED:
        return
    if length > known.step and (yield Read(known.table, at + known.step, length, ())) is Reply.ANSWERED:
        known.limit(length)
    else:
        known.wall(after, length)


def _add(spans: list[Span], span: Span) -> None:
    if spans and spans[-1].last + 1 == span.first:
        spans[-1] = spans[-1]._replace(last=span.last)
    else:
        spans.append(span)
