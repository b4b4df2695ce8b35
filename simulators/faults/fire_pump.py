"""How the water for fires is lost: the main leaks, it opens, the controller is left in manual, the tank runs down."""

from collections.abc import Mapping

import numpy as np

from simulators.faults.fault import Bools, Case, Fault
from simulators.plant import fire_pump
from simulators.plant.day import DAY_S
from simulators.plant.machine import Floats, Signals

_LEAST_STARTS, _MORE_STARTS = 30.0, 330.0  # of the jockey pump, a day, when it can no longer keep up
_MANY_STARTS = 24.0
_DROP_TAU_S = 3.0
_STARTS_AFTER_S = 10.0
_REFUSES_FROM = 0.5
"""Severity from which on the fire pump does not start."""


def jockey_leak(case: Case, times: Floats, signals: Signals) -> Signals:
    """The main leaks ever more: the jockey pump starts ever more often, 30 to 360 times a day when it ends."""
    worst = (_LEAST_STARTS + _MORE_STARTS * case.severity) * min(1.0, 4.0 * case.severity) / DAY_S
    age = times - case.onset
    tight = fire_pump.starts_a_day(case.machine) / DAY_S
    count = fire_pump.strokes(case.machine, times) + 0.5 * worst * age**2 / case.duration_s
    held = fire_pump.kept(case.machine, count, tight + worst * age / case.duration_s)
    return held | {"pressure": np.where(signals["main_running"] > 0.5, signals["pressure"], held["pressure"])}


def pressure_loss(case: Case, times: Floats, signals: Signals) -> Signals:
    """Hydrants are opened or the main breaks: the pressure falls below the automatic start point in seconds.

    The fire pump starts after ten seconds and brings it back nearly; from severity 0.5 on it refuses, and only the
    roof tank's head of a third to a half remains.
    """
    age = times - case.onset
    open_ = age < case.duration_s
    start = fire_pump.start_pressure(case.machine)
    runs = open_ & (age >= _STARTS_AFTER_S) & (case.severity < _REFUSES_FROM)
    low = start * (0.55 - 0.2 * case.severity)
    fallen = low + (signals["pressure"] - low) * np.exp(-np.clip(age, 0.0, case.duration_s) / _DROP_TAU_S)
    pressure = np.where(runs, start * (0.98 - 0.2 * case.severity), fallen)
    return {
        "pressure": np.where(open_, pressure, signals["pressure"]),
        "jockey_running": np.where(open_ & (age > _DROP_TAU_S), 1.0, signals["jockey_running"]),
        "main_running": np.where(runs, 1.0, np.where(open_, 0.0, signals["main_running"])),
        "starts": signals["starts"] + runs,
    }


def not_auto(case: Case, times: Floats, signals: Signals) -> Signals:
    """After some work the selector was left in manual: nothing would start by itself, not even the weekly test."""
    left = times - case.onset < case.duration_s
    tested = left & (signals["main_running"] > 0.5)
    held = fire_pump.kept(
        case.machine,
        fire_pump.strokes(case.machine, times),
        fire_pump.starts_a_day(case.machine) / DAY_S,
    )
    return {
        "auto_mode": np.where(left, 0.0, signals["auto_mode"]),
        "main_running": np.where(left, 0.0, signals["main_running"]),
        "pressure": np.where(tested, held["pressure"], signals["pressure"]),
    }


def supply_lost(case: Case, times: Floats, signals: Signals) -> Signals:
    """Both feeders of the controller are without voltage."""
    dark = times - case.onset < case.duration_s
    return {"power_ok": np.where(dark, 0.0, signals["power_ok"])} | {
        name: np.where(dark, 0.0, signals[name]) for name in ("main_running", "jockey_running")
    }


def tank_low(case: Case, times: Floats, signals: Signals) -> Signals:
    """The tank loses water and is not refilled: in six tenths of the time down to 74 % (severity 0) or 14 % (1)."""
    lowest = 74.0 - 60.0 * case.severity
    fallen = np.clip((times - case.onset) / (0.6 * case.duration_s), 0.0, 1.0)
    fallen = np.where(times - case.onset < case.duration_s, fallen, 0.0)
    return {"tank_level": signals["tank_level"] + (lowest - signals["tank_level"]) * fallen}


def leaks(now: Signals, normal: Signals) -> Bools:
    """The jockey pump has started a day's worth of times more than it would have."""
    return now["jockey_starts"] - normal["jockey_starts"] > _MANY_STARTS


def in_use(now: Signals, normal: Signals) -> Bools:
    """The pressure is gone that the jockey pump should keep, or the fire pump brings it."""
    return now["pressure"] < normal["pressure"] - 1.5 * fire_pump.JOCKEY_STOPS_ABOVE


def unready(now: Signals, _: Signals) -> Bools:
    """Not in automatic."""
    return now["auto_mode"] < 0.5


def dark(now: Signals, _: Signals) -> Bools:
    """Without voltage."""
    return now["power_ok"] < 0.5


def reserve_short(now: Signals, _: Signals) -> Bools:
    """The reserve is no longer complete."""
    return now["tank_level"] < 80.0


def reserve_gone(now: Signals, _: Signals) -> Bools:
    """Half the reserve is gone, and clearly so."""
    return (now["tank_level"] < 50.0) & (np.min(now["tank_level"], initial=100.0) < 49.0)


FAULTS: Mapping[str, Fault] = {
    "jockey-leak": Fault("fire-pump", jockey_leak, {"yellow": leaks}, "fire.jockey", family="slow", lasts_s=30 * DAY_S),
    "fire-pressure-loss": Fault("fire-pump", pressure_loss, {"red": in_use}, "fire.water", family="safety"),
    "fire-not-auto": Fault("fire-pump", not_auto, {"red": unready}, "fire.ready", lasts_s=6 * 3600.0),
    "fire-supply-lost": Fault("fire-pump", supply_lost, {"red": dark}, "fire.ready", lasts_s=3600.0),
    "fire-tank-low": Fault(
        "fire-pump", tank_low, {"yellow": reserve_short, "red": reserve_gone}, "fire.tank", lasts_s=12 * 3600.0
    ),
}
