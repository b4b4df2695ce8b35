"""Incidents: one cause that befalls many machines within seconds, each in its own way.

An incident is named by one device: the feeder that is lost, a machine in the room that floods, the meter or the pump of
the zone whose riser is drilled. Who else suffers follows from topology and place.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from simulators.faults import line, pump, room, sump, supply, ups, water
from simulators.faults.fault import Family, Fault


class Placed(Protocol):
    """What an incident knows of a device."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def kind(self) -> str:
        """Of machine."""

    @property
    def fed_by(self) -> str | None:
        """The device above it in the topology."""

    @property
    def location(self) -> Mapping[str, str]:
        """Where it stands: building, room, zone."""


Reach = Callable[[Placed, Sequence[Placed]], Iterable[Placed]]
"""(the device that names the incident, all devices) -> those that may suffer."""


@dataclass(frozen=True, slots=True)
class Blow:
    """What an incident does to the machines of one kind, `after_s` it began; as long as the incident unless given."""

    fault: Fault
    after_s: float = 0.0
    lasts_s: float | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """A cause of many troubles, for which one ticket is due."""

    name: str
    reach: Reach
    blows: tuple[Blow, ...]
    needs: str
    """Which devices can name it, in words."""
    least: int
    """Fewer devices that suffer are no such incident."""
    lasts_s: float
    family: Family = "process"
    also: tuple[str, ...] = ()
    """Kinds of ticket about the cause itself."""

    def strikes(
        self, origin: Placed, devices: Sequence[Placed], duration_s: float
    ) -> list[tuple[str, Fault, float, float]]:
        """Whom it hits, with what, how long after its onset and for how long, the origin first.

        Raises ValueError if the device names no such place.
        """
        hit = [
            (device.id, blow.fault, blow.after_s, blow.lasts_s or duration_s - blow.after_s)
            for device in sorted(self.reach(origin, devices), key=lambda each: each.id != origin.id)
            for blow in self.blows
            if blow.fault.kind in ("*", device.kind) and blow.after_s < duration_s
        ]
        if len({device_id for device_id, *_ in hit}) < self.least:
            raise ValueError(f"{self.name} needs {self.needs}; {origin.id} is no such device")
        return hit


def everybody(_: Placed, devices: Sequence[Placed]) -> Iterable[Placed]:
    """All hang on the same 10 kV bus."""
    return devices


def downstream(origin: Placed, devices: Sequence[Placed]) -> Iterable[Placed]:
    """A feeder and all that it feeds, however far down; of a device that feeds nothing, nobody."""
    reached, step = [origin], {origin.id}
    while step:
        below = [each for each in devices if each.fed_by in step and each not in reached]
        reached += below
        step = {each.id for each in below}
    return reached if len(reached) > 1 else []


def same_room(origin: Placed, devices: Sequence[Placed]) -> Iterable[Placed]:
    """Whatever stands in the same room of the same building."""
    if not origin.location.get("room"):
        return []
    return [each for each in devices if _shares(origin, each, "building", "room")]


def same_riser(origin: Placed, devices: Sequence[Placed]) -> Iterable[Placed]:
    """Pump set and meter of the zone, and the leak cables at the meter."""
    if not origin.location.get("zone"):
        return []
    zone = [each for each in devices if _shares(origin, each, "building", "zone")]
    meters = [each for each in zone if each.kind == "water-meter"]
    cables = [each for each in devices if each.kind == "water-leak"]
    return zone + [each for each in cables if any(_shares(meter, each, "building", "room") for meter in meters)]


def _shares(one: Placed, other: Placed, *keys: str) -> bool:
    return all(one.location.get(key, "") == other.location.get(key, "") for key in keys)


_ALL = (
    Incident(
        "mains-dip",
        everybody,
        (
            Blow(supply.SAG, lasts_s=supply.POLL_S),
            Blow(supply.DRIVE_RESTART, lasts_s=supply.RESTART_S),
            Blow(supply.LIFT_STOP, lasts_s=supply.RELEVEL_S),
            Blow(ups.FAULTS["ups-mains-loss"], lasts_s=supply.ON_BATTERY_S),
        ),
        "any device of a property whose devices feel the mains",
        least=3,
        lasts_s=60.0,
        also=("common.supply",),
    ),
    Incident(
        "feeder-loss",
        downstream,
        (Blow(line.FAULTS["silent-meter"]),),
        "a device that feeds others",
        least=3,
        lasts_s=1800.0,
        also=("common.feeder",),
    ),
    Incident(
        "pump-room-flood",
        same_room,
        (
            Blow(water.FAULTS["water-leak"]),
            Blow(sump.FAULTS["sump-inflow"]),
            Blow(room.FAULTS["room-flooding"], after_s=120.0),
            Blow(pump.FAULTS["drive-overheating"], after_s=3600.0),
        ),
        "a device in a pump room where something sees water",
        least=2,
        lasts_s=3 * 3600.0,
        family="safety",
        also=("common.water",),
    ),
    Incident(
        "riser-drilled",
        same_riser,
        (
            Blow(pump.FAULTS["pipe-burst"]),
            Blow(water.FAULTS["zone-burst"]),
            Blow(water.FAULTS["water-leak"], after_s=45.0),
        ),
        "the pump set or the meter of a zone",
        least=2,
        lasts_s=1800.0,
        family="safety",
        also=("common.water",),
    ),
)
INCIDENTS: Mapping[str, Incident] = {incident.name: incident for incident in _ALL}
"""The incidents that can be simulated, by name."""
