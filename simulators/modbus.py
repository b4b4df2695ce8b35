"""Serves the devices of a simulated site over Modbus: several units on one line, a TCP port or a pseudo-terminal."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from drivers.device import Clock
from simulators.modbus_frames import Mbap, Rtu
from simulators.modbus_line import serial_line, tcp_line
from simulators.modbus_unit import SimulatedUnit
from simulators.site import SimulatedSite


@dataclass(frozen=True, slots=True)
class TcpLine:
    """A port, 0 for a free one; with the frames of a serial line if `rtu`. `byte_s` is how long each byte takes."""

    host: str
    port: int
    rtu: bool = False
    byte_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SerialLine:
    """A serial port that clients open at `path`, if nothing is there yet."""

    path: str
    byte_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Opened:
    """What is served, by connection id: TCP ports, and the paths of terminals."""

    ports: dict[str, int] = field(default_factory=dict)
    serial: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def serve(site: SimulatedSite, clock: Clock, lines: Mapping[str, TcpLine | SerialLine]) -> AsyncIterator[Opened]:
    """Answer on the Modbus lines of a site while the block runs. Raises OSError if one cannot be opened.

    `lines` are by connection id. Connections that are not named, such as MQTT brokers, are left alone.
    """
    by_wire = sorted(site.devices.values(), key=lambda device: device.connection)
    opened = Opened()
    async with AsyncExitStack() as stack:
        for name, group in groupby(by_wire, key=lambda device: device.connection):
            line = lines.get(name)
            if line is None:
                continue
            units = {device.unit: SimulatedUnit(site, device, clock) for device in group if device.unit is not None}
            if isinstance(line, TcpLine):
                framing = partial(Rtu if line.rtu else Mbap, units)
                port = tcp_line(framing, line.byte_s, line.host, line.port)
                opened.ports[name] = await stack.enter_async_context(port)
            else:
                terminal = serial_line(Rtu(units), line.byte_s, line.path)
                opened.serial[name] = await stack.enter_async_context(terminal)
        yield opened
