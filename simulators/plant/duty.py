"""Which pumps of a set turn: one leads for a day, its mate joins when much is drawn, the third stands by."""

import numpy as np
from numpy.typing import NDArray

from simulators.plant.day import DAY_S, WATER
from simulators.plant.machine import Floats, Machine

Bools = NDArray[np.bool_]

PUMPS = (1, 2, 3)
_JOINS_LEVEL = 1.3  # of the mean demand of a working day; one pump alone carries no more
_OVERLAP_S = 9000.0  # the next to lead is warm when it takes over
_TUESDAY_S = DAY_S


def leader(machine: Machine, times: Floats) -> NDArray[np.int64]:
    """Number of the pump that regulates, 1 or 2 by turns, [T]. They change over when the building draws most."""
    days = np.floor((machine.local_s(times) - _changeover_s(machine)) / DAY_S).astype(np.int64)
    return 1 + days % 2


def on_duty(machine: Machine, times: Floats, level: Floats) -> Bools:
    """Which pumps are on duty at a demand `level` [T], rows in the order of PUMPS, [3, T]."""
    to_change_s = np.mod(_changeover_s(machine) - machine.local_s(times), DAY_S)
    joined = (level > _JOINS_LEVEL) | (to_change_s < _OVERLAP_S)
    leads = leader(machine, times)
    return np.stack([(leads == 1) | joined, (leads == 2) | joined, np.zeros_like(joined)])


def _changeover_s(machine: Machine) -> float:
    """Second of the day at which the demand is highest on a working day."""
    week = machine.week(WATER)
    tuesday = (week.seconds >= _TUESDAY_S) & (week.seconds < _TUESDAY_S + DAY_S)
    return float(week.seconds[tuesday][np.argmax(week.level[tuesday])] - _TUESDAY_S)
