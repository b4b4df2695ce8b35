"""How booster sets fail within minutes: they run dry, a pipe bursts, the inlet clogs, the drive overheats."""

from collections.abc import Mapping

import numpy as np

from simulators.faults import pump_wear
from simulators.faults.fault import Bools, Case, Fault
from simulators.plant import pump
from simulators.plant.duty import PUMPS, leader
from simulators.plant.machine import Floats, Signals
from simulators.plant.noise import normal

DRIVE_TRIPS_C = 90.0
OVERHEATED = 14.0
"""What this drive shows as its fault code then; makers differ."""


def dry_run(case: Case, times: Floats, signals: Signals) -> Signals:
    """The suction side runs empty: within seconds no flow, no pressure, a third of the power, and the seal warms."""
    empty = case.growth(times - case.onset, tau_s=1.0)
    running = _forced_on(case, times, signals)
    left = 1.0 - empty
    flow = np.where(left > 0.01, running["flow"] * left, 0.0)
    pressure = running["pressure"] * left + (0.05 - 0.03 * case.severity) * empty
    speed = running["speed_hz"] + (50.0 - running["speed_hz"]) * case.growth(times - case.onset, tau_s=8.0)
    during = times < case.onset + case.duration_s
    rise = (6.0 + 6.0 * case.severity) * case.growth(times - case.onset, tau_s=600.0)
    changed = running | {
        "flow": flow,
        "pressure": pressure,
        "suction_pressure": signals["suction_pressure"] * left,
        "speed_hz": speed,
        "power": pump.power(case.machine, running["flow"], running["pressure"], running["speed_hz"])
        * (1.0 - (0.55 + 0.15 * case.severity) * empty),
        "current": pump.current(case.machine, running["speed_hz"]) * (1.0 - 0.5 * empty),
    }
    bearings = ("bearing_temp", *(f"bearing_temp_{number}" for number in PUMPS))
    return _while(during, changed, signals) | {name: signals[name] + rise for name in bearings}


def pipe_burst(case: Case, times: Floats, signals: Signals) -> Signals:
    """A main of this zone opens: the pressure falls by 20 to 60 %, and full speed of all pumps cannot bring it up.

    The tank loses 1 to 3 % a minute.
    """
    age = times - case.onset
    running = _forced_on(case, times, signals)
    pressure = running["pressure"] * (1.0 - (0.2 + 0.4 * case.severity) * case.growth(age, tau_s=15.0))
    leak = (0.8 + 1.2 * case.severity) * np.maximum(running["flow"], pump.mean_flow(case.machine))
    flow = np.minimum(running["flow"] + leak * case.growth(age, tau_s=15.0), 1.5 * pump.full_flow(case.machine))
    speed = running["speed_hz"] + (50.0 - running["speed_hz"]) * case.growth(age, tau_s=10.0)
    lost = (1.0 + 2.0 * case.severity) * age / 60.0
    changed = running | {
        "pressure": pressure,
        "flow": flow,
        "speed_hz": speed,
        "power": pump.power(case.machine, flow, pressure, speed),
        "current": pump.current(case.machine, speed),
        "tank_level": np.maximum(signals["tank_level"] - lost, 5.0),
    }
    for number in PUMPS:
        changed |= {f"running_{number}": np.ones_like(times), f"vibration_{number}": running["vibration"]}
    return _while(age < case.duration_s, changed, signals)


