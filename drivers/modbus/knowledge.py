"""What a device has taught us about its registers: where a read must not go on, and what it refuses.

It survives restarts, as plain data that the gateway keeps in a file. What was learnt about another register map is
forgotten.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from drivers.codec import Decoder
from drivers.modbus.profile import ModbusProfile
from drivers.plan import Limits, Read, Table, plan
from drivers.survey import Found

Spot = tuple[Table, int]
"""A table and a first address."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """`cuts`: addresses on whose two sides no read lies. `refused`: first addresses of points that are refused."""

    cuts: frozenset[Spot] = frozenset()
    refused: frozenset[Spot] = frozenset()

    def learn(self, found: Found) -> "Knowledge":
        """Add what a search has found."""
        return Knowledge(self.cuts | found.cuts, self.refused | found.refused)

    def answered(self, read: Read) -> "Knowledge":
        """Where a stretch that was refused is there again, it and its neighbours may be read together again."""
        there = self.refused & {(read.table, address) for address in range(read.address, read.address + read.count)}
        if not there:
            return self
        ends = {(read.table, read.address), (read.table, read.address + read.count)}
        return Knowledge(self.cuts - ends, self.refused - there)

    def notes(self, profile: ModbusProfile) -> dict[str, Any]:
        """What is to be kept over a restart."""
        return {"map": fingerprint(profile), "cuts": sorted(self.cuts), "refused": sorted(self.refused)}

    @classmethod
    def of(cls, notes: Any, profile: ModbusProfile) -> "Knowledge":
        """Take up what was kept; nothing if the register map is another one or the notes make no sense."""
        if not isinstance(notes, Mapping) or notes.get("map") != fingerprint(profile):
            return cls()
        return cls(_spots(notes.get("cuts")), _spots(notes.get("refused")))


@dataclass(frozen=True, slots=True)
class Layout:
    """A profile made ready: its reads, how often each is due, which are refused, and the decoder of the answers."""

    reads: tuple[Read, ...]
    every_s: tuple[float, ...]
    """0 for those of every poll."""
    refused: tuple[bool, ...]
    decoder: Decoder

    @classmethod
    def of(cls, profile: ModbusProfile, knowledge: Knowledge) -> "Layout":
        """Plan and compile. Points with a pace of their own have reads of their own."""
        limits = replace(profile.limits, cuts=knowledge.cuts)
        paces = sorted({point.every or 0.0 for point in profile.points})
        of_pace = [(pace, read) for pace in paces for read in _reads(profile, pace, limits)]
        refused = tuple((read.table, read.address) in knowledge.refused for _, read in of_pace)
        reads = tuple(read for _, read in of_pace)
        return cls(reads, tuple(pace for pace, _ in of_pace), refused, Decoder(profile.encodings, reads))


def _reads(profile: ModbusProfile, pace_s: float, limits: Limits) -> Iterable[Read]:
    columns = [i for i, point in enumerate(profile.points) if (point.every or 0.0) == pace_s]
    places = profile.places
    for read in plan([places[i] for i in columns], limits):
        slices = tuple(part._replace(point=columns[part.point]) for part in read.slices)
        yield replace(read, slices=slices)


def fingerprint(profile: ModbusProfile) -> int:
    """Of where the points lie: another map makes what was learnt about the old one worthless."""
    return zlib.crc32(repr([tuple(place) for place in profile.places]).encode())


def _spots(written: Any) -> frozenset[Spot]:
    if not isinstance(written, list):
        return frozenset()
    tables: dict[Any, Table] = {"coil": "coil", "discrete": "discrete", "holding": "holding", "input": "input"}
    return frozenset(
        (tables[spot[0]], spot[1])
        for spot in written
        if isinstance(spot, list | tuple) and [type(part) for part in spot] == [str, int] and spot[0] in tables
    )
