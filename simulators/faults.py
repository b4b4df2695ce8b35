"""How equipment fails: each fault is one pure effect on a machine's signals, and one line in the table.

An effect is told the time since onset and changes what the device would measure, before noise. What it does follows
the physics of the machine: a burst pipe changes flow and pressure, and power and current follow from them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulators import plant_elevator as lift
from simulators import plant_power as grid
from simulators import plant_pump as pump
from simulators.plant import PLANTS
from simulators.plant_day import ELECTRICITY
from simulators.plant_machine import Floats, Machine, Signals
from simulators.plant_noise import uniform

Bools = NDArray[np.bool_]
Level = Literal["yellow", "red"]

VISIBLE_SIGMAS = 4.0
_RAMP_S = 900.0
_DINNER_S = 2100.0
_HOME_LOAD = 92.0


@dataclass(frozen=True, slots=True)
class Case:
    """One fault on one machine, from `onset` for `duration_s`; `severity` goes from 0 (just there) to 1 (the worst)."""

    machine: Machine
    onset: float
    severity: float
    duration_s: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.severity <= 1.0:
            raise ValueError(f"severity {self.severity} is not within 0 to 1")
        if self.duration_s <= 0.0:
            raise ValueError(f"a fault of {self.duration_s} s never happens")

    def growth(self, age: Floats, tau_s: float) -> Floats:
        """0 to 1 with time constant `tau_s` while the fault lasts, and back to 0 afterwards."""
        grown = 1.0 - np.exp(-np.clip(age, 0.0, self.duration_s) / tau_s)
        left: Floats = np.exp(-np.maximum(age - self.duration_s, 0.0) / tau_s)
        return grown * left


Effect = Callable[[Case, Floats, Signals], Signals]
"""(case, times [T] from onset on, signals without the fault) -> the channels that change, each [T]."""

Sight = Callable[[Signals, Signals], Bools]
"""(signals with the fault, signals without it) -> when a careful eye on the device's own signals sees it, [T]."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to fail: the kind of machine, what it does, when it shows, and which ticket it deserves."""

    kind: str  # of machine; "*" = any
    effect: Effect
    shown: Mapping[Level, Sight]  # lowest level first; a level that never shows is not expected
    rule_class: str
    tail_s: float = 0.0  # for how long after its end the machine still feels it


def entrapment(case: Case, times: Floats, _: Signals) -> Signals:
    """A ride with somebody in the car ends between two floors; the rescue comes at the end of the fault."""
    age = times - case.onset
    ride_s = 6.0
    riding = age < ride_s
    at_onset = PLANTS["elevator"].signal(case.machine, np.array([case.onset]))
    stands = {name: np.full_like(times, at_onset[name][0]) for name in ("floor", "runs", "door_cycles")}
    calls_after_s = ride_s + 10.0 + 50.0 * float(uniform(case.machine.key("alarm"), np.zeros(1, dtype=np.int64))[0])
    return stands | {
        "car": riding.astype(np.float64),
        "levelled": (age < 0.7).astype(np.float64),  # then the car has left the door zone
        "door": np.full_like(times, lift.CLOSED),
        "person": np.ones_like(times),
        "alarm": (age > calls_after_s).astype(np.float64),
        "speed": np.where(riding, np.minimum(0.8 * age, 1.75), 0.0),
        "noise": np.where(riding, lift.RIDING_NOISE_DBA, lift.IDLE_NOISE_DBA),
        "vib_x": np.where(riding, 0.0071, lift.IDLE_VIBRATION_G),
        "vib_z": np.where(riding, 0.0102, lift.IDLE_VIBRATION_G),
    }


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
    part = np.clip((times - case.onset) / case.duration_s, 0.0, 1.0)
    growth = (1.0 + 4.0 * case.severity) ** part
    heat = 30.0 * case.severity * np.expm1(3.0 * part) / np.expm1(3.0)
    on = signals["running"] > 0.5
    return {
        "vibration": np.where(on, signals["vibration"] * growth, signals["vibration"]),
        "bearing_temp": signals["bearing_temp"] + heat,
    }


