"""Points that lie in the same bits: a status word and its single bits, one register under two names.

Bits can show only one thing, so the first of such points owns them and the others follow from it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from simulators.encoding import Patterns, Spot


class Part(NamedTuple):
    """Bit `bit` of a point's registers is bit `owner_bit` of the owner's."""

    bit: int
    owner: int  # column
    owner_bit: int


def order(spots: Sequence[Spot]) -> list[int]:
    """The columns in the order in which they claim bits: sources of others first, then the widest."""
    sources = {spot.factor[0] for spot in spots if spot.factor} | {spot.addend for spot in spots}
    return sorted(range(len(spots)), key=lambda column: (column not in sources, -spots[column].bits))


def shares(spots: Sequence[Spot]) -> Mapping[int, Sequence[Part]]:
    """The columns of points that are not the first in their bits, and which of their bits belong to whom."""
    owners: dict[tuple[str, int, int], tuple[int, int]] = {}
    found: dict[int, list[Part]] = {}
    for column in order(spots):
        spot = spots[column]
        mine = {bit: _place(spot, bit) for bit in range(spot.shift, spot.shift + spot.bits)}
        parts = [Part(bit, *owners[place]) for bit, place in mine.items() if place in owners]
        if parts:
            found[column] = parts
        for bit, place in mine.items():
            owners.setdefault(place, (column, bit))
    return found


def follow(parts: Sequence[Part], patterns: Mapping[int, Patterns]) -> Patterns:
    """The bits [T] of a point that follows from others."""
    bits = [(patterns[part.owner] >> part.owner_bit & 1) << part.bit for part in parts]
    joined: Patterns = np.bitwise_or.reduce(bits)
    return joined


def _place(spot: Spot, bit: int) -> tuple[str, int, int]:
    """Where one bit of a value lies: table, address and bit of that register."""
    for address, word in enumerate(spot.words(1 << bit), spot.address):
        if word:
            return spot.table, address, word.bit_length() - 1
    raise AssertionError("every bit lies somewhere")
