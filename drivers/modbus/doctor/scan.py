"""Finds the units on a line: asks each for one register and takes any answer of its own as a sign of life."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from time import perf_counter

from drivers.modbus.doctor.bedside import Unreachable, is_there
from drivers.modbus.settings import ModbusConnection
from drivers.modbus.wire import Fault, ReadError, Wire
from drivers.plan import Read

_HOLDING, _INPUT = Read("holding", 0, 1, ()), Read("input", 0, 1, ())


@dataclass(frozen=True, slots=True)
class Seen:
    """A unit that answered; `exception` is 0 if it gave a value."""

    unit: int
    latency_s: float
    exception: int


async def scan(connection: ModbusConnection, units: Iterable[int]) -> AsyncIterator[tuple[int, Seen | None]]:
    """Ask one unit after the other; None where nobody answers. Raises Unreachable if there is no line to ask on."""
    wire = Wire(connection, Counter())
    try:
        for unit in units:
            yield unit, await _look(wire, unit)
    finally:
        wire.close()


async def _look(wire: Wire, unit: int) -> Seen | None:
    seen = await _ask(wire, unit, _HOLDING)
    if seen is not None and seen.exception == 1:  # it has no holding registers
        seen = await _ask(wire, unit, _INPUT) or seen
    return seen


async def _ask(wire: Wire, unit: int, read: Read) -> Seen | None:
    for _ in range(2):  # the line may have been dropped after the question before
        if not wire.connected and (reason := await wire.connect()):
            raise Unreachable(reason)
        began = perf_counter()
        try:
            await wire.read(Wire.request(unit, read))
        except ReadError as error:
            if is_there(error):
                return Seen(unit, perf_counter() - began, error.exception)
            if error.fault is not Fault.LOST:
                return None
        else:
            return Seen(unit, perf_counter() - began, 0)
    return None
