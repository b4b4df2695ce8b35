"""How lifts fail: somebody is trapped, doors wear, the car bangs, the controller gives up."""

from collections.abc import Mapping

import numpy as np

from simulators.faults import lift_wear
from simulators.faults.fault import Bools, Case, Fault, part_of
from simulators.plant import PLANTS
from simulators.plant import elevator as lift
from simulators.plant.day import DAY_S
from simulators.plant.doors import USUAL
from simulators.plant.elevator_trip import OF_LAST_TRIP, SIGMA, riding_dba
from simulators.plant.machine import Floats, Signals
from simulators.plant.noise import uniform

STOPPED = 3.0  # service mode as in the profile
LOCKED_OUT = 58.0
"""What the controller shows when it takes itself out of service."""

_SLOWEST = 4.5 / 2.6  # times as long as when they were new
_REOPENS, _REOPENS_MOST = 0.005, 0.08
_LOUDER_DB = 6.0
_WEEK_S = 604_800.0
_LAST_PART = 0.8  # of a door's way to its failure; then it no longer closes at times
_JAM_SLOT_S, _JAM_S = DAY_S / 4.0, 180.0
_FAULTS_AT, _LOCKED_AT = (0.25, 0.5, 0.75), 0.9  # parts of the duration
_OUT_S = 600.0


def entrapment(case: Case, times: Floats, _: Signals) -> Signals:
    """A ride with somebody in the car ends between two floors; the rescue comes at the end of the fault."""
    age = times - case.onset
    ride_s, rated_speed = 6.0, lift.rated_speed_of(case.machine)
    riding = age < ride_s
    calls_after_s = ride_s + 10.0 + 50.0 * float(uniform(case.machine.key("alarm"), np.zeros(1, dtype=np.int64))[0])
    return _as_at(case, case.onset, times) | {
        "car": riding.astype(np.float64),
        "levelled": (age < 0.7).astype(np.float64),  # then the car has left the door zone
        "door": np.full_like(times, lift.CLOSED),
        "person": np.ones_like(times),
        "alarm": (age > calls_after_s).astype(np.float64),
        "speed": np.where(riding, np.minimum(0.8 * age, rated_speed), 0.0),
        "noise": np.where(riding, riding_dba(rated_speed), lift.IDLE_NOISE_DBA),
        "vib_x": np.where(riding, 0.0071, lift.IDLE_VIBRATION_G),
        "vib_z": np.where(riding, 0.0102, lift.IDLE_VIBRATION_G),
        "fault_code": np.where(riding, 0.0, lift.POSITION_LOST),
    }


def door_degradation(case: Case, times: Floats, signals: Signals) -> Signals:
    """A worn belt or a dirty sill: usual doors close in 4.5 s instead of 2.6 at failure, and reopen ever more often.

    Closing slows exponentially over `duration_s`, opening half as much; the operator labours, up to 6 dB louder.
    Reopening doubles each week from 0.5 to 8 % of the cycles. In the last fifth the doors do not close at all at times.
    """
    part = part_of(case, times)
    slow = (1.0 + case.severity * (_SLOWEST - 1.0)) ** part
    often = np.minimum(_REOPENS * 2.0 ** ((times - case.onset) / _WEEK_S), _REOPENS_MOST) * case.severity
    cycle = np.floor(signals["door_cycles"]).astype(np.int64)
    reopens = np.maximum(signals["door_reopens"], uniform(case.machine.key("reopens again"), cycle) < often)
    moves = signals["door"] >= lift.OPENING
    jams = _jams(case, times, part)
    stands = _standing(times, lift.OPEN, lift.DOOR_NOT_CLOSED)
    return {name: np.where(jams, values, signals[name]) for name, values in stands.items()} | {
        "door_close": signals["door_close"] * slow,
        "door_open": signals["door_open"] * np.sqrt(slow),
        "door_reopens": reopens.astype(np.float64),
        "noise": np.where(moves & ~jams, signals["noise"] + _LOUDER_DB * case.severity * part, signals["noise"]),
    }


def car_noise(case: Case, times: Floats, signals: Signals) -> Signals:
    """Something has come loose: from one trip to the next the car bangs and shakes, 12 to 20 dB louder than before."""
    louder, shakes = 12.0 + 8.0 * case.severity, 3.2 + 1.8 * case.severity
    last_stop, before = (lift.trip_of(case.machine, at).last_stop for at in (times, np.array([case.onset])))
    rides, rode = signals["car"] > 0.5, last_stop > before
    changed = {
        "noise": (rides, signals["noise"] + louder),
        "vib_x": (rides, signals["vib_x"] * shakes),
        "vib_z": (rides, signals["vib_z"] * shakes),
        "trip_noise": (rode, signals["trip_noise"] + louder),
        "a95_x": (rode, signals["a95_x"] * shakes),
        "a95_z": (rode, signals["a95_z"] * shakes),
    }
    return {name: np.where(where, values, signals[name]) for name, (where, values) in changed.items()}


