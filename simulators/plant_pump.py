"""A booster set that keeps the pressure of one zone: demand makes flow, flow makes speed, power and current."""

import numpy as np
from numpy.typing import NDArray

from simulators.plant_day import DAY_S, WATER
from simulators.plant_machine import Floats, Machine, Noise, Plant, Signals, lagged

_DEMAND_NOISE = 0.10
_FULL_FLOW_PER_KW = 3.2  # m³/h that a set delivers at 50 Hz, per kW of rating
_MEAN_SHARE = 0.32  # of full flow, over a working day
_PEAK_SHARE = 0.75
_BEARING_TAU_S = 2700.0
# Night programme: between 00:40 and 05:20 the set sleeps on its pressure tank and wakes every 8 minutes to fill it.
_NIGHT_S = (2400.0, 19_200.0)
_CYCLE_S = 480.0
_FILLING_S = 180.0
_CYCLES = (_NIGHT_S[1] - _NIGHT_S[0]) / _CYCLE_S
_FIRST_DAY = 19_723  # the start counter was reset on 2024-01-01


def signal(machine: Machine, times: Floats) -> Signals:
    """All channels without noise."""
    running, filling_since = _programme(machine, times)
    night = filling_since >= 0.0
    demand = mean_flow(machine) * machine.demand(WATER, times, _DEMAND_NOISE)
    flow = np.where(night, demand * (_CYCLE_S / _FILLING_S), demand) * running
    speed = (30.0 + 16.0 * np.clip(flow / (_PEAK_SHARE * full_flow(machine)), 0.0, 1.0)) * running
    emptied = np.where(running, 0.0, (filling_since - _FILLING_S) / (_CYCLE_S - _FILLING_S))
    pressure = set_pressure(machine) * (1.0 - 0.03 * emptied)
    ambient = machine.ambient(times, mean_c=22.0, swing_k=2.0)
    vibration = (1.35 + 0.1 * machine.trait("balance")) * (0.92 + 0.01 * (speed - 30.0))
    return {
        "running": running.astype(np.float64),
        "speed_hz": speed,
        "pressure": pressure,
        "suction_pressure": 0.08 - 0.0004 * flow,
        "flow": flow,
        "power": power(machine, flow, pressure, speed),
        "current": current(machine, speed),
        "vibration": np.where(running, vibration, 0.05),
        "bearing_temp": ambient + _bearing_rise(machine, times),
        "ambient_temp": ambient,
        "starts": _starts(machine, times),
    }


def set_pressure(machine: Machine) -> float:
    """The pressure the set holds, MPa."""
    return machine.ratings.get("set_pressure", 0.45)


def rated_power(machine: Machine) -> float:
    """Motor rating, kW."""
    return machine.ratings.get("rated_power", 7.5)


def full_flow(machine: Machine) -> float:
    """What the set delivers at full speed, m³/h."""
    return _FULL_FLOW_PER_KW * rated_power(machine)


def mean_flow(machine: Machine) -> float:
    """Mean demand of the zone on a working day, m³/h."""
    return _MEAN_SHARE * full_flow(machine)


def power(machine: Machine, flow: Floats, pressure: Floats, speed_hz: Floats) -> Floats:
    """Electrical power in kW: hydraulic work at 62 % efficiency, and losses that go with the cube of speed."""
    hydraulic = flow * pressure / 3.6
    losses: Floats = 0.12 * rated_power(machine) * (speed_hz / 50.0) ** 3
    return hydraulic / 0.62 + losses


def current(machine: Machine, speed_hz: Floats) -> Floats:
    """Motor current in A, about 2 A per kW at full speed."""
    amps: Floats = 2.0 * rated_power(machine) * (speed_hz / 50.0) ** 2.2
    return amps


def _programme(machine: Machine, times: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Whether it runs, and at night the seconds since the filling began (-1 by day)."""
    since_s = np.mod(_local_s(machine, times), DAY_S) - _NIGHT_S[0]
    night = (since_s >= 0.0) & (since_s < _NIGHT_S[1] - _NIGHT_S[0])
    filling_since = np.where(night, np.mod(since_s, _CYCLE_S), -1.0)
    return filling_since < _FILLING_S, filling_since


def _starts(machine: Machine, times: Floats) -> Floats:
    local_s = _local_s(machine, times)
    days = np.floor(local_s / DAY_S) - _FIRST_DAY
    tonight = np.clip(np.floor((np.mod(local_s, DAY_S) - _NIGHT_S[0]) / _CYCLE_S) + 1.0, 0.0, _CYCLES)
    starts: Floats = np.maximum(days * _CYCLES + tonight, 0.0)
    return starts


def _local_s(machine: Machine, times: Floats) -> Floats:
    """Each set's own clock is a few minutes off, so that not all wake up at once."""
    return machine.local_s(times) + 200.0 * machine.trait("clock")


def _bearing_rise(machine: Machine, times: Floats) -> Floats:
    """Kelvin over the room: 18 at night, 27 at the evening peak, about 22 on average."""
    return 17.0 + 6.0 * lagged(lambda past: machine.level(WATER, past), times, _BEARING_TAU_S)


PUMP_SET = Plant(
    signal,
    {
        "speed_hz": Noise(relative=0.004),
        "pressure": Noise(absolute=0.004),
        "suction_pressure": Noise(absolute=0.003),
        "flow": Noise(relative=0.01),
        "power": Noise(relative=0.015),
        "current": Noise(relative=0.01),
        "vibration": Noise(relative=0.1),
        "bearing_temp": Noise(absolute=0.3),
        "ambient_temp": Noise(absolute=0.2),
    },
)
