"""A dry-type transformer: its windings follow the load over hours, its low-voltage joints within half an hour."""

from collections.abc import Callable

import numpy as np

from simulators.plant import feeder
from simulators.plant.heat import seen
from simulators.plant.machine import Floats, Machine, Noise, Plant, Signals

Load = Callable[[Floats], Floats]
"""The load [%] at any time, such as in the last hours, each [T]."""

NATURAL_TAU_S, FORCED_TAU_S = 2.0 * 3600.0, 3600.0
"""How slowly windings warm without and with fans."""
JOINT_TAU_S = 1800.0
_JOINT_RISE_K = 25.0  # of a sound joint over the room, at its rating
_FAN_ON_C = 110.0  # unless it is rated otherwise; off at 90
_FAN_BAND_K = (-10.0, 5.0)  # around that, between which the fans cycle ever longer
_FAN_DROP_K = 12.0
_WINDINGS = {"a": 0.99, "b": 1.04, "c": 0.97}  # the middle limb is the warmest


def transformer(machine: Machine, times: Floats) -> Signals:
    """Load and what it does to windings and joints."""
    load = feeder.load(machine, times) * feeder.flicker(machine, times, noise=0.02)
    return heated(machine, times, load, usual_load(machine))


def usual_load(machine: Machine) -> Load:
    """The load without the noise of minutes, which no winding feels."""
    return lambda past: feeder.load(machine, past)


def heated(machine: Machine, times: Floats, load: Floats, load_at: Load, *, fans: float = 1.0) -> Signals:
    """The transformer under a given load [%]; `load_at` tells it for any time, the windings remember the last hours.

    `fans` is the share of them that turn.
    """
    room = feeder.room_c(machine, times)
    slow, quick = seen(load_at, times, NATURAL_TAU_S, JOINT_TAU_S)
    rise = _rise(slow)
    begin, all_on = (machine.ratings.get("fan_on", _FAN_ON_C) + offset for offset in _FAN_BAND_K)
    asked = np.clip((room + rise - begin) / (all_on - begin), 0.0, 1.0)
    cooled = fans * asked
    blown = cooled > 0.0
    if blown.any():
        (faster,) = seen(load_at, times[blown], FORCED_TAU_S)
        rise[blown] += cooled[blown] * (0.3 * (_rise(faster) - rise[blown]) - _FAN_DROP_K)
    signals = {"load": load, "ambient_temp": room, "fan": blown.astype(np.float64)}
    warmth = _warmth(quick)
    for phase, share in _WINDINGS.items():
        signals[f"winding_temp_{phase}"] = room + share * rise
        signals[f"joint_{phase}"] = room + _JOINT_RISE_K * (1.0 + 0.08 * machine.trait(f"joint {phase}")) * warmth
    return signals


def joint_warmth(times: Floats, load_at: Load) -> Floats:
    """What the square of the load has done to a joint, 1 after hours at the rating, [T]."""
    return _warmth(*seen(load_at, times, JOINT_TAU_S))


def _warmth(past: Floats) -> Floats:
    warmth: Floats = np.mean((past / 100.0) ** 2, axis=1)
    return warmth


def _rise(past: Floats) -> Floats:
    """How far over the room's air the windings are: in the end 45 K at 60 %."""
    rise: Floats = np.mean(45.0 * (past / 60.0) ** 1.6, axis=1)
    return rise


TRANSFORMER = Plant(
    transformer,
    {
        "load": Noise(absolute=0.4),
        "winding_temp_a": Noise(absolute=0.4),
        "winding_temp_b": Noise(absolute=0.4),
        "winding_temp_c": Noise(absolute=0.4),
        "ambient_temp": Noise(absolute=0.2),
        "joint_a": Noise(absolute=0.3),
        "joint_b": Noise(absolute=0.3),
        "joint_c": Noise(absolute=0.3),
    },
)