def controller_fault(case: Case, times: Floats, signals: Signals) -> Signals:
    """The drive ripples; three times the controller stops the car and tries again, the fourth time it gives up."""
    end = case.onset + case.duration_s
    out_s = min(_OUT_S, 0.1 * case.duration_s)
    stops = [(case.onset + part * case.duration_s, out_s, lift.DRIVE_FAULT) for part in _FAULTS_AT]
    locked = case.onset + _LOCKED_AT * case.duration_s
    changed = dict(signals)
    changed["a95_z"] = signals["a95_z"] + 0.03 * case.severity
    for begin, lasts_s, code in (*stops, (locked, end - locked, LOCKED_OUT)):
        out = (times >= begin) & (times < begin + lasts_s)
        stands = _as_at(case, begin, times) | _standing(times, lift.CLOSED, code)
        stands["mode"] = np.full_like(times, STOPPED)
        changed |= {name: np.where(out, values, changed[name]) for name, values in stands.items()}
    return changed


def _as_at(case: Case, moment: float, times: Floats) -> Signals:
    """What does not change any more once the car stands: where it is, what was counted, what the last trip was like."""
    then = PLANTS["elevator"].signal(case.machine, np.array([moment]))
    return {name: np.full_like(times, then[name][0]) for name in ("floor", "runs", "door_cycles", *OF_LAST_TRIP)}


def _standing(times: Floats, door: float, code: float) -> Signals:
    """A car out of service at a landing, with nobody in it."""
    values = {
        "car": 0.0,
        "levelled": 1.0,
        "door": door,
        "person": 0.0,
        "speed": 0.0,
        "noise": lift.IDLE_NOISE_DBA,
        "vib_x": lift.IDLE_VIBRATION_G,
        "vib_z": lift.IDLE_VIBRATION_G,
        "fault_code": code,
    }
    return {name: np.full_like(times, value) for name, value in values.items()}


def _jams(case: Case, times: Floats, part: Floats) -> Bools:
    """When the doors do not close: some minutes, up to four times a day."""
    slot = np.floor(times / _JAM_SLOT_S).astype(np.int64)
    draw = uniform(case.machine.key("jam"), slot) / (0.9 * case.severity + 1e-9)
    begin = slot * _JAM_SLOT_S + draw * (_JAM_SLOT_S - _JAM_S)
    jams: Bools = (part >= _LAST_PART) & (part < 1.0) & (draw < 1.0) & (times >= begin) & (times < begin + _JAM_S)
    return jams


def trapped(now: Signals, _: Signals) -> Bools:
    """Somebody stands in a car between two floors, behind closed doors."""
    stands = (now["levelled"] < 0.5) & (now["speed"] < 0.05)
    return stands & (now["person"] > 0.5) & np.equal(now["door"], lift.CLOSED)


def slow_door(now: Signals, normal: Signals) -> Bools:
    """The doors take visibly longer than each stop's own chance explains."""
    slow: Bools = now["door_close"] > normal["door_close"] * (1.0 + 4.0 * SIGMA["door_close"] / USUAL.closing_s)
    return slow


def thrice(now: Signals, _: Signals) -> Bools:
    """The same fault for the third time."""
    faulty = np.equal(now["fault_code"], lift.DRIVE_FAULT).astype(np.int64)
    return np.cumsum(np.diff(faulty, prepend=0) > 0) >= 3


def locked_out(now: Signals, _: Signals) -> Bools:
    """The controller has given up."""
    return np.equal(now["fault_code"], LOCKED_OUT)


FAULTS: Mapping[str, Fault] = {
    "entrapment": Fault("elevator", entrapment, {"red": trapped}, "elevator.entrapment", family="safety"),
    "door-degradation": Fault(
        "elevator",
        door_degradation,
        {"yellow": slow_door},
        "elevator.unusual",
        family="slow",
        also=("elevator.door", "elevator.fault"),
        lasts_s=21 * DAY_S,
    ),
    "car-noise": Fault(
        "elevator",
        car_noise,
        {"red": lift_wear.bangs},
        "elevator.noise",
        family="safety",
        also=("elevator.vibration", "elevator.unusual"),
        lasts_s=6 * 3600.0,
    ),
    "controller-fault": Fault(
        "elevator",
        controller_fault,
        {"yellow": thrice, "red": locked_out},
        "elevator.fault",
        also=("elevator.unusual",),
        lasts_s=28 * DAY_S,
    ),
    **lift_wear.FAULTS,
}
