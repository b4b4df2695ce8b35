"""Reads what stands in the plant, connections and the devices on them, each as its driver's own model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import PydanticCustomError

from drivers.device import Connection, Device, DriverPlugin
from gateway.core.document import Document, KeyPath
from gateway.core.explain import nearest, validated
from gateway.core.findings import Finding
from gateway.core.library import Library, unknown_profile
from gateway.core.plugins import Plugins


@dataclass(slots=True)
class Plant:
    """The connections and devices that are right, and what is wrong with the others."""

    connections: dict[str, Connection] = field(default_factory=dict)
    devices: list[Device] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read_plant(document: Document, library: Library, plugins: Plugins) -> Plant:
    """Every connection and every device; all problems of all of them at once."""
    survey = _Survey(document, library, plugins)
    for name, raw in entries(document, "connections"):
        survey.connection(str(name), raw)
    for index, raw in entries(document, "devices"):
        survey.device(("devices", index), raw)
    return survey.plant


def entries(document: Document, section: str) -> Iterator[tuple[str | int, Mapping[str, Any]]]:
    """The section's mappings as they are in the file; what is no mapping has been reported with the section."""
    node = document.at((section,))
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, raw in steps:
        if isinstance(raw, dict):
            yield step, raw


class _Survey:
    def __init__(self, document: Document, library: Library, plugins: Plugins) -> None:
        self.plant = Plant()
        self._document = document
        self._library = library
        self._plugins = plugins
        self._driver_on = {str(name): str(raw.get("driver")) for name, raw in entries(document, "connections")}

    def connection(self, name: str, raw: Mapping[str, Any]) -> None:
        """Read one connection."""
        path: KeyPath = ("connections", name)
        if "driver" not in raw:
            context = {"key": "driver", "choices": list(self._plugins.drivers)}
            self._wrong(PydanticCustomError("missing_key", "{key} is missing here", context), path)
        elif (plugin := self._plugins.drivers.get(str(raw["driver"]))) is None:
            self._wrong(self._plugins.missing("driver", raw["driver"]), (*path, "driver"))
        else:
            connection, problems = validated(plugin.connection, self._document, path)
            self.plant.findings += problems
            if connection is not None:
                self.plant.connections[name] = connection

    def device(self, path: KeyPath, raw: Mapping[str, Any]) -> None:
        """Read one device as its connection's driver wants it, or its profile's if the connection is not known."""
        profile, on = raw.get("profile"), raw.get("on")
        if isinstance(profile, str) and profile not in self._library.names:
            self._wrong(unknown_profile(profile, self._library.names), (*path, "profile"))
        if isinstance(on, str) and on not in self._driver_on:
            context = {"name": on, **nearest(on, self._driver_on)}
            problem = PydanticCustomError("unknown_connection", "there is no connection {name}", context)
            self._wrong(problem, (*path, "on"))
        plugin = self._driver(path, str(profile), str(on))
        device, problems = validated(plugin.device if plugin else Device, self._document, path)
        # Which keys a device may have only its driver knows.
        self.plant.findings += [problem for problem in problems if plugin or problem.kind != "unknown_key"]
        if plugin and device is not None:
            self.plant.devices.append(device)
            its_profile = self._library.profiles.get(device.profile)
            if isinstance(its_profile, plugin.profile):
                for key, problem in plugin.disagreements(device, its_profile):
                    self._wrong(problem, (*path, key))

    def _driver(self, path: KeyPath, profile: str, on: str) -> DriverPlugin | None:
        theirs = self._library.drivers.get(profile)
        driver = self._driver_on.get(on, theirs)
        if theirs in self._plugins.drivers and driver in self._plugins.drivers and theirs != driver:
            context = {"profile": profile, "theirs": theirs, "on": on, "driver": driver}
            text = "the profile {profile} is for {theirs}, but {on} is a connection of {driver}"
            self._wrong(PydanticCustomError("profile_of_another_driver", text, context), (*path, "profile"))
            return None
        return self._plugins.drivers.get(driver or "")

    def _wrong(self, problem: PydanticCustomError, path: KeyPath) -> None:
        self.plant.findings.append(self._document.finding(problem, path))
