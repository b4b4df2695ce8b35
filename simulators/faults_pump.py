"""How booster sets fail: they run dry, a pipe bursts, a bearing wears, an impeller clogs."""

import numpy as np

from simulators import plant_pump as pump
from simulators.fault import Bools, Case, part_of, stands_out
from simulators.plant_machine import Floats, Signals

_CLOG_SPEED_HZ, _CLOG_VIBRATION, _CLOG_LOSS = 3.0, 0.8, 0.15


def dry_run(case: Case, times: Floats, signals: Signals) -> Signals:
    """The suction side runs empty: within seconds no flow, no pressure, a third of the power, and the seal warms."""
    empty = case.growth(times - case.onset, tau_s=1.0)
    running = _forced_on(signals)
    left = 1.0 - empty
    flow = np.where(left > 0.01, running["flow"] * left, 0.0)
    pressure = running["pressure"] * left + (0.05 - 0.03 * case.severity) * empty
    speed = running["speed_hz"] + (50.0 - running["speed_hz"]) * case.growth(times - case.onset, tau_s=8.0)
    during = times < case.onset + case.duration_s
    rise = (6.0 + 6.0 * case.severity) * case.growth(times - case.onset, tau_s=600.0)
    changed = {
        "running": running["running"],
        "flow": flow,
        "pressure": pressure,
        "suction_pressure": signals["suction_pressure"] * left,
        "speed_hz": speed,
        "power": pump.power(case.machine, running["flow"], running["pressure"], running["speed_hz"])
        * (1.0 - (0.55 + 0.15 * case.severity) * empty),
        "current": pump.current(case.machine, running["speed_hz"]) * (1.0 - 0.5 * empty),
        "vibration": running["vibration"],
    }
    return _while(during, changed, signals) | {"bearing_temp": signals["bearing_temp"] + rise}


def pipe_burst(case: Case, times: Floats, signals: Signals) -> Signals:
    """A main of this zone opens: the pressure falls by 20 to 60 % and full speed cannot bring it up."""
    age = times - case.onset
    running = _forced_on(signals)
    pressure = running["pressure"] * (1.0 - (0.2 + 0.4 * case.severity) * case.growth(age, tau_s=15.0))
    leak = (0.8 + 1.2 * case.severity) * np.maximum(running["flow"], pump.mean_flow(case.machine))
    flow = np.minimum(running["flow"] + leak * case.growth(age, tau_s=15.0), 1.5 * pump.full_flow(case.machine))
    speed = running["speed_hz"] + (50.0 - running["speed_hz"]) * case.growth(age, tau_s=10.0)
    changed = {
        "running": running["running"],
        "pressure": pressure,
        "flow": flow,
        "speed_hz": speed,
        "power": pump.power(case.machine, flow, pressure, speed),
        "current": pump.current(case.machine, speed),
        "vibration": running["vibration"],
    }
    return _while(age < case.duration_s, changed, signals)


def bearing_wear(case: Case, times: Floats, signals: Signals) -> Signals:
    """Vibration grows exponentially to up to five times its value at failure (`duration_s`), heat follows late."""
    part = part_of(case, times)
    growth = (1.0 + 4.0 * case.severity) ** part
    heat = 30.0 * case.severity * np.expm1(3.0 * part) / np.expm1(3.0)
    on = signals["running"] > 0.5
    return {
        "vibration": np.where(on, signals["vibration"] * growth, signals["vibration"]),
        "bearing_temp": signals["bearing_temp"] + heat,
    }


def impeller_clog(case: Case, times: Floats, signals: Signals) -> Signals:
    """Fibres in the impeller: the same flow needs ever more speed (3 Hz at failure), 15 % more power, and it shakes.

    Over ten days of a full clog: 0.3 Hz a day and +0.8 mm/s. The controller holds the pressure until full speed.
    """
    clogged = case.severity * part_of(case, times)
    on = signals["running"] > 0.5
    speed = np.minimum(signals["speed_hz"] + _CLOG_SPEED_HZ * clogged, 50.0)
    hydraulic = pump.power(case.machine, signals["flow"], signals["pressure"], speed)
    changed = {
        "speed_hz": speed,
        "power": hydraulic / (1.0 - _CLOG_LOSS * clogged),
        "current": pump.current(case.machine, speed) * (1.0 + 0.5 * _CLOG_LOSS * clogged),
        "vibration": signals["vibration"] + _CLOG_VIBRATION * clogged,
    }
    return {name: np.where(on, values, signals[name]) for name, values in changed.items()}


def _forced_on(signals: Signals) -> Signals:
    """A set without pressure never sleeps: the signals as if it ran."""
    on = signals["running"] > 0.5
    return signals | {
        "running": np.ones_like(signals["running"]),
        "speed_hz": np.where(on, signals["speed_hz"], 30.0),
        "vibration": np.where(on, signals["vibration"], 1.3),
    }


def _while(during: Bools, changed: Signals, signals: Signals) -> Signals:
    return {name: np.where(during, values, signals[name]) for name, values in changed.items()}


def dry(now: Signals, _: Signals) -> Bools:
    """It runs and moves no water."""
    return (now["running"] > 0.5) & (now["flow"] < 0.5) & (now["pressure"] < 0.1)


def burst(now: Signals, normal: Signals) -> Bools:
    """Full speed, much more flow, and yet the pressure is gone."""
    pressed_out = (now["pressure"] < 0.88 * normal["pressure"]) & (now["speed_hz"] > 48.0)
    return pressed_out & (now["flow"] > 1.5 * normal["flow"])


def shakes(now: Signals, normal: Signals) -> Bools:
    """It vibrates visibly more than it would."""
    return stands_out("pump-set", "vibration", now, normal)


def strains(now: Signals, normal: Signals) -> Bools:
    """It turns visibly faster than this much water would need."""
    return stands_out("pump-set", "speed_hz", now, normal)
