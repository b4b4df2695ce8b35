"""A simulated Modbus TCP device that holds given numbers and is as strict as real ones: raw sockets, own code."""

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

from drivers.modbus.profile import ModbusProfile
from tests.listening import listening
from tests.profiles import encode

Cells = dict[str, dict[int, int]]

_TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
_NO_SUCH_ADDRESS, _NOT_ACCEPTED = 2, 3


def cells(profile: ModbusProfile, raws: Mapping[str, float], texts: Mapping[str, str]) -> Cells:
    """All that may be read: the registers of points and texts, and narrow gaps between points; the rest is holes."""
    found: Cells = {table: {} for table in _TABLES.values()}
    for point in profile.points:
        for address, word in enumerate(
            encode.words(point, profile.order, raws[point.name]), _wire(profile, point.address)
        ):
            alone = point.type != "bool" and not point.bits
            found[point.table][address] = word if alone else found[point.table].get(address, 0) | word
    for table, of_table in found.items():
        for before, after in pairwise(sorted(of_table)):
            gap = range(before + 1, after)
            if len(gap) <= profile.max_gap and not any(_is_forbidden(profile, table, address) for address in gap):
                of_table.update(dict.fromkeys(gap, 0xDEAD if table in ("holding", "input") else 1))
    for text in profile.texts:
        place = _wire(profile, text.address)
        of_text = encode.text(texts[text.name], text.registers, text.order)
        found[text.table] |= dict(enumerate(of_text, place))
    return found


class Equipment:
    """One unit: refuses holes, too many registers and functions that do not read; remembers what it was asked."""

    def __init__(self, profile: ModbusProfile, held: Cells) -> None:
        self._cells = held
        self._limit = max([profile.max_registers, *(text.registers for text in profile.texts)])
        self.asked: list[tuple[int, int, int]] = []
        """Function, address, count."""

    def answer(self, function: int, address: int, count: int) -> bytes:
        """The answer to a question, without its header."""
        self.asked.append((function, address, count))
        if function not in _TABLES or not 1 <= count <= (2000 if function < 3 else self._limit):
            return bytes((function | 0x80, _NOT_ACCEPTED))
        held = self._cells[_TABLES[function]]
        if not all(place in held for place in range(address, address + count)):
            return bytes((function | 0x80, _NO_SUCH_ADDRESS))
        numbers = [held[place] for place in range(address, address + count)]
        if function < 3:
            data = sum(bit << i for i, bit in enumerate(numbers)).to_bytes(-(-count // 8), "little")
        else:
            data = struct.pack(f">{count}H", *numbers)
        return bytes((function, len(data))) + data

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it leaves."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                transaction, _, _, unit, *question = struct.unpack(">HHHBBHH", await reader.readexactly(12))
                body = self.answer(*question)
                writer.write(struct.pack(">HHHB", transaction, 0, len(body) + 1, unit) + body)
        writer.close()


@asynccontextmanager
async def serving(equipment: Equipment) -> AsyncIterator[int]:
    """Open the device's port while the block runs."""
    async with listening(equipment.serve) as port:
        yield port


def _wire(profile: ModbusProfile, address: int) -> int:
    return address - profile.address_base


def _is_forbidden(profile: ModbusProfile, table: str, address: int) -> bool:
    written = address + profile.address_base
    return any(area.table == table and area.first <= written <= area.last for area in profile.forbidden)
