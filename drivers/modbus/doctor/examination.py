"""One unit from greeting to diagnosis."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from drivers.modbus.doctor.bedside import Bedside, Tell
from drivers.modbus.doctor.diagnosis import Diagnosis, Expectations, Stretch, diagnose
from drivers.modbus.doctor.extent import Extent
from drivers.plan import Read, Table, is_bits

_SAME = 0.9  # of the registers, for two tables to be the same one: some change between two reads


class Range(NamedTuple):
    """Addresses of a table to look at."""

    table: Table
    first: int
    size: int


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found. `mirrored`: the device answers for input registers with its holding registers."""

    unit: int
    latency_s: float
    requests: int
    samples: int
    extents: tuple[Extent, ...]
    diagnosis: Diagnosis
    bits: Mapping[Table, Mapping[int, bool]] = field(default_factory=dict)
    mirrored: bool = False

    @property
    def readable(self) -> bool:
        """Whether anything can be read."""
        return any(extent.spans for extent in self.extents)


async def examination(
    bedside: Bedside,
    unit: int,
    ranges: Sequence[Range],
    samples: int,
    every_s: float,
    expectations: Expectations,
    tell: Tell,
) -> Examination:
    """Find what can be read, read it several times, and say what it means. Raises ReadError, Unreachable."""
    await bedside.greet(*(Read(each.table, each.first, 1, ()) for each in ranges))
    searching = 0.7 if samples > 1 else 0.9  # of the work
    extents = []
    for i, each in enumerate(ranges):
        extents.append(await bedside.examine(*each, _share(tell, searching, i, len(ranges))))
    words = [extent for extent in extents if not is_bits(extent.table) and extent.spans]
    stretches = await bedside.sample(words, samples, every_s, lambda done: tell(searching + (1 - searching) * done))
    bits = {extent.table: await bedside.bits(extent) for extent in extents if is_bits(extent.table) and extent.spans}
    mirrored = _mirrored(stretches)
    if mirrored:
        asked = {table for table, _ in expectations}
        dropped = "holding" if asked == {"input"} else "input"
        stretches = [stretch for stretch in stretches if stretch.table != dropped]
    found = diagnose(stretches, expectations)
    counts = bedside.counts["requests"]
    return Examination(unit, bedside.latency_s, counts, samples, tuple(extents), found, bits, mirrored)


def _share(tell: Tell, most: float, number: int, of: int) -> Tell:
    return lambda done: tell(most * (number + done) / of)


def _mirrored(stretches: Sequence[Stretch]) -> bool:
    """Whether both tables of registers hold the same, and not only zeros."""
    holding, inputs = (dict(_registers(stretches, table)) for table in ("holding", "input"))
    if not holding or holding.keys() != inputs.keys() or not any(holding.values()):
        return False
    return float(np.mean([inputs[at] == word for at, word in holding.items()])) >= _SAME


def _registers(stretches: Sequence[Stretch], table: str) -> Iterator[tuple[int, int]]:
    for stretch in stretches:
        if stretch.table == table:
            yield from enumerate(stretch.words[0].tolist(), stretch.address)
