"""A passenger lift: the timetable of its trips, and what its collector reports of them."""

import numpy as np
from numpy.typing import NDArray

from simulators.plant_day import LIFT_TRIPS
from simulators.plant_machine import Floats, Machine, Noise, Plant, Signals, lagged
from simulators.plant_noise import normal, uniform
from simulators.plant_trips import CLOSING_S, FLOOR_M, OPEN_S, OPENING_S, STOP_S, Counts, Trip, trip_at

IDLE_NOISE_DBA = 43.0
RIDING_NOISE_DBA = 50.0
IDLE_VIBRATION_G = 0.0008
CLOSED, OPEN, OPENING, CLOSING = 0.0, 1.0, 2.0, 3.0  # door states as in the profile

_MOTOR_TAU_S = 4500.0
_DOOR_ZONE_M = 0.2
_COUNTED_BEFORE = 10_000_000  # trips numbered before the run counter was last reset


def signal(machine: Machine, times: Floats) -> Signals:
    """All channels without noise."""
    floors = int(min(machine.ratings.get("floors", 20), 20))
    rated_speed = machine.ratings.get("rated_speed", 1.75)
    trip = trip_at(machine, times, floors, rated_speed)
    metres, speed = trip.ridden_m(rated_speed)
    storeys = trip.origin + np.sign(trip.target - trip.origin) * metres / FLOOR_M
    riding = (trip.since_s > STOP_S) & (trip.since_s < STOP_S + trip.ride_s)
    floor = np.rint(storeys)
    boarded = trip.since_s > OPENING_S + 2.0
    left = trip.since_s > STOP_S + trip.ride_s + OPENING_S + 2.0
    pace = speed / rated_speed
    signals = {
        "mode": np.zeros_like(times),
        "car": riding.astype(np.float64),
        "floor": floor,
        "levelled": (~riding | (np.abs(storeys - floor) * FLOOR_M < _DOOR_ZONE_M)).astype(np.float64),
        "door": np.where(riding, CLOSED, _door(trip)),
        "person": (trip.loaded & boarded & ~left).astype(np.float64),
        "alarm": np.zeros_like(times),
        "speed": speed,
        "vib_x": np.where(riding, 0.0071 * (0.6 + 0.4 * pace), IDLE_VIBRATION_G),
        "vib_z": np.where(riding, 0.0102 * (0.6 + 0.4 * pace), IDLE_VIBRATION_G),
        "noise": np.where(riding, RIDING_NOISE_DBA - 1.0 + pace, IDLE_NOISE_DBA),
        "motor_temp": _motor_temp(machine, times),
        "rope_loss": np.full_like(times, 1.4 + 0.4 * machine.trait("rope")),
    }
    return signals | _last_stop(machine, trip) | _counters(trip)


def _door(trip: Trip) -> Floats:
    """The door of a standing car: it opens and closes before the ride and after it."""
    after = trip.since_s - STOP_S - trip.ride_s
    since: NDArray[np.float64] = np.where(after > 0.0, after, trip.since_s)
    phases = [since < 0.0, since < OPENING_S, since < OPENING_S + OPEN_S, since < STOP_S]
    return np.select(phases, [CLOSED, OPENING, OPEN, CLOSING], default=CLOSED)


def _last_stop(machine: Machine, trip: Trip) -> Signals:
    """What was measured at the last stop; it stands until the next one."""
    stop: Counts = trip.number - (trip.since_s < STOP_S + trip.ride_s)
    return {
        "level_error": np.abs(2.0 + 1.5 * normal(machine.key("level_error"), stop)),
        "door_close": CLOSING_S + 0.08 * normal(machine.key("door_close"), stop),
        "door_reopens": (uniform(machine.key("door_reopens"), stop) < 0.005).astype(np.float64),
    }


def _counters(trip: Trip) -> Signals:
    started = trip.since_s > STOP_S
    arrived = trip.since_s > 2.0 * STOP_S + trip.ride_s
    before = np.maximum(trip.number - _COUNTED_BEFORE, 0)
    return {"runs": before + started, "door_cycles": 2.0 * before + started + arrived}


def _motor_temp(machine: Machine, times: Floats) -> Floats:
    """Machine room air and 10 to 25 K more, by the traffic of the last hours."""
    traffic = lagged(lambda past: machine.level(LIFT_TRIPS, past), times, _MOTOR_TAU_S)
    return machine.ambient(times, mean_c=24.0, swing_k=3.0) + 9.0 + 8.0 * traffic


ELEVATOR = Plant(
    signal,
    {
        "speed": Noise(relative=0.005),
        "vib_x": Noise(relative=0.12),
        "vib_z": Noise(relative=0.12),
        "noise": Noise(absolute=1.0),
        "motor_temp": Noise(absolute=0.3),
        "rope_loss": Noise(absolute=0.03),
    },
)
