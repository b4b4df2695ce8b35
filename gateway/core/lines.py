"""What the drivers of a site ask on each line, and how busy that keeps it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic_core import PydanticCustomError

from drivers.device import Connection, Device, Exchange, Profile
from gateway.core.document import Document
from gateway.core.findings import Finding
from gateway.core.plugins import Plugins

MOST_BUSY = 0.8
"""Devices need time to think, too: a line that frames alone keep busier than this cannot keep its pace."""


@dataclass(frozen=True, slots=True)
class Requests:
    """Devices that are asked the same, at the same pace."""

    profile: str
    devices: tuple[str, ...]
    every_s: float
    requests: tuple[Exchange, ...]
    """Of one of them."""


@dataclass(frozen=True, slots=True)
class LinePlan:
    """One connection whose driver asks."""

    connection: str
    driver: str
    groups: tuple[Requests, ...]

    @property
    def per_second(self) -> float:
        """Requests of all devices together."""
        return sum(len(group.devices) / each.every_s for group in self.groups for each in group.requests)

    @property
    def busy(self) -> float:
        """Share of a serial line's time that frames and pauses take, without the devices' own; 0 if it is not known."""
        return sum(len(group.devices) * each.line_s / each.every_s for group in self.groups for each in group.requests)

    def json(self) -> dict[str, Any]:
        """The plan for machines."""
        return {**asdict(self), "requests_per_s": round(self.per_second, 3), "busy": round(self.busy, 4)}


def line_plans(
    connections: Mapping[str, Connection], devices: Sequence[Device], profiles: Mapping[str, Profile], plugins: Plugins
) -> Iterator[LinePlan]:
    """The lines of a site whose drivers say what they ask; devices without a profile that is right are left out."""
    for name, connection in connections.items():
        plugin = plugins.drivers[connection.driver]
        on_it = [device for device in devices if device.on == name and device.profile in profiles]
        if plugin.exchanges is None or not on_it:
            continue
        asked: dict[str, list[Exchange]] = {device.id: [] for device in on_it}
        for exchange in plugin.exchanges(connection, on_it, profiles):
            asked[exchange.device].append(exchange)
        paces = {device.id: (device.profile, device.every) for device in on_it}
        yield LinePlan(name, connection.driver, tuple(_grouped(asked, paces)))


def crowded(document: Document, plans: Iterable[LinePlan]) -> Iterator[Finding]:
    """Serial lines on which more is asked than fits."""
    for plan in plans:
        if plan.busy > MOST_BUSY:
            text = "the requests of its devices take {share} % of the line's time; ask less often or raise the speed"
            problem = PydanticCustomError("crowded_line", text, {"share": f"{100 * plan.busy:.0f}"})
            yield document.finding(problem, ("connections", plan.connection), "key", "warning")


def movable(document: Document, connections: Mapping[str, Connection]) -> Iterator[Finding]:
    """Serial ports by a name that another adapter may have after the next start of the machine."""
    for name, connection in connections.items():
        if re.match(r"rtu:///dev/tty(USB|ACM)\d", str(getattr(connection, "url", ""))):
            text = "after a restart of the machine this name may belong to another adapter; name the port by its id"
            problem = PydanticCustomError("port_may_move", text, {"hint": "rtu:///dev/serial/by-id/..."})
            yield document.finding(problem, ("connections", name, "url"), "value", "warning")


def _grouped(asked: Mapping[str, Sequence[Exchange]], paces: Mapping[str, tuple[str, float]]) -> Iterator[Requests]:
    groups: dict[object, list[str]] = {}
    for device, requests in asked.items():
        same = tuple((each.asks, each.every_s, each.line_s) for each in requests)
        groups.setdefault((paces[device], same), []).append(device)
    for members in groups.values():
        profile, every_s = paces[members[0]]
        yield Requests(profile, tuple(members), every_s, tuple(asked[members[0]]))