def transformer_overload(case: Case, times: Floats, signals: Signals) -> Signals:
    """A hot evening in two steps: people come home and the load climbs to 92 %, dinner takes it to 95 to 120 %.

    Each climb takes a quarter of an hour, the second begins 35 minutes after the first. The windings follow by the
    thermal law.
    """
    target = _overload(case.severity)

    def load(normal: Floats, at: Floats) -> Floats:
        age = at - case.onset
        home, dinner = (np.clip((age - start) / _RAMP_S, 0.0, 1.0) for start in (0.0, _DINNER_S))
        down = np.clip((case.duration_s - age) / _RAMP_S + 1.0, 0.0, 1.0)
        added = (
            np.maximum(_HOME_LOAD - normal, 0.0) * home
            + np.maximum(target - np.maximum(_HOME_LOAD, normal), 0.0) * dinner
        )
        return normal + added * down

    def remembered(at: Floats) -> Floats:
        return load(grid.MEAN_LOAD * case.machine.level(ELECTRICITY, at), at)

    return grid.heated(case.machine, times, load(signals["load"], times), remembered)


def silent(_: Case, times: Floats, signals: Signals) -> Signals:
    """The device stops answering."""
    return {name: np.full_like(times, np.nan) for name in signals}


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


def _overload(severity: float) -> float:
    """Load in % of the rating at a severity."""
    return 95.0 + 25.0 * severity


def _trapped(now: Signals, _: Signals) -> Bools:
    stands = (now["levelled"] < 0.5) & (now["speed"] < 0.05)
    return stands & (now["person"] > 0.5) & np.equal(now["door"], lift.CLOSED)


def _dry(now: Signals, _: Signals) -> Bools:
    return (now["running"] > 0.5) & (now["flow"] < 0.5) & (now["pressure"] < 0.1)


def _burst(now: Signals, normal: Signals) -> Bools:
    pressed_out = (now["pressure"] < 0.88 * normal["pressure"]) & (now["speed_hz"] > 48.0)
    return pressed_out & (now["flow"] > 1.5 * normal["flow"])


def _worn(now: Signals, normal: Signals) -> Bools:
    sigma = PLANTS["pump-set"].sigma("vibration", normal["vibration"])
    worn: Bools = np.abs(now["vibration"] - normal["vibration"]) > VISIBLE_SIGMAS * sigma
    return worn


def _loaded_high(now: Signals, _: Signals) -> Bools:
    return now["load"] > 85.0


def _overloaded(now: Signals, _: Signals) -> Bools:
    # Within the measuring noise of the rating it may be judged either way; that is not called an overload here.
    clearly = np.full_like(now["load"], np.max(now["load"], initial=0.0)) > 102.0
    return clearly & (now["load"] > 100.0)


def _gone(now: Signals, _: Signals) -> Bools:
    gone: Bools = np.logical_and.reduce([np.isnan(values) for values in now.values()])
    return gone


FAULTS: Mapping[str, Fault] = {
    "entrapment": Fault("elevator", entrapment, {"red": _trapped}, "elevator.entrapment"),
    "dry-run": Fault("pump-set", dry_run, {"red": _dry}, "pump.dry_run", tail_s=3600.0),
    "pipe-burst": Fault("pump-set", pipe_burst, {"red": _burst}, "pump.pipe_burst"),
    "bearing-wear": Fault("pump-set", bearing_wear, {"yellow": _worn}, "pump.unusual"),
    "transformer-overload": Fault(
        "transformer",
        transformer_overload,
        {"yellow": _loaded_high, "red": _overloaded},
        "transformer.thermal",
        tail_s=6 * 3600.0,
    ),
    "silent-meter": Fault("*", silent, {"yellow": _gone}, "device.offline"),
}
