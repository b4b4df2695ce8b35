"""Serves the devices of a simulated site over Modbus TCP: several units behind one port, read-only.

Answers as equipment does: exception 1 for functions it lacks, 2 for holes, 3 for too many or malformed, 11 for a unit
that is not there. A unit that is silent says nothing at all.
"""

import asyncio
import math
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import groupby
from typing import cast

import numpy as np

from drivers.device import Clock
from simulators.registers import Image, RegisterMap
from simulators.site import SimulatedDevice, SimulatedSite

_HEADER = struct.Struct(">HHHB")
_LONGEST_PDU = 253
_TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
_MAX_BITS = 2000
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE, _NO_SUCH_UNIT = 1, 2, 3, 11


@asynccontextmanager
async def serve(
    site: SimulatedSite, clock: Clock, addresses: Mapping[str, tuple[str, int]]
) -> AsyncIterator[dict[str, int]]:
    """Open the Modbus ports of a site while the block runs.

    `addresses` gives host and port by connection id, port 0 for a free one; yields the ports that were opened.
    Connections that are not named, such as MQTT brokers, are left alone.
    """
    by_wire = sorted(site.devices.values(), key=lambda device: device.connection)
    loop = asyncio.get_running_loop()
    ports: dict[str, int] = {}
    async with AsyncExitStack() as stack:
        for connection, group in groupby(by_wire, key=lambda device: device.connection):
            if connection not in addresses:
                continue
            units = {device.unit: SimulatedUnit(site, device, clock) for device in group if device.unit is not None}
            wires: set[asyncio.Transport] = set()
            host, port = addresses[connection]
            server = await loop.create_server(partial(_Wire, units, wires), host, port)
            stack.push_async_callback(_close, server, wires)
            ports[connection] = server.sockets[0].getsockname()[1]
        yield ports


class SimulatedUnit:
    """One Modbus unit: what its device measures at this moment, in registers."""

    def __init__(self, site: SimulatedSite, device: SimulatedDevice, clock: Clock) -> None:
        self._site, self._device, self._clock = site, device, clock
        self._map = RegisterMap(device.profile)
        self._second = math.nan
        self._image: Image | None = None

    def answer(self, pdu: bytes) -> bytes | None:
        """The answer to a request without its address header; None if the device is silent."""
        image = self._now()
        if image is None:
            return None
        function = pdu[0]
        if function not in _TABLES:
            return _exception(function, _ILLEGAL_FUNCTION)
        limit = _MAX_BITS if function <= 2 else self._map.limit
        if len(pdu) != 5 or not 1 <= (count := int.from_bytes(pdu[3:5])) <= limit:
            return _exception(function, _ILLEGAL_VALUE)
        start = int.from_bytes(pdu[1:3])
        cells = image.get(_TABLES[function], {})
        try:
            values = [cells[address] for address in range(start, start + count)]
        except KeyError:
            return _exception(function, _ILLEGAL_ADDRESS)
        data = _packed(values) if function <= 2 else struct.pack(f">{count}H", *values)
        return bytes((function, len(data))) + data

    def _now(self) -> Image | None:
        """The registers of this second; every read within it sees the same moment."""
        second = math.floor(self._clock.now())
        if second != self._second:
            values = self._site.read(self._device.id, np.array([float(second)]))[0]
            self._image = None if np.isnan(values).all() else self._map.image(values.tolist())
            self._second = second
        return self._image


class _Wire(asyncio.Protocol):
    """One client's connection: takes frames apart however they arrive, answers them in order."""

    def __init__(self, units: Mapping[int, SimulatedUnit], wires: set[asyncio.Transport]) -> None:
        self._units, self._wires = units, wires
        self._received = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # a stream server makes no other
        self._wires.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wires.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= _HEADER.size:
            transaction, protocol, length, unit = _HEADER.unpack_from(self._received)
            if protocol != 0 or not 2 <= length <= _LONGEST_PDU + 1:
                self._transport.close()  # not Modbus, and nothing says where the next frame would begin
                return
            end = _HEADER.size - 1 + length
            if len(self._received) < end:
                return
            pdu = bytes(self._received[_HEADER.size : end])
            del self._received[:end]
            self._send(transaction, unit, self._answer(unit, pdu))

    def _answer(self, unit: int, pdu: bytes) -> bytes | None:
        if (asked := self._units.get(unit)) is None:
            return _exception(pdu[0], _NO_SUCH_UNIT)
        return asked.answer(pdu)

    def _send(self, transaction: int, unit: int, pdu: bytes | None) -> None:
        if pdu is not None:
            self._transport.write(_HEADER.pack(transaction, 0, len(pdu) + 1, unit) + pdu)


def _exception(function: int, code: int) -> bytes:
    return bytes((function | 0x80, code))


def _packed(bits: list[int]) -> bytes:
    """Bits as bytes, the first one lowest."""
    packed = sum(bit << place for place, bit in enumerate(bits))
    return packed.to_bytes(-(-len(bits) // 8), "little")


async def _close(server: asyncio.Server, wires: set[asyncio.Transport]) -> None:
    server.close()
    for wire in tuple(wires):
        wire.abort()
    await server.wait_closed()
