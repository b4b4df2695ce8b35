"""How many days before a failure a learnt score speaks up, and how often it does so without cause.

The equipment is simulated. All else is the gateway's own engine, detectors and rule packs, as config.yaml has them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure, Goal, Result
from benchmarks.programs import NotMeasured
from drivers.device import Device
from gateway.core.config import Config, load
from gateway.core.plugins import Plugins, discover
from gateway.core.types import Block, Fleet, Floats
from gateway.pipeline import assembly
from gateway.pipeline.engine import Engine
from simulators.site import Injection, SimulatedDevice, SimulatedSite

DAY_S = 86400.0
MONDAY = 1_772_409_600.0
STEP_S = 60.0
ROWS = 720
FALSE_GOAL, WARNING_GOAL = 0.1, 7.0
"""False tickets of a device in 14 days, and days before failure."""
WEAR: Mapping[str, tuple[str, float, float]] = {
    "bearing-wear": ("pump-set", 15.0, 0.8),
    "impeller-clog": ("pump-set", 10.0, 1.0),
    "door-degradation": ("elevator", 21.0, 1.0),
    "loose-joint": ("transformer", 30.0, 1.0),
}
"""Fault: the machine, days until it fails, and severity."""
STANDS_OUT, STAYS = 0.55, 15
"""What a rule on a score asks for: so much, for so many minutes."""


@dataclass(frozen=True, slots=True)
class WarningLoad:
    """How much equipment, for how long."""

    devices: int = 4
    days: int = 14
    learnt_days: int = 14
    profiles: tuple[str, ...] = ("pump-set", "elevator", "transformer", "power-meter")
    faults: tuple[str, ...] = tuple(WEAR)
    seed: int = 7


@dataclass(slots=True)
class Watched:
    """What was said of one fleet: seconds since the start, by device."""

    by_score: dict[int, list[float]] = field(default_factory=dict)
    by_limit: dict[int, list[float]] = field(default_factory=dict)
    unusual: dict[int, list[float]] = field(default_factory=dict)
    """When the score had stood out for a quarter of an hour, whether a rule asks for it or not."""


def warning(load_: WarningLoad, tell: Callable[[str], None]) -> Result:
    """Measure false tickets and days of warning. Raises NotMeasured without a checkout."""
    config, plugins = _site(), discover()
    figures: list[Figure] = []
    goals: list[Goal] = []
    for profile in load_.profiles:
        house = House(config, plugins, profile, load_)
        tell(f"{profile}: {load_.learnt_days} days to learn")
        house.learn()
        tell(f"{profile}: {load_.days} normal days")
        seen = house.live(load_.days)
        for name, said in (("false tickets", seen.by_score), ("false stretches", seen.unusual)):
            figure = Figure(f"{profile}: {name}", "", (_rate(said, load_),))
            figures.append(figure)
        goals.append(Goal(f"{profile}: at most {FALSE_GOAL:g} false tickets", figures[-2].middle <= FALSE_GOAL))
        for fault in (each for each in load_.faults if WEAR[each][0] == profile):
            tell(f"{fault}: {WEAR[fault][1]:.0f} days")
            found = list(_warnings(fault, house))
            figures += found
            goals.append(Goal(f"{fault}: at least {WARNING_GOAL:g} days of warning", found[0].low >= WARNING_GOAL))
    text = f"{load_.devices} devices of each kind, one reading a minute, {load_.learnt_days} days to learn, "
    text += (
        f"{load_.days} without a fault; false tickets and stretches (score over {STANDS_OUT:g} for {STAYS} minutes) "
    )
    text += "are per device and 14 days, warnings are days before the failure"
    return Result("warning", text, tuple(figures), tuple(goals))


def _warnings(fault: str, house: "House") -> Iterator[Figure]:
    """Days of warning of every device, 0 without any, by scores and by limits."""
    _, days, severity = WEAR[fault]
    seen = house.live(round(days), fault, severity)
    for name, said in (("score", seen.by_score), ("limit", seen.by_limit)):
        first = [min(said.get(row, [days * DAY_S])) for row in range(house.devices)]
        yield Figure(f"{fault}: {name}, of {days:.0f}", "days", tuple(days - at / DAY_S for at in first))


class House:
    """A fleet of simulated devices and what two weeks taught its detectors."""

    def __init__(self, config: Config, plugins: Plugins, profile: str, load_: WarningLoad) -> None:
        self._config, self._plugins, self._seed = config, plugins, load_.seed
        self.devices, self._learnt_days = load_.devices, load_.learnt_days
        like = next(device for device in config.devices if device.profile == profile)
        members = [like.model_copy(update={"id": f"{profile}-{row}", "every": STEP_S}) for row in range(load_.devices)]
        self._fleet = Fleet(config.profiles[profile], tuple(members))
        self._learnt = self._engine()

    def learn(self) -> None:
        """Live through the normal weeks before."""
        for block in self._blocks(MONDAY - self._learnt_days * DAY_S, self._learnt_days, ()):
            self._learnt.learn(block)

    def live(self, days: int, fault: str = "", severity: float = 0.0) -> Watched:
        """What is said in so many days after that, in which every device wears out if a fault is named."""
        engine, watched = self._engine(), Watched()
        for name, detector in engine.detectors.items():
            detector.restore(self._learnt.detectors[name].state(), np.arange(self.devices))
        engine.learnt_until = self._learnt.learnt_until
        engine.listener = Stretches(watched.unusual)
        befalls = [
            Injection(fault, device.id, MONDAY, severity, days * DAY_S) for device in self._fleet.devices if fault
        ]
        for block in self._blocks(MONDAY, days, befalls):
            for finding in engine.evaluate(block):
                transition = finding.transition
                if transition.change == "fired":
                    said = watched.by_score if finding.explanations else watched.by_limit
                    said.setdefault(transition.row, []).append(transition.time - MONDAY)
        return watched

    def _engine(self) -> Engine:
        return assembly.engine(self._config, self._fleet, self._plugins)

    def _blocks(self, start: float, days: int, befalls: Sequence[Injection]) -> Iterator[Block]:
        machines = [_simulated(device, self._fleet) for device in self._fleet.devices]
        site = SimulatedSite(machines, self._seed, befalls)
        times = start + STEP_S * np.arange(round(days * DAY_S / STEP_S), dtype=np.float64)
        for first in range(0, len(times), ROWS):
            part = times[first : first + ROWS]
            values = np.stack([site.read(device.id, part) for device in self._fleet.devices], axis=1)
            age = np.where(np.isnan(values), np.inf, 0.0)
            yield Block(self._fleet, part, values, age)


class Stretches:
    """Notes when a score has stood out for a quarter of an hour."""

    def __init__(self, found: dict[int, list[float]]) -> None:
        self._found = found
        self._run: dict[int, int] = {}

    def __call__(self, times: Floats, said: Mapping[str, Floats]) -> None:
        """See `Engine.listener`."""
        for scores in (of for name, of in said.items() if name.startswith("score.")):
            for time, row in zip(times.tolist(), scores > STANDS_OUT, strict=True):
                for device, over in enumerate(row.tolist()):
                    self._run[device] = self._run.get(device, 0) + 1 if over else 0
                    if self._run[device] == STAYS:
                        self._found.setdefault(device, []).append(time - MONDAY)


def _simulated(device: Device, fleet: Fleet) -> SimulatedDevice:
    profile = fleet.profile
    return SimulatedDevice(device.id, profile, profile.profile, device.on, ratings=device.ratings)


def _rate(said: Mapping[int, list[float]], load_: WarningLoad) -> float:
    return sum(map(len, said.values())) / load_.devices * 14.0 / load_.days


def _site() -> Config:
    path = Path(__file__).resolve().parents[1] / "config.yaml"
    config = load(path, plugins=discover(), need_secrets=False).config if path.is_file() else None
    if config is None:
        raise NotMeasured(f"{path.name} of a checkout is needed for this benchmark, and it must be right")
    return config
