"""Common causes: what devices share (a feeder, the mains, a connection, water), and which problems are one. Pure.

A device that feeds others is a cause too, for itself and for all that it feeds: its own loss explains theirs. Above
feeders that nothing feeds are the mains; only bad voltage points to them. A connection explains only that devices are
not heard, and water in a building only what sees water there.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from drivers.device import Device
from gateway.core.types import Level

ALONE = ("*entrapment*", "*burst*")
"""Kinds that no lost feeder explains: somebody waits for help in each. A burst may be part of much water, though."""
MAINS = "mains"
"""The name of the cause that stands above the topology."""
SEEN_FROM = 3
"""Devices from which on a common cause is seen, unless the site says otherwise."""

_SPEAKS_OF_COMMUNICATION = "device."
_SPEAKS_OF_VOLTAGE = "power.voltage"
_SEES_WATER = ("water.leak", "water.loss", "*burst*", "*flood*", "sump.drainage")
_SUFFERS_FROM_WATER = ("*.drive",)
_WET = 2
"""Devices that see water in one building from which on it is the same water: each of them sees something else of it."""
_EXPLAINED = 0.9
"""Share of a cause's devices from which on a feeder further down is taken for the cause."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that devices share. Two are the same if kind and name are."""

    kind: Literal["feeder", "mains", "connection", "water"]
    name: str
    devices: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def key(self) -> str:
        """As it is kept in a ticket, such as feeder:TR-1."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ticket that may have a common cause with others."""

    ticket: str
    device: str
    kind: str
    level: Level
    at: float  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Group:
    """Tickets that are one problem, oldest first."""

    cause: Cause
    tickets: tuple[str, ...]


class Topology:
    """What the devices of a site share."""

    def __init__(self, devices: Iterable[Device], alone: Collection[str] = ALONE) -> None:
        """`alone` are patterns of kinds that never have a common cause; * stands for any characters."""
        known = {device.id: device for device in devices}
        feeding = {device.fed_by for device in known.values() if device.fed_by}
        chains = {name: _chain(name, known, feeding) for name in known}
        under, on = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
        for name, device in known.items():
            on[device.on].add(name)
            for feeder in chains[name]:
                under[feeder].add(name)
        feeders = {name: Cause("feeder", name, frozenset(under[name])) for name in under}
        mains = _mains(chains, known)
        wires = {name: Cause("connection", name, frozenset(on[name])) for name in on}
        waters = _waters(known.values())
        self._alone = tuple(alone)
        self._feeders = {
            name: (*(feeders[feeder] for feeder in chain), *(mains if chain else ())) for name, chain in chains.items()
        }
        self._wire = {name: wires[device.on] for name, device in known.items()}
        self._water = {name: waters[place] for name, device in known.items() if (place := _building(device)) in waters}
        self._by_key = {cause.key: cause for cause in (*feeders.values(), *mains, *wires.values(), *waters.values())}

    def causes(self, device_id: str, kind: str) -> tuple[Cause, ...]:
        """What may be behind a problem of that kind, nearest first; nothing for kinds that are always alone."""
        if sees_water(kind) and (water := self._water.get(device_id)) is not None:
            return (water,)
        if device_id not in self._wire or self.is_alone(kind):
            return ()
        feeders = self._feeders[device_id]
        return (self._wire[device_id], *feeders) if kind.startswith(_SPEAKS_OF_COMMUNICATION) else feeders

    def is_alone(self, kind: str) -> bool:
        """Whether a problem of that kind is always a ticket of its own."""
        return _is_any(kind, self._alone)

    def may_share(self, device_id: str, kind: str, count: int = SEEN_FROM) -> bool:
        """Whether so many devices share one of its causes that waiting for the others makes sense."""
        return any(len(cause.devices) >= _needed(cause, count) for cause in self.causes(device_id, kind))

    def find(self, key: str) -> Cause | None:
        """The cause of a ticket from before a restart; None if the site has it no more."""
        return self._by_key.get(key)


def sees_water(kind: str) -> bool:
    """Whether a problem is that there is water."""
    return _is_any(kind, _SEES_WATER)


def suffers_from_water(kind: str) -> bool:
    """Whether a problem may come of water that stands in the room."""
    return _is_any(kind, _SUFFERS_FROM_WATER)


