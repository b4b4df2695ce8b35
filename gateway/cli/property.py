"""Turns a site's configuration into a simulated property and puts it on the wire."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import SecretStr

from drivers.device import Clock, Device, Profile
from drivers.modbus.settings import ModbusConnection
from drivers.mqtt import MqttDevice, MqttProfile, topic_of
from gateway.cli.screen import Failed
from gateway.core.config import Config
from simulators import modbus, mqtt
from simulators.broker import BrokerNotStarted, NoBroker, broker
from simulators.payload import payload, scalars
from simulators.site import Injection, SimulatedDevice, SimulatedSite

LOOK_WALL_S = 0.05
"""A fast clock must not make a simulated collector look at its devices more often than this, in wall seconds."""

_OURS = ("127.0.0.1", "localhost")


def simulated(config: Config, seed: int, faults: Sequence[Injection] = ()) -> SimulatedSite:
    """The property that a configuration describes."""
    devices = [_device(config, device) for device in config.devices]
    return SimulatedSite(devices, seed, faults, _utc_offset_s(config.site.zone), config.site.use)


def refuse_other_drivers(drivers: Iterable[str]) -> None:
    """Raises Failed if one of them has devices that cannot be simulated."""
    if strange := sorted({*drivers} - {"modbus", "mqtt"}):
        text = "devices that are read over {driver} cannot be simulated, only those over modbus and mqtt"
        raise Failed("driver_not_simulated", text, driver=strange[0])


class Served(NamedTuple):
    """The name of the MQTT broker, or "none", and the terminals that stand for serial ports, by connection."""

    broker: str
    serial: Mapping[str, str]


@asynccontextmanager
async def served(
    site: SimulatedSite, config: Config, clock: Clock, speed: float, *, paced: bool = False
) -> AsyncIterator[Served]:
    """Serve every device at the address that the configuration names; if `paced`, serial lines are as slow as theirs.

    Raises Failed if a port cannot be opened, a line cannot be simulated or no broker can be started.
    """
    refuse_other_drivers(config.connections[device.on].driver for device in config.devices)
    async with AsyncExitStack() as stack:
        lines = {name: _line(name, wire, paced=paced) for name, wire in _wires(config, "modbus").items()}
        serial = (await stack.enter_async_context(opened(site, clock, lines))).serial
        brokers = _wires(config, "mqtt")
        programs = [await stack.enter_async_context(_broker(connection)) for connection in brokers.values()]
        group = await stack.enter_async_context(asyncio.TaskGroup())
        for name, connection in brokers.items():
            devices = [each for device in config.devices if device.on == name for each in _publishers(site, device)]
            collector = _collector(connection, devices, clock, max(1.0, LOOK_WALL_S * speed))
            stack.callback(group.create_task(collector, name=f"collector {name}").cancel)
        yield Served(programs[0] if programs else "none", serial)


@asynccontextmanager
async def opened(
    site: SimulatedSite, clock: Clock, lines: Mapping[str, modbus.TcpLine | modbus.SerialLine]
) -> AsyncIterator[modbus.Opened]:
    """Answer on Modbus lines while the block lasts. Raises Failed if one cannot be opened."""
    async with AsyncExitStack() as stack:
        try:
            found = await stack.enter_async_context(modbus.serve(site, clock, lines))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
                raise _elsewhere(error.strerror) from error
            raise Failed("no_port", "a port cannot be opened: {reason}", reason=error.strerror) from error
        yield found


def _elsewhere(reason: object) -> Failed:
    text = "an address of this site is not on this machine ({reason}); play the whole site here with --here"
    return Failed("not_here", text, reason=reason)


def _line(name: str, at: ModbusConnection, *, paced: bool) -> modbus.TcpLine | modbus.SerialLine:
    """The other side of a connection. Raises Failed if only the real one can be that."""
    byte_s = at.wire_s(1) if paced else 0.0
    match at.where.scheme:
        case "tls":
            text = "connection {name} is tls://, and only the real equipment has its certificate; play it with --here"
            raise Failed("tls_not_simulated", text, name=name)
        case "rtu" if at.parity != "none":
            text = "connection {name} has parity, and a simulated serial port cannot; play it with --here"
            raise Failed("parity_not_simulated", text, name=name)
        case "rtu":
            return modbus.SerialLine(at.where.path, byte_s)
        case scheme:
            return modbus.TcpLine(at.host, at.port, scheme == "rtu+tcp", byte_s)


@asynccontextmanager
async def _broker(connection: Any) -> AsyncIterator[str]:
    """Run a broker at the address of a connection while the block lasts. Raises Failed if none can be started."""
    if connection.tls or connection.host not in _OURS:
        raise _elsewhere(connection.url)  # its collectors must never publish to the real broker
    async with AsyncExitStack() as stack:
        try:
            program = await stack.enter_async_context(broker(connection.port, *_login(connection)))
        except NoBroker as error:
            raise Failed("no_broker", "there is no MQTT broker on this machine; install mosquitto") from error
        except BrokerNotStarted as error:
            raise Failed("broker_not_started", "the MQTT broker does not start: {reason}", reason=error) from error
        yield program


async def _collector(connection: Any, devices: Sequence[mqtt.PublishedDevice], clock: Clock, look_s: float) -> None:
    """Publish for ever what the devices measure."""
    username, password = _login(connection)
    where = connection.host, connection.port
    await mqtt.publish(devices, clock, *where, username=username, password=password, look_s=look_s)


def _publishers(site: SimulatedSite, device: Device) -> list[mqtt.PublishedDevice]:
    """One for the device; or one for each of its topics, if its points have their own."""
    simulated_device = site.devices[device.id]
    profile, topic = simulated_device.profile, simulated_device.topic or ""

    def values(now: float) -> list[float]:
        found: list[float] = site.read(device.id, np.array([now]))[0].tolist()
        return found

    def message(now: float) -> Any:
        told = site.stamp(device.id, now)
        return payload(profile, device.id, told, values(told))

    def message_of(word: str) -> Callable[[float], Any]:
        return lambda now: scalars(profile, now, values(site.stamp(device.id, now))).get(word)

    if getattr(profile, "format", "json") == "json":
        return [mqtt.PublishedDevice(topic, device.every, message)]
    words = scalars(profile, 0.0, [0.0] * len(profile.points))
    return [mqtt.PublishedDevice(topic.replace("{point}", word), device.every, message_of(word)) for word in words]


def _utc_offset_s(zone: ZoneInfo) -> float:
    """The standard time of a zone: simulated people do not put their clocks forward in summer."""
    offsets = [datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)]
    return min((each.total_seconds() for each in offsets if each is not None), default=0.0)


def _topic(device: Device, profile: Profile) -> str | None:
    if not (isinstance(device, MqttDevice) and isinstance(profile, MqttProfile)):
        return None
    if profile.format not in ("json", "scalar"):
        text = "devices with format: {format} cannot be simulated, only json and scalar"
        raise Failed("format_not_simulated", text, format=profile.format)
    return topic_of(device, profile)


def _wires(config: Config, driver: str) -> Mapping[str, Any]:
    used = {device.on for device in config.devices}
    return {name: c for name, c in config.connections.items() if c.driver == driver and name in used}


def _login(connection: Any) -> tuple[str, str]:
    secret = getattr(connection, "password", None)
    password = secret.get_secret_value() if isinstance(secret, SecretStr) else ""
    return str(getattr(connection, "username", None) or ""), password


def _device(config: Config, device: Device) -> SimulatedDevice:
    profile = config.profiles[device.profile]
    return SimulatedDevice(
        device.id,
        profile,
        device.profile,
        device.on,
        getattr(device, "unit", None),
        _topic(device, profile),
        device.ratings,
        device.fed_by,
        device.location,
    )
