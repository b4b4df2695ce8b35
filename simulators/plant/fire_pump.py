"""A hydrant main under pressure: a jockey pump makes up for leaks, and the fire pump waits for its weekly test."""

import numpy as np

from simulators.plant.day import DAY_S, WEEK_S, since_monday_s
from simulators.plant.machine import Floats, Machine, Noise, Plant, Signals
from simulators.plant.noise import drifting

JOCKEY_STARTS_ABOVE, JOCKEY_STOPS_ABOVE = 0.07, 0.10  # MPa over the point at which the fire pump starts by itself
CHURN = 1.25  # pressure of the fire pump without flow, over its automatic start point
_FILLING_S = 45.0
_STARTS_A_DAY = 4.0
_FIRST_DAY_S = 18_631 * DAY_S  # the counters were reset on 2021-01-04, a Monday
_TEST_S, _TEST_LASTS_S = 10 * 3600.0, 300.0  # Monday, 10:00


def signal(machine: Machine, times: Floats) -> Signals:
    """All channels without noise."""
    local_s = machine.local_s(times)
    since_test = since_monday_s(local_s) - _TEST_S
    testing = (since_test >= 0.0) & (since_test < _TEST_LASTS_S)
    weeks = np.floor((local_s - _FIRST_DAY_S - _TEST_S) / WEEK_S) + 1.0
    one, zero = np.ones_like(times), np.zeros_like(times)
    held = kept(machine, strokes(machine, times), starts_a_day(machine) / DAY_S)
    return held | {
        "pressure": np.where(testing, CHURN * start_pressure(machine), held["pressure"]),
        "main_running": testing.astype(np.float64),
        "auto_mode": one,
        "power_ok": one,
        "controller_fault": zero,
        "tank_level": 91.0 + 1.5 * machine.trait("tank") + 0.4 * drifting(machine.key("tank"), local_s, DAY_S),
        "roof_tank_level": 90.0 + 1.5 * machine.trait("roof") + 0.4 * drifting(machine.key("roof"), local_s, DAY_S),
        "starts": np.maximum(weeks, 0.0),
    }


def start_pressure(machine: Machine) -> float:
    """The pressure below which the fire pump starts by itself, MPa."""
    return machine.ratings.get("start_pressure", 0.60)


def starts_a_day(machine: Machine) -> float:
    """How often the jockey pump of a tight main starts."""
    return _STARTS_A_DAY * (1.0 + 0.3 * machine.trait("tightness"))


def strokes(machine: Machine, times: Floats) -> Floats:
    """How often the jockey pump of a tight main has started, with the part of the way to the next start."""
    since = machine.local_s(times) - _FIRST_DAY_S + DAY_S * (1.0 + machine.trait("phase"))
    count: Floats = np.maximum(since / DAY_S * starts_a_day(machine), 0.0)
    return count


def kept(machine: Machine, count: Floats, per_s: Floats | float) -> Signals:
    """What the jockey pump does: it has started `count` times, `per_s` a second; it fills, then the main leaks down."""
    part = np.mod(count, 1.0)
    filling = np.minimum(_FILLING_S * per_s, 0.9)
    full = np.where(part < filling, part / filling, (1.0 - part) / (1.0 - filling))
    above = JOCKEY_STARTS_ABOVE + (JOCKEY_STOPS_ABOVE - JOCKEY_STARTS_ABOVE) * full
    return {
        "pressure": start_pressure(machine) + above,
        "jockey_running": (part < filling).astype(np.float64),
        "jockey_starts": np.floor(count),
    }


FIRE_PUMP = Plant(
    signal,
    {
        "pressure": Noise(absolute=0.002),
        "tank_level": Noise(absolute=0.2),
        "roof_tank_level": Noise(absolute=0.2),
    },
)