def common(candidates: Iterable[Candidate], topology: Topology, count: int = SEEN_FROM) -> list[Group]:
    """The groups among the candidates, in the order in which they were found; each ticket is in one at most.

    A cause is seen when `count` devices share it that either have the same kind of problem or are the feeder and what
    it feeds; the mains only by their voltage, on more than one feeder. Then every problem that it explains belongs to
    it, of whatever kind.
    """
    left: dict[Cause, dict[str, Candidate]] = defaultdict(dict)
    for candidate in sorted(candidates, key=lambda each: (each.at, each.ticket)):
        for cause in topology.causes(candidate.device, candidate.kind):
            left[cause][candidate.ticket] = candidate
    groups = []
    while left := {cause: members for cause, members in left.items() if _is_seen(cause, members.values(), count)}:
        cause = _best({cause: {each.device for each in members.values()} for cause, members in left.items()})
        tickets = tuple(left.pop(cause))
        groups.append(Group(cause, tickets))
        for members in left.values():
            for ticket in tickets:
                members.pop(ticket, None)
    return groups


def _mains(chains: Mapping[str, Sequence[str]], known: Mapping[str, Device]) -> tuple[Cause, ...]:
    """What feeds the feeders that nothing feeds, if they are several."""
    fed = {name: chain[-1] for name, chain in chains.items() if chain}
    tops = {top for top in fed.values() if top not in known or known[top].fed_by is None}
    return (Cause("mains", MAINS, frozenset(fed)),) if len(tops) > 1 else ()


def _waters(devices: Iterable[Device]) -> dict[str, Cause]:
    places = defaultdict[str, set[str]](set)
    for device in devices:
        places[_building(device)].add(device.id)
    return {place: Cause("water", place, frozenset(names)) for place, names in places.items() if place}


def _building(device: Device) -> str:
    return device.location.get("building", "")


def _is_any(kind: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(kind, pattern) for pattern in patterns)


def _needed(cause: Cause, count: int) -> int:
    return min(count, _WET) if cause.kind == "water" else count


def _chain(name: str, known: dict[str, Device], feeding: Collection[str | None]) -> list[str]:
    """The feeders of a device, nearest first, with itself in front if it is one."""
    chain = [name] if name in feeding else []
    step = known[name].fed_by
    while step is not None and step not in chain:
        chain.append(step)
        step = known[step].fed_by if step in known else None
    return chain


def _is_seen(cause: Cause, members: Collection[Candidate], count: int) -> bool:
    devices, of_kind = set(), defaultdict[str, set[str]](set)
    for each in members:
        devices.add(each.device)
        of_kind[each.kind].add(each.device)
    if cause.kind == "water":
        return len(devices) >= _needed(cause, count)
    if cause.kind == "mains":
        return len(of_kind[_SPEAKS_OF_VOLTAGE]) >= count
    feeder_too = cause.kind == "feeder" and cause.name in devices
    return len(devices) >= count and (feeder_too or any(len(alike) >= count for alike in of_kind.values()))


def _best(devices: dict[Cause, set[str]]) -> Cause:
    """The cause of most devices, or a lower feeder of nearly all of them, or a connection that explains as many.

    Water is on its own: nothing else explains what sees it.
    """
    waters, feeders, wires = (
        sorted((cause for cause in devices if cause.kind in kinds), key=lambda each: _order(each, devices))
        for kinds in (("water",), ("feeder", "mains"), ("connection",))
    )
    if waters:
        return waters[0]
    if not feeders:
        return wires[0]
    feeder = _deepest(feeders, devices)
    return wires[0] if wires and len(devices[wires[0]]) >= len(devices[feeder]) else feeder


def _deepest(feeders: Sequence[Cause], devices: dict[Cause, set[str]]) -> Cause:
    """The first feeder, or the lowest below it that still explains nearly all of its devices.

    A feeder that has a problem itself is not passed by: nothing below it explains that.
    """
    top = feeders[0]
    enough = _EXPLAINED * len(devices[top])
    below = [each for each in feeders if each.devices <= top.devices and len(devices[each]) >= enough]
    hit = [each for each in below if each.name in devices[each]]
    return max(hit, key=_size) if hit else min(below, key=_size)


def _size(cause: Cause) -> tuple[int, str]:
    """Fewer devices are further down."""
    return len(cause.devices), cause.name


def _order(cause: Cause, devices: dict[Cause, set[str]]) -> tuple[int, int, str]:
    """Most devices that suffer first; of equal ones the one with fewest others."""
    return -len(devices[cause]), len(cause.devices), cause.name
