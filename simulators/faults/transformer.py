"""How a dry-type transformer fails: it is overloaded, its fans stand still, a joint comes loose."""

from collections.abc import Mapping

import numpy as np

from simulators.faults.fault import Bools, Case, Fault, part_of, seriously_hot, stands_out
from simulators.plant import transformer as plant
from simulators.plant.day import DAY_S
from simulators.plant.machine import Floats, Signals

_RAMP_S = 900.0
_DINNER_S = 2100.0
_HOME_LOAD = 92.0
_WARM_LOAD = 83.0
_STUFFY_K = (18.0, 24.0)
_ROOM_TAU_S = 1800.0
_HOT_ROOM_C = 40.0
_NEEDS_FANS_C = 115.0
_FELT_S = 6.5 * 3600.0  # for so long windings remember
_JOINT_K, _JOINT_WORST_K = 1.0, 30.0
"""Excess over the neighbours at the mean load: at onset, and at failure."""
_JOINT_MILD = 1.0 / 3.0  # exponent: at severity 0.3 two thirds of it, for no joint fails before that
_MEAN_WARMTH = 0.44**2
_CONDUCTED = 0.4


def transformer_overload(case: Case, times: Floats, signals: Signals) -> Signals:
    """A hot evening in two steps: people come home and the load climbs to 92 %, dinner takes it to 95 to 120 %.

    Each climb takes a quarter of an hour, the second begins 35 minutes after the first. The windings follow by the
    thermal law.
    """
    target = _overload(case.severity)

    def load(normal: Floats, at: Floats) -> Floats:
        home, dinner, down = _climb(case, at, 0.0), _climb(case, at, _DINNER_S), _descent(case, at)
        added = (
            np.maximum(_HOME_LOAD - normal, 0.0) * home
            + np.maximum(target - np.maximum(_HOME_LOAD, normal), 0.0) * dinner
        )
        return normal + added * down

    usual = plant.usual_load(case.machine)
    return plant.heated(case.machine, times, load(signals["load"], times), lambda at: load(usual(at), at))


def fan_failure(case: Case, times: Floats, signals: Signals) -> Signals:
    """The supply of all fans trips on a warm evening with 83 % load: those of the transformer and those of its room.

    The room warms by 18 to 24 K, and the windings reach what nobody blows on.
    """

    def load(normal: Floats, at: Floats) -> Floats:
        return normal + np.maximum(_WARM_LOAD - normal, 0.0) * _climb(case, at, 0.0) * _descent(case, at)

    usual = plant.usual_load(case.machine)
    heated = plant.heated(case.machine, times, load(signals["load"], times), lambda at: load(usual(at), at), fans=0.0)
    coolest, hottest = _STUFFY_K
    stuffy = (coolest + case.severity * (hottest - coolest)) * case.growth(times - case.onset, _ROOM_TAU_S)
    warmed = {name: values + stuffy for name, values in heated.items() if name not in ("load", "fan")}
    return heated | warmed


def loose_joint(case: Case, times: Floats, signals: Signals) -> Signals:
    """The low-voltage joint of phase C warms with the square of the current, its resistance grows exponentially.

    From nothing at onset to 29 K over its neighbours at failure, at the mean load, 19 K in a mild case; five doublings,
    one every six days if it takes a month. It follows the load within half an hour, and two fifths of it reach the
    winding's own sensor.
    """
    grown = np.expm1(np.log(_JOINT_WORST_K / _JOINT_K) * part_of(case, times))
    resistance = _JOINT_K * grown * case.severity**_JOINT_MILD
    excess = resistance * plant.joint_warmth(times, plant.usual_load(case.machine)) / _MEAN_WARMTH
    return {
        "joint_c": signals["joint_c"] + excess,
        "winding_temp_c": signals["winding_temp_c"] + _CONDUCTED * excess,
    }


def burning(now: Signals, _: Signals) -> Bools:
    """One joint is seriously hot."""
    return seriously_hot(now, "joint")


def _climb(case: Case, at: Floats, after_s: float) -> Floats:
    climb: Floats = np.clip((at - case.onset - after_s) / _RAMP_S, 0.0, 1.0)
    return climb


def _descent(case: Case, at: Floats) -> Floats:
    descent: Floats = np.clip((case.duration_s - (at - case.onset)) / _RAMP_S + 1.0, 0.0, 1.0)
    return descent


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


def uncooled(now: Signals, _: Signals) -> Bools:
    """The room is hotter than it may be, or the windings need fans that do not turn."""
    hottest = np.maximum.reduce([now[f"winding_temp_{phase}"] for phase in "abc"])
    out: Bools = (now["ambient_temp"] > _HOT_ROOM_C) | ((hottest > _NEEDS_FANS_C) & (now["fan"] < 0.5))
    return out


def hot_joint(now: Signals, normal: Signals) -> Bools:
    """One joint is visibly warmer than it would be."""
    return stands_out("transformer", "joint_c", now, normal)


FAULTS: Mapping[str, Fault] = {
    "transformer-overload": Fault(
        "transformer",
        transformer_overload,
        {"yellow": loaded_high, "red": overloaded},
        "transformer.thermal",
        tail_s=_FELT_S,
        lasts_s=3 * 3600.0,
    ),
    "fan-failure": Fault(
        "transformer",
        fan_failure,
        {"yellow": uncooled},
        "transformer.fans",
        tail_s=_FELT_S,
        also=("transformer.thermal",),
        lasts_s=8 * 3600.0,
    ),
    "loose-joint": Fault(
        "transformer",
        loose_joint,
        {"yellow": hot_joint, "red": burning},
        "transformer.unusual",
        family="slow",
        also=("transformer.contact", "transformer.spread"),
        lasts_s=30 * DAY_S,
    ),
}
