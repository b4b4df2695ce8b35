"""Turns a site's configuration into a simulated property and puts it on the wire."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from pydantic import SecretStr

from drivers.device import Clock, Device
from gateway.core.config import Config
from simulators import modbus, mqtt
from simulators.broker import broker
from simulators.payload import payload
from simulators.plant import PLANTS
from simulators.site import Injection, SimulatedDevice, SimulatedSite

LOOK_WALL_S = 0.05
"""A fast clock must not make a simulated collector look at its devices more often than this, in wall seconds."""


class NotSimulated(Exception):
    """A device whose profile has no simulated plant."""


def simulated(config: Config, seed: int, faults: Sequence[Injection] = ()) -> SimulatedSite:
    """The property that a configuration describes. Raises NotSimulated."""
    if unknown := sorted({device.profile for device in config.devices} - set(PLANTS)):
        known = ", ".join(sorted(PLANTS))
        raise NotSimulated(f"nothing simulates the profile {unknown[0]}; there are {known}")
    return SimulatedSite([_device(config, device) for device in config.devices], seed, faults)


@asynccontextmanager
async def served(site: SimulatedSite, config: Config, clock: Clock, speed: float) -> AsyncIterator[str]:
    """Serve every device at the address that the configuration names; yields the name of the MQTT broker, if any."""
    addresses = {name: _address(connection.url) for name, connection in _wires(config, "modbus").items()}
    async with modbus.serve(site, clock, addresses), asyncio.TaskGroup() as group:
        brokers = _wires(config, "mqtt")
        if not brokers:
            yield "none"
            return
        ((name, connection),) = brokers.items()
        host, port = _address(connection.url)
        username, password = str(getattr(connection, "username", "")), _password(connection)
        async with broker(port, username, password) as program:
            published = [_published(site, device) for device in config.devices if device.on == name]
            collector = mqtt.publish(
                published, clock, host, port, username=username, password=password, look_s=max(1.0, LOOK_WALL_S * speed)
            )
            task = group.create_task(collector, name="collector")
            try:
                yield program
            finally:
                task.cancel()


def _published(site: SimulatedSite, device: Device) -> mqtt.PublishedDevice:
    def message(now: float) -> Mapping[str, Any] | None:
        values = site.read(device.id, np.array([now]))[0].tolist()
        return payload(site.devices[device.id].profile, device.id, now, values)

    return mqtt.PublishedDevice(str(getattr(device, "topic", "")), device.every, message)


def _wires(config: Config, driver: str) -> Mapping[str, Any]:
    used = {device.on for device in config.devices}
    return {name: c for name, c in config.connections.items() if c.driver == driver and name in used}


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 0


def _password(connection: Any) -> str:
    secret = getattr(connection, "password", None)
    return secret.get_secret_value() if isinstance(secret, SecretStr) else ""


def _device(config: Config, device: Device) -> SimulatedDevice:
    profile = config.profiles[device.profile]
    return SimulatedDevice(
        device.id,
        profile,
        device.profile,
        device.on,
        getattr(device, "unit", None),
        getattr(device, "topic", None),
        device.ratings,
    )
