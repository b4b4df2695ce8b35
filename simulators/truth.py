"""What really happens in a simulated property, as intervals with labels: by this tickets are judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulators.faults import Case, Family, Fault, Level
from simulators.faults.incident import INCIDENTS
from simulators.plant.machine import Floats, Machine, Signals

_SCANNED = 20_000  # instants at which a fault's first sight is looked for
_LEVELS: tuple[Level, ...] = ("yellow", "red")
_MANY = 20  # further devices that fail at once deserve red, whatever each of them deserves


@dataclass(frozen=True, slots=True)
class Part:
    """One fault on one device; an incident has many."""

    device: str
    kind: str
    fault: Fault
    case: Case


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened, for judging tickets. Times are seconds since 1970.

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
    family: Family
    also: tuple[str, ...]
    """Classes of tickets that tell the same trouble."""
    failure: float | None
    """When the machine can no longer serve: the end of a wear."""
    felt_until: float
    """When the machine no longer feels it."""
    devices: tuple[str, ...] = ()
    """All that suffer from it, `device` first if it does; many only in an incident."""
    severity: float = 0.0
    channel: str = ""
    """What a sensor fault befalls; empty if it is the whole machine."""

    @property
    def level(self) -> Level | None:
        """The level that the ticket must reach."""
        return list(self.shown)[-1] if self.shown else None

    @property
    def shown_at(self) -> float | None:
        """When that level shows."""
        return None if self.level is None else self.shown[self.level]


Signal = Callable[[Machine, Floats], Signals]


def truth_of(
    name: str, device: str, onset: float, duration_s: float, parts: Sequence[Part], signals: Mapping[str, Signal]
) -> Truth:
    """The truth about a fault or an incident, all of its parts together; `signals` are the plants, by device."""
    shown: dict[Level, float] = {}
    for part in parts:
        for level, moment in _shown(part, signals[part.device]).items():
            shown[level] = min(moment, shown.get(level, np.inf))
    if len({part.device for part in parts}) > _MANY and "yellow" in shown:
        shown.setdefault("red", shown["yellow"])
    until = onset + duration_s
    classes = tuple(
        dict.fromkeys(each for part in parts for each in (part.fault.class_of(part.kind), *part.fault.also))
    )
    incident = INCIDENTS.get(name)
    family = incident.family if incident else parts[0].fault.family
    return Truth(
        fault=name,
        device=device,
        onset=onset,
        until=until,
        shown={level: shown[level] for level in _LEVELS if level in shown},
        rule_class=classes[0],
        family=family,
        also=(*classes[1:], *(incident.also if incident else ())),
        failure=until if family == "slow" else None,
        felt_until=max(part.case.onset + part.case.duration_s + part.fault.tail_s for part in parts),
        devices=tuple(dict.fromkeys(part.device for part in parts)),
        severity=parts[0].case.severity,
        channel=parts[0].case.channel if len(parts) == 1 else "",
    )


def befallen(fault: Fault, case: Case, times: Floats, signals: Signals) -> Signals:
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


def _shown(part: Part, signal: Signal) -> dict[Level, float]:
    """When a careful eye first sees it, by level."""
    fault, case = part.fault, part.case
    lasts_s = case.duration_s
    if fault.family == "slow" and case.severity > 0.0:
        lasts_s += fault.tail_s  # what comes of the failure is part of the wear
    times = case.onset + np.arange(0.0, lasts_s, max(1.0, lasts_s / _SCANNED))
    normal = signal(case.machine, times)
    now = befallen(fault, case, times, normal)
    seen = {level: times[sight(now, normal)] for level, sight in fault.shown.items()}
    return {level: float(moments[0]) for level, moments in seen.items() if moments.size}
