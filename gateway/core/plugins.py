"""Finds the installed drivers, detectors and channels; one broken package is reported by name and harms no other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Literal

from pydantic_core import PydanticCustomError

from drivers.device import DriverPlugin
from gateway.core.channel import ChannelPlugin
from gateway.core.explain import nearest
from models.detector import DetectorPlugin

Kind = Literal["driver", "detector", "channel"]
Plugin = DriverPlugin | DetectorPlugin | ChannelPlugin

_GROUPS: Mapping[str, Kind] = {
    "gateway.drivers": "driver",
    "gateway.detectors": "detector",
    "gateway.channels": "channel",
}
_TYPES: Mapping[Kind, type[Plugin]] = {"driver": DriverPlugin, "detector": DetectorPlugin, "channel": ChannelPlugin}

_IMPORT_FAILURES = (
    ImportError, AttributeError, NameError, SyntaxError, TypeError, ValueError, LookupError, ArithmeticError, OSError,
    RuntimeError, AssertionError,
)  # fmt: skip
"""What the import of a stranger's module may raise."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A plugin that cannot be used, and why."""

    kind: Kind
    name: str
    package: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plugins:
    """Drivers, detectors and channels by the name that is written in config.yaml."""

    drivers: Mapping[str, DriverPlugin]
    detectors: Mapping[str, DetectorPlugin]
    broken: tuple[Broken, ...] = ()
    channels: Mapping[str, ChannelPlugin] = field(default_factory=dict)

    def missing(self, kind: Kind, name: object) -> PydanticCustomError:
        """Why a plugin of that kind and name is not there, and the nearest one that is."""
        for broken in self.broken:
            if (broken.kind, broken.name) == (kind, name):
                context = {"name": name, "package": broken.package, "reason": broken.reason}
                return PydanticCustomError("broken_plugin", "{name} of {package} does not load: {reason}", context)
        there = {"driver": self.drivers, "detector": self.detectors, "channel": self.channels}[kind]
        context = {"name": name, **nearest(name, there)}
        if kind == "driver":
            return PydanticCustomError("unknown_driver", "there is no driver {name}", context)
        if kind == "detector":
            return PydanticCustomError("unknown_detector", "there is no detector {name}", context)
        return PydanticCustomError("unknown_channel_kind", "there is no kind of channel {name}", context)


def discover(entries: Iterable[EntryPoint] | None = None) -> Plugins:
    """Load everything that is registered. A name that two packages claim belongs to neither."""
    if entries is None:
        entries = [entry for group in _GROUPS for entry in entry_points(group=group)]
    claims: dict[tuple[Kind, str], list[EntryPoint]] = {}
    for entry in entries:
        claims.setdefault((_GROUPS[entry.group], entry.name), []).append(entry)
    drivers: dict[str, DriverPlugin] = {}
    detectors: dict[str, DetectorPlugin] = {}
    channels: dict[str, ChannelPlugin] = {}
    broken: list[Broken] = []
    for (kind, name), rivals in claims.items():
        match _loaded(kind, rivals):
            case DriverPlugin() as driver:
                drivers[name] = driver
            case DetectorPlugin() as detector:
                detectors[name] = detector
            case ChannelPlugin() as channel:
                channels[name] = channel
            case str(reason):
                broken.append(Broken(kind, name, _package(rivals[0]), reason))
    return Plugins(drivers, detectors, tuple(broken), channels)


def _loaded(kind: Kind, rivals: list[EntryPoint]) -> Plugin | str:
    """The plugin, or why there is none."""
    if len({rival.value for rival in rivals}) > 1:
        return f"{' and '.join(sorted(map(_package, rivals)))} both claim this name"
    try:
        plugin = rivals[0].load()
    except _IMPORT_FAILURES as error:
        return f"{type(error).__name__}: {error}"
    if isinstance(plugin, _TYPES[kind]):
        return plugin
    return f"{rivals[0].value} is no {kind} plugin"


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.module
