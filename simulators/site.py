"""A whole simulated property: machines, the faults that befall them, and the truth about both.

Reads are pure: the same device at the same time gives the same values, live, as history, or in a test.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from drivers.device import Profile
from simulators.faults import FAULTS, Case, Fault, Level
from simulators.plant import PLANTS, Machine, Plant, Signals
from simulators.plant_any import plant_of
from simulators.plant_machine import Floats

_SCANNED = 20_000  # instants at which a fault's first sight is looked for


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


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault that will befall a device: from `onset` (site seconds since 1970) for `duration_s`."""

    fault: str
    device: str
    onset: float
    severity: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened, for judging tickets.

    `shown` has, by level and lowest first, the first moment at which the device's own signal shows the fault: for a
    limit, when it is crossed in the signal without noise; for a drift, when it leaves four sigmas of the normal noise.
    It is empty if the fault ends before it shows.
    """

    fault: str
    device: str
    onset: float
    until: float
    shown: Mapping[Level, float]
    rule_class: str

    @property
    def level(self) -> Level | None:
        """The level that the ticket must reach."""
        return list(self.shown)[-1] if self.shown else None

    @property
    def shown_at(self) -> float | None:
        """When that level shows."""
        return None if self.level is None else self.shown[self.level]


class SimulatedSite:
    """The devices of a property and everything that will ever happen to them."""

    def __init__(
        self,
        devices: Iterable[SimulatedDevice],
        seed: int = 0,
        faults: Iterable[Injection] = (),
        utc_offset_s: float = 8 * 3600.0,
    ) -> None:
        self.devices = {device.id: device for device in devices}
        self.seed = seed
        self._machines = {
            device.id: Machine(device.id, seed, device.ratings, utc_offset_s) for device in self.devices.values()
        }
        self._cases: dict[str, list[tuple[str, Fault, Case]]] = {name: [] for name in self.devices}
        self._plants: dict[str, Plant] = {}
        for device in self.devices.values():
            if device.kind not in self._plants:
                self._plants[device.kind] = PLANTS.get(device.kind) or plant_of(device.profile)
            self._check_channels(device)
        for injection in faults:
            self.inject(injection)

    def inject(self, injection: Injection) -> Truth:
        """Add a fault. Raises KeyError for an unknown device or fault, ValueError if the fault cannot befall it."""
        fault, device = FAULTS[injection.fault], self.devices[injection.device]
        if fault.kind not in ("*", device.kind):
            raise ValueError(f"{injection.fault} needs kind {fault.kind}, and {device.id} is of kind {device.kind}")
        case = Case(self._machines[device.id], injection.onset, injection.severity, injection.duration_s)
        self._cases[device.id].append((injection.fault, fault, case))
        return self._truth(device, injection.fault, fault, case)

    def read(self, device_id: str, times: Floats) -> Floats:
        """What the device measures at the given times [T]: values [T, P] in column order, NaN where it is silent."""
        device, machine = self.devices[device_id], self._machines[device_id]
        plant = self._plants[device.kind]
        signals = plant.signal(machine, times)
        for _, fault, case in self._cases[device_id]:
            signals = _befallen(fault, case, times, signals)
        measured = plant.measured(machine, times, signals)
        return np.stack([measured[name] for name in device.profile.names], axis=1)

    def history(
        self, device_ids: Iterable[str], start: float, end: float, step_s: float
    ) -> tuple[Floats, dict[str, Floats]]:
        """The times [T] from `start` until before `end`, and each device's values [T, P]."""
        times = np.arange(start, end, step_s)
        return times, {device_id: self.read(device_id, times) for device_id in device_ids}

    def truths(self) -> tuple[Truth, ...]:
        """What really happens, in the order of onset."""
        found = [
            self._truth(self.devices[device_id], name, fault, case)
            for device_id, cases in self._cases.items()
            for name, fault, case in cases
        ]
        return tuple(sorted(found, key=lambda truth: truth.onset))

    def _truth(self, device: SimulatedDevice, name: str, fault: Fault, case: Case) -> Truth:
        times = case.onset + np.arange(0.0, case.duration_s, max(1.0, case.duration_s / _SCANNED))
        normal = self._plants[device.kind].signal(case.machine, times)
        signals = _befallen(fault, case, times, normal)
        seen = {level: times[sight(signals, normal)] for level, sight in fault.shown.items()}
        shown = {level: float(moments[0]) for level, moments in seen.items() if moments.size}
        return Truth(name, device.id, case.onset, case.onset + case.duration_s, shown, fault.rule_class)

    def _check_channels(self, device: SimulatedDevice) -> None:
        channels = self._plants[device.kind].signal(self._machines[device.id], np.zeros(1))
        if missing := [name for name in device.profile.names if name not in channels]:
            raise ValueError(f"a simulated {device.kind} does not measure {', '.join(missing)} ({device.id})")


def _befallen(fault: Fault, case: Case, times: Floats, signals: Signals) -> Signals:
    """The signals with the effect where it acts."""
    acts = (times >= case.onset) & (times < case.onset + case.duration_s + fault.tail_s)
    if not acts.any():
        return signals
    changed = fault.effect(case, times[acts], {name: values[acts] for name, values in signals.items()})
    result = dict(signals)
    for name, values in changed.items():
        result[name] = np.array(signals[name], dtype=np.float64)
        result[name][acts] = values
    return result
