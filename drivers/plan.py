"""Turns the places of a device's points into as few reads as its limits allow; knows no wire and no value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Table = Literal["coil", "discrete", "holding", "input"]

FUNCTION: dict[Table, int] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
"""The function code that reads each table."""

_BITS_PER_REGISTER = 16

MAX_BITS = 2000
"""Most bits in one read, Modbus application protocol 1.1b3 section 6.1."""


class Place(NamedTuple):
    """Where a point lives: a table, the zero-based address on the wire, and how many registers (or bits) it takes."""

    table: Table
    address: int
    width: int


class Span(NamedTuple):
    """Addresses of a table from `first` to `last`, both included."""

    table: Table
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.table} {self.first}-{self.last}" if self.last > self.first else f"{self.table} {self.first}"


class Slice(NamedTuple):
    """One point's part of a read: the point's column, and its offset from the start in registers (or bits)."""

    point: int
    offset: int


@dataclass(frozen=True, slots=True)
class Read:
    """One request, and which points its answer holds."""

    table: Table
    address: int
    count: int
    slices: tuple[Slice, ...]

    @property
    def size(self) -> int:
        """Bytes of data in the answer."""
        return -(-self.count // 8) if is_bits(self.table) else 2 * self.count

    def __str__(self) -> str:
        return str(Span(self.table, self.address, self.address + self.count - 1))


def is_bits(table: Table) -> bool:
    """Whether the table holds single bits rather than registers."""
    return table in ("coil", "discrete")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a device allows in one read: so many registers or bits, and so many that are read in vain between points.

    No read touches `forbidden`, and none spans both sides of a cut, which is the first address of the right side.
    """

    registers: int = 125
    bits: int = MAX_BITS
    gap: int = 8
    forbidden: tuple[Span, ...] = ()
    cuts: frozenset[tuple[Table, int]] = frozenset()

    def size(self, table: Table) -> int:
        """Most addresses of a table in one read."""
        return min(self.bits, MAX_BITS) if is_bits(table) else self.registers

    def bridge(self, table: Table) -> int:
        """Most addresses of a table between two points of one read."""
        return self.gap * _BITS_PER_REGISTER if is_bits(table) else self.gap

    def parted(self, table: Table, left: int, right: int) -> bool:
        """Whether a read may not go on from address `left` to a point at `right`."""
        if any(span.table == table and left <= span.last and span.first < right for span in self.forbidden):
            return True
        return bool(self.cuts) and any((table, address) in self.cuts for address in range(left, right + 1))


USUAL = Limits()


def plan(places: Sequence[Place], limits: Limits = USUAL) -> tuple[Read, ...]:
    """Cover every place by exactly one read; `places[i]` is column i. A place wider than the limit is a ValueError."""
    runs: list[_Run] = []
    for column, place in sorted(enumerate(places), key=lambda item: item[1]):
        if place.width > limits.size(place.table):
            raise ValueError(f"{place} is wider than one read of {limits.size(place.table)}")
        if not (runs and runs[-1].take(column, place, limits)):
            runs.append(_Run(column, place))
    return tuple(run.read() for run in runs)


class _Run:
    """A read while it grows."""

    def __init__(self, column: int, place: Place) -> None:
        self.table, self.start, self.end = place.table, place.address, place.address + place.width
        self.columns = [(column, place.address)]

    def take(self, column: int, place: Place, limits: Limits) -> bool:
        """Grow over the place, unless it is another table's, too far off, too much or behind a wall."""
        end = max(self.end, place.address + place.width)
        if place.table != self.table or place.address > self.end + limits.bridge(self.table):
            return False
        if end - self.start > limits.size(self.table):
            return False
        if place.address >= self.end and limits.parted(self.table, self.end, place.address):
            return False
        self.end = end
        self.columns.append((column, place.address))
        return True

    def read(self) -> Read:
        slices = tuple(Slice(column, address - self.start) for column, address in self.columns)
        return Read(self.table, self.start, self.end - self.start, slices)
