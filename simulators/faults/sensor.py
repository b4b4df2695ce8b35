"""How sensors fail on any machine: one sticks, drifts, is lost or crackles, or the device's clock stands still.

Only what is measured changes. The transmitters are the monitoring's own, beside those of the machine's controller: a
machine goes on as before, whatever they say.
"""

from collections.abc import Mapping

import numpy as np

from drivers.device import Profile
from simulators.faults.fault import Bools, Case, Effect, Fault, Sight, part_of
from simulators.faults.line import silent
from simulators.plant.day import DAY_S
from simulators.plant.machine import Floats, Signals
from simulators.plant.noise import normal

_FOREMOST = {
    "elevator": "motor_temp",
    "power-meter": "u_a",
    "pump-set": "pressure",
    "transformer": "winding_temp_b",
}
"""The channel whose sensor fails, by kind of machine, unless the case names another."""

_VISIBLE_SHARE = 0.05


def foremost(kind: str, profile: Profile) -> str:
    """The channel of a sensor fault that names none: of a kind without an entry above the first that has a unit."""
    measured = (point.name for point in profile.points if point.unit)
    return _FOREMOST.get(kind) or next(measured, profile.names[0])


def stuck(case: Case, times: Floats, _: Signals) -> Signals:
    """The reading stays exactly what it was."""
    return {case.channel: np.full_like(times, case.reading)}


def drifting(case: Case, times: Floats, signals: Signals) -> Signals:
    """The reading moves away evenly, by a tenth to a fifth of the value at the end."""
    share = (0.1 + 0.1 * case.severity) * part_of(case, times)
    return {case.channel: signals[case.channel] * (1.0 + share)}


def lost(case: Case, times: Floats, _: Signals) -> Signals:
    """The loop carries no current: the reading is the bottom of its range, without noise."""
    return {case.channel: np.full_like(times, case.floor)}


def crackling(case: Case, times: Floats, signals: Signals) -> Signals:
    """A loose terminal: the reading falls towards the bottom of its range for a second here and there."""
    draw = normal(case.machine.key("terminal"), np.floor(times).astype(np.int64))
    fallen = np.clip(draw - 1.0 + case.severity, 0.0, 1.0)
    value = signals[case.channel]
    return {case.channel: value + (case.floor - value) * fallen}


def wrong(now: Signals, normal: Signals) -> Bools:
    """Some reading is more than a twentieth from what it should be."""
    away: Bools = np.logical_or.reduce(
        [np.abs(now[name] - normal[name]) > _VISIBLE_SHARE * np.abs(normal[name]) for name in now]
    )
    return away


def untrue(now: Signals, normal: Signals) -> Bools:
    """Some reading is not what it should be, however little: a dry cable has no leak to locate, lost or not."""
    away: Bools = np.logical_or.reduce([now[name] != normal[name] for name in now])
    return away


def at_once(now: Signals, _: Signals) -> Bools:
    """From the first moment, by the clock of the device."""
    return np.ones(len(next(iter(now.values()))), dtype=np.bool_)


def _sensor(effect: Effect, sight: Sight, lasts_s: float) -> Fault:
    return Fault("*", effect, {"yellow": sight}, "{trade}.sensor", family="sensor", of_reading=True, lasts_s=lasts_s)


FAULTS: Mapping[str, Fault] = {
    "sensor-stuck": _sensor(stuck, untrue, 12 * 3600.0),
    "sensor-drift": _sensor(drifting, wrong, 10 * DAY_S),
    "sensor-lost": _sensor(lost, untrue, 3 * 3600.0),
    "sensor-noisy": _sensor(crackling, wrong, 12 * 3600.0),
    "frozen-stamps": Fault(
        "*", silent, {"yellow": at_once}, "device.offline", family="sensor", of_reading=True, freezes=True
    ),
}
