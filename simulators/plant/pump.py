"""A booster set that keeps the pressure of one zone: demand makes flow, flow makes speed, power and current.

Two pumps are on duty and a third stands by. What the set measures as one is of the pump that regulates, or the worst of
the pumps; the rest is measured at each of them.
"""

import numpy as np

from simulators.plant.day import WATER
from simulators.plant.duty import PUMPS, Bools, leader, on_duty
from simulators.plant.machine import Floats, Machine, Noise, Plant, Signals, lagged
from simulators.plant.sleep import CYCLE_S, FILLING_S, filling_since, night_of, starts

_DEMAND_NOISE = 0.10
_FULL_FLOW_PER_KW = 3.2  # m³/h that a set delivers at 50 Hz, per kW of rating
_MEAN_SHARE = 0.32  # of full flow, over a working day
_PEAK_SHARE = 0.75
_BEARING_TAU_S = 2700.0
STILL_MM_S = 0.05  # what a pump that stands still feels of the others
_MATE_SHARE = 0.97  # of the vibration: the mate carries less than the leader


def signal(machine: Machine, times: Floats) -> Signals:
    """All channels without noise."""
    night, since_s = night_of(machine, times)
    filling = filling_since(since_s)
    running = filling < FILLING_S
    drawn = demand(machine, times)
    flow = np.where(filling < 0.0, drawn, drawn * (CYCLE_S / FILLING_S)) * running
    emptied = np.where(running, 0.0, (filling - FILLING_S) / (CYCLE_S - FILLING_S))
    ambient = machine.ambient(times, mean_c=22.0, swing_k=2.0)
    *rises, warm = lagged(lambda past: _heat(machine, past), times, _BEARING_TAU_S)
    return {
        **turning(machine, times, running, flow, set_pressure(machine) * (1.0 - 0.03 * emptied)),
        "bearing_temp": ambient + np.max(rises, axis=0),
        **{f"bearing_temp_{pump}": ambient + rise for pump, rise in zip(PUMPS, rises, strict=True)},
        "ambient_temp": ambient,
        "starts": starts(night, since_s),
        "heatsink_temp": ambient + 8.0 + 14.0 * warm,
        "tank_level": 85.0 - 10.0 * warm,
        "drive_fault": np.zeros_like(times),
    }


def demand(machine: Machine, times: Floats) -> Floats:
    """What the zone draws, m³/h."""
    drawn: Floats = mean_flow(machine) * machine.demand(WATER, times, _DEMAND_NOISE)
    return drawn


def turning(machine: Machine, times: Floats, running: Bools, flow: Floats, pressure: Floats) -> Signals:
    """What follows at once from how much water the set moves against which pressure, and whether it runs at all."""
    speed = (30.0 + 16.0 * np.clip(flow / (_PEAK_SHARE * full_flow(machine)), 0.0, 1.0)) * running
    vibration = (1.35 + 0.1 * machine.trait("balance")) * (0.92 + 0.01 * (speed - 30.0))
    hf_vibration = (0.3 + 0.04 * machine.trait("bearing")) * (0.5 + 0.5 * speed / 40.0)
    duty = on_duty(machine, times, machine.level(WATER, times)) & running
    leads = leader(machine, times)
    shares = [np.where(leads == pump, 1.0, _MATE_SHARE) for pump in PUMPS]
    return {
        "running": running.astype(np.float64),
        "speed_hz": speed,
        "pressure": pressure,
        "suction_pressure": 0.08 - 0.0004 * flow,
        "flow": flow,
        "power": power(machine, flow, pressure, speed),
        "current": current(machine, speed),
        "vibration": np.where(running, vibration, STILL_MM_S),
        "hf_vibration": np.where(running, hf_vibration, 0.01),
        **{f"running_{pump}": on.astype(np.float64) for pump, on in zip(PUMPS, duty, strict=True)},
        **{
            f"vibration_{pump}": np.where(on, share * vibration, STILL_MM_S)
            for pump, on, share in zip(PUMPS, duty, shares, strict=True)
        },
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


def _heat(machine: Machine, past: Floats) -> Floats:
    """Kelvin over the room that each pump's bearing heads for, and below them the demand itself, [4, T].

    Of a pump on duty: 18 at night, 27 at the evening peak, about 22 on average.
    """
    level = machine.level(WATER, past)
    return np.vstack([on_duty(machine, past, level) * (17.0 + 6.0 * level), level])


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
        "hf_vibration": Noise(relative=0.1),
        "heatsink_temp": Noise(absolute=0.4),
        "tank_level": Noise(absolute=0.3),
        **{f"vibration_{pump}": Noise(relative=0.1) for pump in PUMPS},
        **{f"bearing_temp_{pump}": Noise(absolute=0.3) for pump in PUMPS},
    },
)
