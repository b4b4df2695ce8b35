"""A drainage pit in a basement with two pumps and floats: rain and seepage fill it, the pumps take turns."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulators.plant import year
from simulators.plant.day import DAY_S
from simulators.plant.machine import Floats, Machine, Noise, Plant, Signals, lagged

# Levels in m over the bottom of the pit. A float lets go a hand's breadth under the level at which it rises.
OFF, ON, HIGH, HIGH_HIGH, RIM = 0.4, 1.0, 1.3, 1.6, 1.9
FLOAT_GAP = 0.15
_AREA_M2 = 4.0
_LAG_S = 5400.0  # from the sky over gratings and ramp into the pit
_STEP_S = 600.0
_LATTICE = np.arange(0.0, DAY_S + 1.0, _STEP_S)


def signal(machine: Machine, times: Floats) -> Signals:
    """All channels without noise.

    A cycle is a filling from `OFF` to `ON` and a pumping back. How many there are in a day follows from the water that
    arrives in it, rounded so that a day begins and ends with an empty pit: a day needs no other day to be known.
    """
    phase, share = _cycles(machine, times)
    part = phase - np.floor(phase)
    filling = part < 1.0 - share
    risen = np.where(filling, part / (1.0 - share), (1.0 - part) / share)
    first = np.mod(np.floor(phase) + _days(machine, times), 2.0) < 1.0
    still = np.zeros_like(times)
    return {
        "level": OFF + (ON - OFF) * risen,
        "high": still,
        "high_high": still,
        "pump_1": (~filling & first).astype(np.float64),
        "pump_2": (~filling & ~first).astype(np.float64),
        "pump_fault": still,
        "wet": still,
    }


def pump_flow(machine: Machine) -> float:
    """What one pump lifts, m³/h."""
    return machine.ratings.get("pump_flow", 20.0)


def rise_m_h(flow_m3_h: Floats | float) -> Floats:
    """How fast the level rises with a flow into the pit, m/h."""
    rise: Floats = np.asarray(flow_m3_h, dtype=np.float64) / _AREA_M2
    return rise


def collected_m3(machine: Machine, start: float, times: Floats) -> Floats:
    """The water that ran into the pit from `start` to each later time, m³."""
    ends = np.append(times, start)
    days = _days(machine, ends)
    first = int(days[-1])
    whole = [_water(machine, day)[-1] for day in range(first, int(days.max(initial=first)))]
    since = np.concatenate(([0.0], np.cumsum(whole)))[days - first]
    for day in np.unique(days):
        mine = days == day
        since[mine] += np.interp(_clock_s(machine, ends[mine]) - day * DAY_S, _LATTICE, _water(machine, int(day)))
    collected: Floats = since[:-1] - since[-1]
    return collected


def _cycles(machine: Machine, times: Floats) -> tuple[Floats, Floats]:
    """Cycles since midnight, and the share of a cycle that is pumping, each [T]."""
    clock_s, days = _clock_s(machine, times), _days(machine, times)
    cycle_m3 = _AREA_M2 * (ON - OFF)
    phase, share = np.empty_like(times), np.empty_like(times)
    for day in np.unique(days):
        water, mine = _water(machine, int(day)), days == day
        rate = np.gradient(water, _STEP_S / 3600.0) / pump_flow(machine)
        done = np.concatenate(([0.0], np.cumsum(np.diff(water) * (1.0 - (rate[1:] + rate[:-1]) / 2.0))))
        scale = max(1.0, np.round(done[-1] / cycle_m3)) / done[-1]
        second = clock_s[mine] - day * DAY_S
        phase[mine] = np.interp(second, _LATTICE, done * scale)
        share[mine] = np.interp(second, _LATTICE, rate)
    return phase, np.clip(share, 0.002, 0.95)


def _clock_s(machine: Machine, times: Floats) -> Floats:
    """Each pit has its own midnight, so that not all are empty at once."""
    return machine.local_s(times) + _shift_s(machine)


def _shift_s(machine: Machine) -> float:
    return 3600.0 * round(12.0 * machine.trait("clock"))


def _days(machine: Machine, times: Floats) -> NDArray[np.int64]:
    return np.floor(_clock_s(machine, times) / DAY_S).astype(np.int64)


def _water(machine: Machine, day: int) -> Floats:
    """What has run in since midnight, m³ on the lattice of the day: groundwater and washing, and the rain, late."""
    seepage = 0.25 + 0.1 * machine.trait("seepage")
    catchment_m2 = machine.ratings.get("catchment", 250.0)
    water: Floats = seepage * _LATTICE / 3600.0 + catchment_m2 / 1000.0 * _drained_mm(
        machine.seed, day * DAY_S - _shift_s(machine)
    )
    return water


@lru_cache(maxsize=512)
def _drained_mm(seed: int, begin_s: float) -> Floats:
    """Rain that has come down the drains since a pit's midnight, mm on the lattice of the day."""
    late = lagged(lambda past: year.rain_mm_h(seed, past), begin_s + _LATTICE, _LAG_S)
    steps = (late[1:] + late[:-1]) * (_STEP_S / 2.0 / 3600.0)
    return np.concatenate(([0.0], np.cumsum(steps)))


SUMP = Plant(signal, {"level": Noise(absolute=0.004, step=0.001)})
