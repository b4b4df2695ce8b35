"""Builds the parts of a daemon from a configuration. Connects nothing, starts nothing."""

from collections.abc import Callable, Mapping
from pathlib import Path

from drivers.device import Clock, Driver
from gateway.core.config import Config
from gateway.core.plugins import Plugins
from gateway.core.types import Fleet


def openers(config: Config, plugins: Plugins, clock: Clock) -> Mapping[str, Callable[[], Driver]]:
    """For each connection that has devices, the function that opens its driver anew."""
    return {
        name: _opener(config, plugins, name, clock)
        for name in config.connections
        if any(device.on == name for device in config.devices)
    }


def _opener(config: Config, plugins: Plugins, name: str, clock: Clock) -> Callable[[], Driver]:
    connection = config.connections[name]
    plugin = plugins.drivers[connection.driver]
    devices = [device for device in config.devices if device.on == name]
    return lambda: plugin.open(name, connection, devices, config.profiles, clock)


def checkpoint_file(state_folder: Path, fleet: Fleet) -> Path:
    """Where the detectors of a fleet keep what they have learnt."""
    return state_folder / "models" / f"{fleet.profile.profile}.npz"
