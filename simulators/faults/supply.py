"""What a short dip of the mains does: meters see it in one reading, drives restart, lifts stop and level anew."""

import numpy as np

from simulators.faults.fault import Bools, Case, Fault
from simulators.plant import PLANTS, pump
from simulators.plant import elevator as lift
from simulators.plant.duty import PUMPS
from simulators.plant.machine import Floats, Signals

POLL_S, RESTART_S, RELEVEL_S, ON_BATTERY_S = 5.0, 40.0, 30.0, 8.0
"""How long each of them shows a dip of 150 ms; a meter's reading has it for one poll."""
UNDERVOLTAGE = 3.0
"""What this drive shows as its fault code then; makers differ."""

_TRIPPED_S, _RAMP_S = 10.0, 25.0
_STANDS_S, _CREEPS_S, _CREEP = 12.0, 8.0, 0.3


def sag(case: Case, times: Floats, signals: Signals) -> Signals:
    """The lowest half cycle of a reading: all phases at 65 % (severity 0) to 20 % (1) of their voltage."""
    left = np.where(times < case.onset + case.duration_s, 0.65 - 0.45 * case.severity, 1.0)
    return {name: values * left for name, values in signals.items() if name.startswith("u_")}


def drive_restart(case: Case, times: Floats, signals: Signals) -> Signals:
    """The drive trips on undervoltage, waits ten seconds and ramps up again; the pressure sinks meanwhile."""
    age = times - case.onset
    during = age < case.duration_s
    back = np.where(during, np.clip((age - _TRIPPED_S) / _RAMP_S, 0.0, 1.0), 1.0)
    turns = (back > 0.0) & (signals["running"] > 0.5)
    speed, flow = signals["speed_hz"] * back, signals["flow"] * back
    pressure = signals["pressure"] * np.where(signals["running"] > 0.5, 1.0 - 0.12 * (1.0 - back), 1.0)
    changed = {
        "speed_hz": speed,
        "flow": flow,
        "pressure": pressure,
        "power": pump.power(case.machine, flow, pressure, speed),
        "current": pump.current(case.machine, speed),
        "running": signals["running"] * turns,
        "drive_fault": np.where(during & (age < _TRIPPED_S), UNDERVOLTAGE, signals["drive_fault"]),
    } | {f"running_{number}": signals[f"running_{number}"] * turns for number in PUMPS}
    return {name: np.where(during, values, signals[name]) for name, values in changed.items()}


def lift_stop(case: Case, times: Floats, signals: Signals) -> Signals:
    """A riding car stops between floors, creeps to the next one after twelve seconds and opens; others feel nothing."""
    at_onset = PLANTS["elevator"].signal(case.machine, np.array([case.onset]))
    if at_onset["car"][0] < 0.5:
        return {}
    age = times - case.onset
    during = age < case.duration_s
    creeps = (age >= _STANDS_S) & (age < _STANDS_S + _CREEPS_S)
    arrived = age >= _STANDS_S + _CREEPS_S
    changed = {
        "car": creeps.astype(np.float64),
        "speed": np.where(creeps, _CREEP, 0.0),
        "levelled": arrived.astype(np.float64),
        "door": np.where(arrived, lift.OPEN, lift.CLOSED),
        "floor": np.full_like(times, at_onset["floor"][0]),
        "person": np.full_like(times, at_onset["person"][0]),
    }
    return {name: np.where(during, values, signals[name]) for name, values in changed.items()}


def sagged(now: Signals, normal: Signals) -> Bools:
    """All phases are far below what they would be."""
    low: Bools = now["u_a"] < 0.9 * normal["u_a"]
    return low


def dropped(now: Signals, normal: Signals) -> Bools:
    """So far below that drives and contactors drop out."""
    low: Bools = now["u_a"] < 0.7 * normal["u_a"]
    return low


SAG = Fault("power-meter", sag, {"yellow": sagged, "red": dropped}, "power.voltage")
DRIVE_RESTART = Fault("pump-set", drive_restart, {}, "pump.drive")
LIFT_STOP = Fault("elevator", lift_stop, {}, "elevator.stopped")
