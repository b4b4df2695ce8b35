"""How power equipment fails: a transformer is overloaded, a joint comes loose."""

import numpy as np

from simulators import plant_power as grid
from simulators.fault import Bools, Case, part_of, stands_out
from simulators.plant_day import ELECTRICITY
from simulators.plant_machine import Floats, Signals, lagged

_RAMP_S = 900.0
_DINNER_S = 2100.0
_HOME_LOAD = 92.0
_JOINT_TAU_S = 1800.0
_JOINT_K, _JOINT_WORST_K = 1.0, 30.0
"""Excess over the neighbours at the mean load: at onset, and at failure."""


def transformer_overload(case: Case, times: Floats, signals: Signals) -> Signals:
    """A hot evening in two steps: people come home and the load climbs to 92 %, dinner takes it to 95 to 120 %.

    Each climb takes a quarter of an hour, the second begins 35 minutes after the first. The windings follow by the
    thermal law.
    """
    target = _overload(case.severity)

    def load(normal: Floats, at: Floats) -> Floats:
        age = at - case.onset
        home, dinner = (np.clip((age - start) / _RAMP_S, 0.0, 1.0) for start in (0.0, _DINNER_S))
        down = np.clip((case.duration_s - age) / _RAMP_S + 1.0, 0.0, 1.0)
        added = (
            np.maximum(_HOME_LOAD - normal, 0.0) * home
            + np.maximum(target - np.maximum(_HOME_LOAD, normal), 0.0) * dinner
        )
        return normal + added * down

    def remembered(at: Floats) -> Floats:
        return load(grid.MEAN_LOAD * case.machine.level(ELECTRICITY, at), at)

    return grid.heated(case.machine, times, load(signals["load"], times), remembered)


def loose_joint(case: Case, times: Floats, signals: Signals) -> Signals:
    """The joint of phase C warms with the square of the current, and its resistance grows exponentially.

    The sensor of that winding's terminal sees it: 1 K over its neighbours at onset and 30 K at failure, at the mean
    load; five doublings, one every six days if it takes a month. It follows the load within half an hour.
    """
    worst = _JOINT_K + case.severity * (_JOINT_WORST_K - _JOINT_K)
    resistance = _JOINT_K * (worst / _JOINT_K) ** part_of(case, times) * min(1.0, 2.0 * case.severity)
    squares = lagged(lambda past: case.machine.level(ELECTRICITY, past) ** 2, times, _JOINT_TAU_S)
    return {"winding_temp_c": signals["winding_temp_c"] + resistance * squares}


def _overload(severity: float) -> float:
    """Load in % of the rating at a severity."""
    return 95.0 + 25.0 * severity


def loaded_high(now: Signals, _: Signals) -> Bools:
    """More than 85 % of its rating."""
    return now["load"] > 85.0


def overloaded(now: Signals, _: Signals) -> Bools:
    """More than its rating, and clearly so."""
    # Within the measuring noise of the rating it may be judged either way; that is not called an overload here.
    clearly = np.full_like(now["load"], np.max(now["load"], initial=0.0)) > 102.0
    return clearly & (now["load"] > 100.0)


def hot_joint(now: Signals, normal: Signals) -> Bools:
    """One phase is visibly warmer than it would be."""
    return stands_out("transformer", "winding_temp_c", now, normal)
