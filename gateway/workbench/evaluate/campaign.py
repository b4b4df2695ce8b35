"""What an evaluation plays: normal weeks of the whole site, rounds of trials, and the incidents of the whole site.

In a round every trial has a machine of its own, a copy of one of the site's: on a line of its own, in a building of its
own, with the habits that follow from its name and the seed. So no ticket of one trial can be taken for another's.
Incidents befall the site as it stands, one after the other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from drivers.device import Device, Profile
from gateway.core.config import Config
from gateway.core.types import Fleet
from gateway.workbench.evaluate.trial import MANY, Trial, trial_of
from rules.duration import DAY_S
from simulators.faults import FAULTS
from simulators.faults.incident import INCIDENTS
from simulators.site import Injection, SimulatedSite

Build = Callable[[Config, int], SimulatedSite]
"""Makes the property that a configuration describes, as the seed wants it."""

COARSE_S = 60.0
"""How often the gateway looks where a fault takes longer than the days that were asked for."""
_SHORT_S = 2 * DAY_S
_QUIET_S, _SHORT_QUIET_S = 3 * DAY_S, 3600.0
"""Normal life before the first onset, of slow faults and of short ones."""
_APART_S = 30 * 3600.0
"""Between two incidents: a person closes a ticket a day after its condition went away."""
_MOST_PLACES = 3
_MILDEST = 0.3
_GOLDEN = (5**0.5 - 1) / 2  # its multiples fill the day evenly, however many there are


@dataclass(frozen=True, slots=True)
class Asked:
    """What an evaluation is asked for."""

    days: int
    """Of normal weeks; faults that take longer are looked at every minute."""
    starts: Mapping[int, float]
    """When the weeks of each seed begin, in seconds since 1970."""
    every_s: float
    cases: int
    """Trials of each fault on each kind of machine and seed."""
    faults: tuple[str, ...]
    normal: bool = True


@dataclass(frozen=True, slots=True)
class Round:
    """Trials on machines of one kind that are played at once, from `start` until `end` (seconds since 1970)."""

    config: Config
    plant: SimulatedSite
    trials: tuple[Trial, ...]
    seed: int
    start: float
    end: float
    step_s: float


def paced(config: Config, every_s: float) -> Config:
    """The site, looked at every `every_s`; devices that are read more seldom stay so."""
    fleets = tuple(
        replace(fleet, devices=tuple(_slowed(device, every_s) for device in fleet.devices)) for fleet in config.fleets
    )
    return _with(config, fleets, every_s)


def known_faults(plant: SimulatedSite) -> tuple[str, ...]:
    """The faults that can befall the devices of a site, and the incidents that have a place in it."""
    kinds = {device.kind for device in plant.devices.values()}
    faults = [name for name, fault in FAULTS.items() if fault.kind == "*" or fault.kind in kinds]
    return (*faults, *(name for name in INCIDENTS if _places(plant, name)))


@dataclass(frozen=True, slots=True)
class _Pace:
    """Which trials can be played together: those that leave time for as much normal life, at the same steps."""

    step_s: float
    quiet_s: float


def rounds(config: Config, build: Build, asked: Asked) -> Iterator[Round]:
    """The trials of every fault that is asked for, on every kind of machine that it befalls, mild ones and bad ones."""
    for seed in asked.starts:
        for fleet in config.fleets:
            kind = fleet.profile.profile
            befalling = [name for name in asked.faults if name in FAULTS and FAULTS[name].kind in ("*", kind)]
            for pace, names in _by_pace(befalling, asked).items():
                cases = [(name, severity) for name in names for severity in _severities(asked.cases)]
                yield _round(config, build, fleet, asked, seed, pace, cases)
        if incidents := [name for name in asked.faults if name in INCIDENTS]:
            yield _incidents(paced(config, asked.every_s), build, asked, seed, incidents)


def _by_pace(names: Iterable[str], asked: Asked) -> dict[_Pace, list[str]]:
    groups: dict[_Pace, list[str]] = {}
    for name in names:
        lasts_s = FAULTS[name].lasts_s
        step_s = max(asked.every_s, COARSE_S) if lasts_s > asked.days * DAY_S else asked.every_s
        quiet_s = _SHORT_QUIET_S if lasts_s <= _SHORT_S else _QUIET_S
        groups.setdefault(_Pace(step_s, quiet_s), []).append(name)
    return groups


def _severities(count: int) -> list[float]:
    spread: list[float] = np.round(np.linspace(_MILDEST, 1.0, count), 3).tolist()
    return spread if count > 1 else [(_MILDEST + 1.0) / 2.0]


def _round(
    config: Config, build: Build, fleet: Fleet, asked: Asked, seed: int, pace: _Pace, cases: Sequence[tuple[str, float]]
) -> Round:
    count, start = len(fleet.devices), asked.starts[seed]
    machines = [_alone(_slowed(fleet.devices[n % count], pace.step_s), n) for n in range(len(cases))]
    site = _with(config, (replace(fleet, devices=tuple(machines)),), pace.step_s)
    plant = build(site, seed)
    trials = []
    for n, ((name, severity), machine) in enumerate(zip(cases, machines, strict=True)):
        onset = start + pace.quiet_s + float(np.floor((n * _GOLDEN) % 1.0 * DAY_S))
        channel = _channel(fleet.profile, n) if FAULTS[name].family == "sensor" else ""
        truth = plant.inject(Injection(name, machine.id, onset, severity, FAULTS[name].lasts_s, channel))
        trials.append(trial_of(truth, fleet.profile.profile, seed))
    end = max(trial.felt_until for trial in trials) + pace.step_s
    return Round(site, plant, tuple(trials), seed, start, end, pace.step_s)


def _incidents(site: Config, build: Build, asked: Asked, seed: int, names: Sequence[str]) -> Round:
    """Each incident at some of its places, at all hours, far enough apart that people have closed what came before."""
    plant, start = build(site, seed), asked.starts[seed]
    each = min(asked.cases, _MOST_PLACES)
    severities = _severities(each)
    trials, onset = [], start + _SHORT_QUIET_S
    for n in range(each):
        for name in names:
            places = _places(plant, name)
            if n < len(places):
                origin = places[n * len(places) // min(each, len(places))]
                truth = plant.inject(Injection(name, origin, onset, severities[n], INCIDENTS[name].lasts_s))
                trials.append(trial_of(truth, MANY, seed))
                onset = float(np.ceil(truth.felt_until + _APART_S))
    return Round(
        site, plant, tuple(trials), seed, start, max(each.felt_until for each in trials) + 600.0, asked.every_s
    )


def _places(plant: SimulatedSite, incident: str) -> list[str]:
    """The devices that can name an incident; of those that name the same one, the first."""
    devices = [*plant.devices.values()]
    found: dict[frozenset[str], str] = {}
    for device in devices:
        try:
            strikes = INCIDENTS[incident].strikes(device, devices, INCIDENTS[incident].lasts_s)
        except ValueError:
            continue
        found.setdefault(frozenset(name for name, *_ in strikes), device.id)
    return list(found.values())


def _channel(profile: Profile, number: int) -> str:
    """The sensor that fails: another one of those that measure something each time."""
    measuring: list[str] = [point.name for point in profile.points if point.unit] or list(profile.names)
    return measuring[number % len(measuring)]


def _alone(device: Device, number: int) -> Device:
    """A machine of the same make, and nobody near it."""
    name = f"{device.id}~{number + 1}"
    building = device.location.get("building", "")
    location = {**device.location, "building": f"{building}~{number + 1}"}
    return device.model_copy(update={"id": name, "on": name, "location": location, "fed_by": None})


def _slowed(device: Device, every_s: float) -> Device:
    return device.model_copy(update={"every": max(device.every, every_s)})


def _with(config: Config, fleets: tuple[Fleet, ...], tick_s: float) -> Config:
    devices = tuple(device for fleet in fleets for device in fleet.devices)
    return replace(config, fleets=fleets, devices=devices, tick_s=tick_s)
