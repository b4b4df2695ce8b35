"""A whole simulated property: machines, the faults that befall them, and the truth about both.

Reads are pure: the same device at the same time gives the same values, live, as history, or in a test.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from drivers.device import Profile
from simulators.faults import FAULTS, Case, Fault
from simulators.faults.incident import INCIDENTS
from simulators.faults.sensor import foremost
from simulators.plant import PLANTS, Machine, Plant
from simulators.plant.day import Use
from simulators.plant.generic import plant_of
from simulators.plant.machine import Floats
from simulators.truth import Part, Truth, befallen, truth_of

__all__ = ["Injection", "SimulatedDevice", "SimulatedSite", "Truth"]


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    """A machine on a wire. `kind` names its plant; `unit` is its Modbus address, `topic` where it publishes.

    A kind that has no plant gets one that goes by the names and units of its profile.
    """

    id: str
    profile: Profile
    kind: str
    connection: str
    unit: int | None = None
    topic: str | None = None
    ratings: Mapping[str, float] = field(default_factory=dict)
    fed_by: str | None = None
    location: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault that will befall a device, or an incident whose place it names.

    It lasts from `onset` (site seconds since 1970) for `duration_s`.
    """

    fault: str
    device: str
    onset: float
    severity: float
    duration_s: float
    channel: str = ""
    """What a sensor fault befalls; the machine's foremost channel if it is left out."""


class SimulatedSite:
    """The devices of a property and everything that will ever happen to them."""

    def __init__(
        self,
        devices: Iterable[SimulatedDevice],
        seed: int = 0,
        faults: Iterable[Injection] = (),
        utc_offset_s: float = 8 * 3600.0,
        use: Use = "residential",
    ) -> None:
        self.devices = {device.id: device for device in devices}
        self.seed = seed
        self._machines = {
            device.id: Machine(device.id, seed, device.ratings, utc_offset_s, use) for device in self.devices.values()
        }
        self._cases: dict[str, list[tuple[Fault, Case]]] = {name: [] for name in self.devices}
        self._happened: list[tuple[Injection, tuple[Part, ...]]] = []
        self._plants: dict[str, Plant] = {}
        for device in self.devices.values():
            if device.kind not in self._plants:
                self._plants[device.kind] = PLANTS.get(device.kind) or plant_of(device.profile)
            self._check_channels(device)
        for injection in faults:
            self.inject(injection)

    def inject(self, injection: Injection) -> Truth:
        """Add a fault or an incident.

        Raises KeyError for an unknown device or fault, ValueError if the fault cannot befall it.
        """
        parts = self._parts(injection)
        for part in parts:
            self._cases[part.device].append((part.fault, part.case))
        self._happened.append((injection, parts))
        return self._truth(injection, parts)

    def read(self, device_id: str, times: Floats) -> Floats:
        """What the device measures at the given times [T]: values [T, P] in column order, NaN where it is silent."""
        device, machine = self.devices[device_id], self._machines[device_id]
        plant = self._plants[device.kind]
        signals = plant.signal(machine, times)
        cases = self._cases[device_id]
        for fault, case in cases:
            if not fault.of_reading:
                signals = befallen(fault, case, times, signals)
        measured = plant.measured(machine, times, signals)
        for fault, case in cases:
            if fault.of_reading:
                measured = befallen(fault, case, times, measured)
        return np.stack([measured[name] for name in device.profile.names], axis=1)

    def stamp(self, device_id: str, time: float) -> float:
        """The moment whose values the device tells at `time`: an earlier one while its clock stands still."""
        frozen = (
            case.onset
            for fault, case in self._cases[device_id]
            if fault.freezes and case.onset <= time < case.onset + case.duration_s
        )
        return min((onset - 1.0 for onset in frozen), default=time)

    def history(
        self, device_ids: Iterable[str], start: float, end: float, step_s: float
    ) -> tuple[Floats, dict[str, Floats]]:
        """The times [T] from `start` until before `end`, and each device's values [T, P]."""
        times = np.arange(start, end, step_s)
        return times, {device_id: self.read(device_id, times) for device_id in device_ids}

    def truths(self) -> tuple[Truth, ...]:
        """What really happens, in the order of onset."""
        found = [self._truth(injection, parts) for injection, parts in self._happened]
        return tuple(sorted(found, key=lambda truth: truth.onset))

    def _parts(self, injection: Injection) -> tuple[Part, ...]:
        """What befalls whom."""
        device = self.devices[injection.device]
        if (incident := INCIDENTS.get(injection.fault)) is not None:
            strikes = incident.strikes(device, [*self.devices.values()], injection.duration_s)
        elif (fault := FAULTS[injection.fault]).kind in ("*", device.kind):
            strikes = [(device.id, fault, 0.0, injection.duration_s)]
        else:
            raise ValueError(f"{injection.fault} needs kind {fault.kind}, and {device.id} is of kind {device.kind}")
        parts = [
            self._part(self.devices[name], fault, injection, injection.onset + after_s, lasts_s)
            for name, fault, after_s, lasts_s in strikes
        ]
        return tuple(part for part in parts if incident is None or self._feels(part))

    def _feels(self, part: Part) -> bool:
        """Whether the fault does anything to the machine just then: a lift that stands is not stopped."""
        now = np.array([part.case.onset])
        return bool(part.fault.effect(part.case, now, self._plants[part.kind].signal(part.case.machine, now)))

    def _part(self, device: SimulatedDevice, fault: Fault, asked: Injection, onset: float, lasts_s: float) -> Part:
        case = Case(self._machines[device.id], onset, asked.severity, lasts_s, asked.channel)
        return Part(device.id, device.kind, fault, self._with_sensor(device, case) if fault.of_reading else case)

    def _with_sensor(self, device: SimulatedDevice, case: Case) -> Case:
        """The case with what the fault must know of its channel."""
        channel = case.channel or foremost(device.kind, device.profile)
        if channel not in device.profile.names:
            raise ValueError(f"{device.id} does not measure {channel}")
        column = device.profile.names.index(channel)
        low = float(device.profile.points[column].low)
        reading = float(self.read(device.id, np.array([case.onset]))[0, column])
        return replace(case, channel=channel, reading=reading, floor=low if math.isfinite(low) else 0.0)

    def _truth(self, injection: Injection, parts: tuple[Part, ...]) -> Truth:
        signals = {part.device: self._plants[self.devices[part.device].kind].signal for part in parts}
        return truth_of(injection.fault, injection.device, injection.onset, injection.duration_s, parts, signals)

    def _check_channels(self, device: SimulatedDevice) -> None:
        channels = self._plants[device.kind].signal(self._machines[device.id], np.zeros(1))
        if missing := [name for name in device.profile.names if name not in channels]:
            raise ValueError(f"a simulated {device.kind} does not measure {', '.join(missing)} ({device.id})")
