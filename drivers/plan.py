"""Turns the places of a device's points into as few reads as its limits allow; knows no wire and no value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Table = Literal["coil", "discrete", "holding", "input"]

FUNCTION: dict[Table, int] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
"""The function code that reads each table."""

_BITS_PER_REGISTER = 16
_MAX_BITS = 2000  # per read, Modbus application protocol 1.1b3 section 6.1


class Place(NamedTuple):
    """Where a point lives: a table, the zero-based address on the wire, and how many registers (or bits) it takes."""

    table: Table
    address: int
    width: int


class Slice(NamedTuple):
    """One point's part of a read: the point's column, and its offset from the start in registers (or bits)."""

    point: int
    offset: int


@dataclass(frozen=True, slots=True)
class Read:
    """One request, and which points its answer holds; `bridged` if it spans addresses that no point asked for."""

    table: Table
    address: int
    count: int
    slices: tuple[Slice, ...]
    bridged: bool = False

    @property
    def size(self) -> int:
        """Bytes of data in the answer."""
        return -(-self.count // 8) if is_bits(self.table) else 2 * self.count

    def __str__(self) -> str:
        return f"{self.table} {self.address}-{self.address + self.count - 1}"


def is_bits(table: Table) -> bool:
    """Whether the table holds single bits rather than registers."""
    return table in ("coil", "discrete")


def plan(places: Sequence[Place], max_registers: int = 125, max_gap: int = 8) -> tuple[Read, ...]:
    """Cover every place by exactly one read; `places[i]` is column i.

    No read is longer than `max_registers` (or 16 times as many bits, at most 2,000), and two places share a read only
    if at most `max_gap` registers between them are read in vain. A place wider than the limit is a ValueError.
    """
    runs: list[_Run] = []
    for column, place in sorted(enumerate(places), key=lambda item: item[1]):
        limit = _limit(place.table, max_registers)
        if place.width > limit:
            raise ValueError(f"{place} is wider than one read of {limit}")
        gap = max_gap * _BITS_PER_REGISTER if is_bits(place.table) else max_gap
        if not (runs and runs[-1].take(column, place, limit, gap)):
            runs.append(_Run(column, place))
    return tuple(run.read() for run in runs)


def _limit(table: Table, max_registers: int) -> int:
    return min(_MAX_BITS, max_registers * _BITS_PER_REGISTER) if is_bits(table) else max_registers


class _Run:
    """A read while it grows."""

    def __init__(self, column: int, place: Place) -> None:
        self.table, self.start, self.end = place.table, place.address, place.address + place.width
        self.columns = [(column, place.address)]
        self.bridged = False

    def take(self, column: int, place: Place, limit: int, gap: int) -> bool:
        """Grow over the place, unless it is another table's, too far off or too much."""
        end = max(self.end, place.address + place.width)
        if place.table != self.table or place.address > self.end + gap or end - self.start > limit:
            return False
        self.bridged |= place.address > self.end
        self.end = end
        self.columns.append((column, place.address))
        return True

    def read(self) -> Read:
        slices = tuple(Slice(column, address - self.start) for column, address in self.columns)
        return Read(self.table, self.start, self.end - self.start, slices, self.bridged)
