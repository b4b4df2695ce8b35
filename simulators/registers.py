"""One simulated unit's registers: its values, encoded as its profile says."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from drivers.device import Profile
from simulators.encoding import Floats, Spot
from simulators.sharing import shares
from simulators.spots import part, spans, spots

Image = dict[str, dict[int, int]]
"""What each table holds, by address; an address that is absent is a hole."""

_BITS_PER_REGISTER = 16
_BIT_TABLES = ("coil", "discrete")


class RegisterMap:
    """Where a profile's points live.

    Gaps that the profile allows to read over are zero (`max_gap` registers, and as many times 16 bits), wider ones are
    holes, and so is what the profile forbids. `texts` are filled with the profile's name, or the device's where they
    ask for a serial number.
    """

    def __init__(self, profile: Profile, device_id: str = "") -> None:
        self.limit = int(getattr(profile, "max_registers", 125))
        self.bit_limit = min(int(getattr(profile, "max_bits", 2000)), 2000)
        self._spots = spots(profile)
        self._shares = shares(self._spots)
        self._blank = _blank(self._spots, profile, device_id)

    def image(self, values: Sequence[float]) -> Image:
        """All tables of a unit that measures these values [P]."""
        image = {table: dict(cells) for table, cells in self._blank.items()}
        shown = _Shown(self._spots, values)
        for column, spot in enumerate(self._spots):
            if column in self._shares:
                continue  # the point that owns these bits shows them
            cells = image[spot.table]
            for address, word in enumerate(spot.words(shown.pattern(column)), spot.address):
                cells[address] |= word
        return image


class _Shown:
    """The values of one moment, as bits."""

    def __init__(self, spots: Sequence[Spot], values: Sequence[float]) -> None:
        self._spots, self._values = spots, np.array(values, dtype=np.float64)

    def pattern(self, column: int) -> int:
        """The bits of a point. One whose source is unknown is unknown itself."""
        spot, value = self._spots[column], self._values[column : column + 1]
        factor, addend = self._factor(spot), self._source(spot.addend)
        if np.isnan(value + factor + addend)[0]:
            return spot.unknown
        return int(spot.pattern(spot.raw(value, factor, addend))[0])

    def _factor(self, spot: Spot) -> Floats:
        if spot.factor is None:
            return np.ones(1)
        column, how = spot.factor
        return factor_of(self._source(column), how)

    def _source(self, column: int | None) -> Floats:
        """What a source really shows, which is its value at the resolution of its register."""
        if column is None:
            return np.zeros(1)
        source, value = self._spots[column], self._values[column : column + 1]
        return value if np.isnan(value)[0] else source.value(source.raw(value))


def factor_of(source: Floats, how: str) -> Floats:
    """By what the value of a source [T] multiplies others."""
    if how == "factor":
        return source
    powers: Floats = 10.0 ** (source if how == "exponent" else -source)
    return powers


def _blank(spots: Sequence[Spot], profile: Profile, device_id: str) -> Image:
    """The cells that are there, still without values."""
    blank: Image = {}
    for spot in spots:
        cells = blank.setdefault(spot.table, {})
        cells.update(dict.fromkeys(range(spot.address, spot.address + len(spot.words(0))), 0))
    gap = int(getattr(profile, "max_gap", 8))
    for table, cells in blank.items():
        widest = gap * _BITS_PER_REGISTER if table in _BIT_TABLES else gap
        for before, after in pairwise(sorted(cells)):
            if after - before <= widest + 1:
                cells.update(dict.fromkeys(range(before + 1, after), 0))
    for table, addresses in spans(profile):
        for address in addresses:
            blank.get(table, {}).pop(address, None)
    for text in getattr(profile, "texts", ()):
        words = _text(text, device_id if "serial" in part(text, "name") else profile.profile)
        first = int(part(text, "address")) - int(getattr(profile, "address_base", 0))
        blank.setdefault(part(text, "table") or "holding", {}).update(enumerate(words, first))
    return blank


def _text(text: Any, content: str) -> list[int]:
    """Two characters a register, padded with zeros."""
    size = 2 * int(part(text, "registers"))
    data = content.encode("ascii", "replace")[:size].ljust(size, b"\0")
    low_first = part(text, "order") == "BA"
    return [int.from_bytes(data[i : i + 2], "little" if low_first else "big") for i in range(0, size, 2)]
