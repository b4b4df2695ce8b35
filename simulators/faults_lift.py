"""How lifts fail: somebody is trapped, a door operator wears out."""

import numpy as np

from simulators import plant_elevator as lift
from simulators.fault import Bools, Case, part_of
from simulators.plant import PLANTS
from simulators.plant_machine import Floats, Signals
from simulators.plant_noise import uniform
from simulators.plant_trips import CLOSING_S

_SLOWEST_CLOSE_S = 4.5
_REOPENS, _REOPENS_MOST = 0.005, 0.08
_WEEK_S = 604_800.0


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


def door_degradation(case: Case, times: Floats, signals: Signals) -> Signals:
    """A worn belt or a dirty sill: the doors close in 4.5 s instead of 2.6 at failure, and reopen ever more often.

    Closing slows exponentially over `duration_s`; reopening doubles each week from 0.5 to 8 % of the cycles.
    """
    slow = (1.0 + case.severity * (_SLOWEST_CLOSE_S / CLOSING_S - 1.0)) ** part_of(case, times)
    often = np.minimum(_REOPENS * 2.0 ** ((times - case.onset) / _WEEK_S), _REOPENS_MOST) * case.severity
    cycle = np.floor(signals["door_cycles"]).astype(np.int64)
    reopens = np.maximum(signals["door_reopens"], uniform(case.machine.key("reopens again"), cycle) < often)
    return {"door_close": signals["door_close"] * slow, "door_reopens": reopens.astype(np.float64)}


def trapped(now: Signals, _: Signals) -> Bools:
    """Somebody stands in a car between two floors, behind closed doors."""
    stands = (now["levelled"] < 0.5) & (now["speed"] < 0.05)
    return stands & (now["person"] > 0.5) & np.equal(now["door"], lift.CLOSED)


def slow_door(now: Signals, normal: Signals) -> Bools:
    """The doors take visibly longer than each stop's own chance explains: 0.08 s from trip to trip."""
    slow: Bools = now["door_close"] > normal["door_close"] + 4.0 * 0.08
    return slow