def cavitation(case: Case, times: Floats, signals: Signals) -> Signals:
    """The inlet strainer clogs: vapour bubbles collapse in the impeller, within two minutes it rattles and hisses.

    Discharge pressure swings by up to 0.03 MPa and power by 5 to 10 %, anew every second.
    """
    grown = case.growth(times - case.onset, tau_s=40.0)
    grown = np.where(signals["running"] > 0.5, grown, 0.0)
    swing = np.clip(normal(case.machine.key("bubbles"), np.floor(times).astype(np.int64)) / 2.0, -1.0, 1.0) * grown
    shaking = 1.0 + (0.9 + 0.8 * case.severity) * grown
    return {
        "suction_pressure": signals["suction_pressure"] * (1.0 - grown) + (0.025 - 0.025 * case.severity) * grown,
        "pressure": signals["pressure"] + 0.03 * swing,
        "power": signals["power"] * (1.0 + (0.08 + 0.06 * case.severity) * swing),
        "hf_vibration": signals["hf_vibration"] * (1.0 + 4.0 * grown),
        "vibration": signals["vibration"] * shaking,
        **{
            f"vibration_{number}": np.where(
                signals[f"running_{number}"] > 0.5,
                signals[f"vibration_{number}"] * shaking,
                signals[f"vibration_{number}"],
            )
            for number in PUMPS
        },
    }


def drive_overheating(case: Case, times: Floats, signals: Signals) -> Signals:
    """The fan of the drive has died: the heatsink goes to 78 to 98 °C within an hour; at 90 the drive says so."""
    grown = case.growth(times - case.onset, tau_s=900.0)
    head = 78.0 + 20.0 * case.severity
    heatsink = signals["heatsink_temp"] + (head - signals["heatsink_temp"]) * grown
    return {
        "heatsink_temp": heatsink,
        "drive_fault": np.where(heatsink > DRIVE_TRIPS_C, OVERHEATED, signals["drive_fault"]),
    }


def _forced_on(case: Case, times: Floats, signals: Signals) -> Signals:
    """A set without pressure never sleeps: the signals that change if it runs throughout."""
    on = signals["running"] > 0.5
    leads = leader(case.machine, times)
    vibration = np.where(on, signals["vibration"], 1.3)
    awake = {
        "running": np.ones_like(times),
        "speed_hz": np.where(on, signals["speed_hz"], 30.0),
        "vibration": vibration,
        **{name: signals[name] for name in ("flow", "pressure")},
    }
    for number in PUMPS:
        running, shaking = f"running_{number}", f"vibration_{number}"
        awake[running] = np.where(leads == number, 1.0, signals[running])
        awake[shaking] = np.where((leads == number) & ~on, vibration, signals[shaking])
    return awake


def _while(during: Bools, changed: Signals, signals: Signals) -> Signals:
    return {name: np.where(during, values, signals[name]) for name, values in changed.items()}


def dry(now: Signals, _: Signals) -> Bools:
    """It runs and moves no water."""
    return (now["running"] > 0.5) & (now["flow"] < 0.5) & (now["pressure"] < 0.1)


def burst(now: Signals, normal: Signals) -> Bools:
    """Full speed, much more flow, and yet the pressure is gone."""
    pressed_out = (now["pressure"] < 0.88 * normal["pressure"]) & (now["speed_hz"] > 48.0)
    return pressed_out & (now["flow"] > 1.5 * normal["flow"])


def rattles(now: Signals, normal: Signals) -> Bools:
    """Hardly any pressure at the inlet, and half as much vibration again."""
    return (now["suction_pressure"] < 0.04) & (now["vibration"] > 1.5 * normal["vibration"])


def warm_drive(now: Signals, _: Signals) -> Bools:
    """The heatsink is above what drives warn of."""
    return now["heatsink_temp"] > 75.0


def hot_drive(now: Signals, _: Signals) -> Bools:
    """The heatsink is where drives switch off."""
    return now["heatsink_temp"] > 85.0


FAULTS: Mapping[str, Fault] = {
    "dry-run": Fault("pump-set", dry_run, {"red": dry}, "pump.dry_run", tail_s=3600.0, family="safety", lasts_s=600.0),
    "pipe-burst": Fault("pump-set", pipe_burst, {"red": burst}, "pump.pipe_burst", family="safety"),
    "cavitation": Fault("pump-set", cavitation, {"yellow": rattles}, "pump.suction", tail_s=600.0),
    "drive-overheating": Fault(
        "pump-set",
        drive_overheating,
        {"yellow": warm_drive, "red": hot_drive},
        "pump.drive",
        tail_s=3 * 3600.0,
        lasts_s=2 * 3600.0,
    ),
    **pump_wear.FAULTS,
}
