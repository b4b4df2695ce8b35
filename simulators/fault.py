"""What a fault is: one pure effect on a machine's signals, when it shows, and which ticket it deserves.

An effect is told the time since onset and changes what the device would measure, before noise. What it does follows
the physics of the machine: a burst pipe changes flow and pressure, and power and current follow from them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulators.plant import PLANTS
from simulators.plant_machine import Floats, Machine, Signals

Bools = NDArray[np.bool_]
Level = Literal["yellow", "red"]

VISIBLE_SIGMAS = 4.0
"""Noises that a careful eye needs to see a change."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault on one machine, from `onset` for `duration_s`; `severity` goes from 0 (just there) to 1 (the worst)."""

    machine: Machine
    onset: float
    severity: float
    duration_s: float

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
    """A way to fail: the kind of machine, what it does, when it shows, and which ticket it deserves."""

    kind: str  # of machine; "*" = any
    effect: Effect
    shown: Mapping[Level, Sight]  # lowest level first; a level that never shows is not expected
    rule_class: str
    tail_s: float = 0.0  # for how long after its end the machine still feels it


def stands_out(kind: str, channel: str, now: Signals, normal: Signals) -> Bools:
    """When a channel is visibly elsewhere than it would be without the fault, [T]."""
    sigma = PLANTS[kind].sigma(channel, normal[channel])
    out: Bools = np.abs(now[channel] - normal[channel]) > VISIBLE_SIGMAS * sigma
    return out


def part_of(case: Case, times: Floats) -> Floats:
    """How far a wear is on its way from onset (0) to failure (1), [T]."""
    part: Floats = np.clip((times - case.onset) / case.duration_s, 0.0, 1.0)
    return part
