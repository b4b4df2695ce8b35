"""What a fault is: one pure effect on a machine's signals, when it shows, and which ticket it deserves.

An effect is told the time since onset and changes what the device would measure, before noise. What it does follows
the physics of the machine: a burst pipe changes flow and pressure, and power and current follow from them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulators.plant import PLANTS
from simulators.plant.machine import Floats, Machine, Signals

Bools = NDArray[np.bool_]
Level = Literal["yellow", "red"]
Family = Literal["safety", "process", "slow", "sensor"]
"""What is at stake: people, the service of today, the service of some weeks ahead, or only what is measured."""

_TRADES = {
    "pump-set": "pump",
    "power-meter": "power",
    "residual-current": "residual",
    "distribution-room": "room",
    "fire-pump": "fire",
    "water-meter": "water",
    "water-leak": "water",
}
"""The first word of the classes of a kind's tickets, where that is not its own name."""

VISIBLE_SIGMAS = 4.0
"""Noises that a careful eye needs to see a change."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault on one machine, from `onset` for `duration_s`; `severity` goes from 0 (just there) to 1 (the worst)."""

    machine: Machine
    onset: float
    severity: float
    duration_s: float
    channel: str = ""
    """The channel of a sensor fault; others concern the whole machine."""
    reading: float = math.nan
    """What that channel read at onset."""
    floor: float = 0.0
    """What it reads when its sensor sends nothing: the bottom of its range."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.severity <= 1.0:
            raise ValueError(f"severity {self.severity} is not within 0 to 1")
        if self.duration_s <= 0.0:
            raise ValueError(f"a fault of {self.duration_s} s never happens")

    def growth(self, age: Floats, tau_s: float) -> Floats:
        """0 to 1 with time constant `tau_s` while the fault lasts, and back to 0 afterwards."""
        grown = 1.0 - np.exp(-np.clip(age, 0.0, self.duration_s) / tau_s)
        left: Floats = np.exp(-np.maximum(age - self.duration_s, 0.0) / tau_s)
        return grown * left


Effect = Callable[[Case, Floats, Signals], Signals]
"""(case, times [T] from onset on, signals without the fault) -> the channels that change, each [T]."""

Sight = Callable[[Signals, Signals], Bools]
"""(signals with the fault, signals without it) -> when a careful eye on the device's own signals sees it, [T]."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to fail: the kind of machine, what it does, when it shows, and which ticket it deserves.

    A slow fault ends in failure when its duration is over.
    """

    kind: str  # of machine; "*" = any
    effect: Effect
    shown: Mapping[Level, Sight]  # lowest level first; a level that never shows is not expected
    rule_class: str
    """The class of its ticket; "{trade}" stands for the machine's trade, such as pump."""
    tail_s: float = 0.0  # for how long after its end the machine still feels it
    family: Family = "process"
    also: tuple[str, ...] = ()
    """Other classes of tickets that tell the same trouble, such as the limit that a wear reaches in the end."""
    of_reading: bool = False
    """It changes what is measured, noise and all, and nothing in the machine."""
    freezes: bool = False
    """The device goes on telling the last values from before, under the time of then, to those who listen to it."""
    lasts_s: float = 1800.0
    """A typical duration: of a wear, from onset to failure."""

    def class_of(self, kind: str) -> str:
        """The class of its ticket on a machine of this kind."""
        return self.rule_class.format(trade=_TRADES.get(kind, kind))


def stands_out(kind: str, channel: str, now: Signals, normal: Signals) -> Bools:
    """When a channel is visibly elsewhere than it would be without the fault, [T]."""
    sigma = PLANTS[kind].sigma(channel, normal[channel])
    out: Bools = np.abs(now[channel] - normal[channel]) > VISIBLE_SIGMAS * sigma
    return out


def part_of(case: Case, times: Floats) -> Floats:
    """How far a wear is on its way from onset (0) to failure (1), [T]."""
    part: Floats = np.clip((times - case.onset) / case.duration_s, 0.0, 1.0)
    return part


def seriously_hot(now: Signals, what: str) -> Bools:
    """Serious by the criteria for joints and contacts: 75 °C, 65 K over the air, 50 K over a neighbour."""
    phases = np.stack([now[f"{what}_{phase}"] for phase in "abc"])
    hottest = phases.max(axis=0)
    serious: Bools = (hottest > 75.0) | (hottest - now["ambient_temp"] > 65.0) | (hottest - phases.min(axis=0) > 50.0)
    return serious
