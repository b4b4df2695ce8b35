"""The night programme of a pump set: it sleeps on its pressure tank, and wakes every few minutes to fill it again."""

import numpy as np

from simulators.plant.day import DAY_S
from simulators.plant.machine import Floats, Machine

CYCLE_S = 480.0  # from one start to the next
FILLING_S = 180.0
NIGHT_S = 16_800.0  # 00:40 to 05:20
CYCLES = NIGHT_S / CYCLE_S
_BEGINS_S = 2400.0
_FIRST_NIGHT = 19_723.0  # the start counter was reset on 2024-01-01


def night_of(machine: Machine, times: Floats) -> tuple[Floats, Floats]:
    """Number of the last night that began, and the seconds since then; it is over after NIGHT_S. [T] each.

    Each set's own clock is a few minutes off, so that not all wake up at once.
    """
    since = machine.local_s(times) + 200.0 * machine.trait("clock") - _BEGINS_S
    night = np.floor(since / DAY_S)
    return night, since - night * DAY_S


def filling_since(since_s: Floats, cycle_s: Floats | float = CYCLE_S) -> Floats:
    """Seconds since the last filling began, at `since_s` seconds after the beginning of a night; -1 by day."""
    filling: Floats = np.where(since_s < NIGHT_S, np.mod(since_s, cycle_s), -1.0)
    return filling


def starts(night: Floats, since_s: Floats) -> Floats:
    """What the start counter shows: one start for each filling of all nights."""
    tonight = np.minimum(np.floor(since_s / CYCLE_S) + 1.0, CYCLES)
    counted: Floats = np.maximum((night - _FIRST_NIGHT) * CYCLES + tonight, 0.0)
    return counted
