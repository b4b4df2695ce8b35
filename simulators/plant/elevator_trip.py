"""What the collector of a lift has measured of the latest trip that arrived; it stands until the next arrival."""

import numpy as np

from simulators.plant.doors import USUAL
from simulators.plant.machine import Floats, Machine, Signals
from simulators.plant.noise import Counts, normal, uniform
from simulators.plant.trips import ACCELERATION, Journey, Trip, journey, top_speed

SIGMA = {
    "level_error": 1.5,
    "door_close": 0.08,
    "door_open": 0.06,
    "trip_noise": 0.6,
    "trip_accel": 0.03,
    "a95_x": 0.010,
    "a95_z": 0.015,
    "machine_vib": 0.06,
    "machine_noise": 0.8,
}
"""How far it strays from trip to trip, in its unit; doors that take longer stray as much more."""
OF_LAST_TRIP = (*SIGMA, "trip_current", "door_reopens")
CURRENT_SIGMA = 0.012
"""Of the current of the same trip with the same load, relative: it repeats within 3 %."""

_RATED_CURRENT_A = 24.0
_MAGNETISING, _FRICTION = 0.25, 0.12  # shares of the rated current
_BALANCED = 0.48  # of the rated load is what the counterweight carries
_RIDING_DBA, _QUIET_SPEED, _DB_PER_SPEED = 50.0, 2.5, 2.0  # beyond that speed, in m/s, the air in the shaft is heard
_LOUDEST_DB = 1.9  # how far the loudest second of a trip stands out


def of_last_trip(machine: Machine, trip: Trip, floors: int, rated_speed: float) -> Signals:
    """All channels of the last trip without noise: what chance does to them is part of the trip."""
    stop, of_row = np.unique(trip.last_stop, return_inverse=True)
    gone = journey(machine, stop, floors)
    pace = top_speed(gone.distance_m, rated_speed) / rated_speed

    def strays(name: str) -> Floats:
        return SIGMA[name] * normal(machine.key(name), stop)

    measured = {
        "level_error": 2.0 + strays("level_error"),
        "door_close": trip.doors.closing_s * (1.0 + strays("door_close") / USUAL.closing_s),
        "door_open": trip.doors.opening_s * (1.0 + strays("door_open") / USUAL.opening_s),
        "door_reopens": (uniform(machine.key("door_reopens"), stop) < 0.005).astype(np.float64),
        "trip_current": _current(machine, stop, gone),
        "trip_noise": riding_dba(rated_speed) - 1.0 + pace + _LOUDEST_DB + strays("trip_noise"),
        "trip_accel": ACCELERATION + 0.1 + strays("trip_accel"),
        "a95_x": 0.07 * (0.6 + 0.4 * pace) + strays("a95_x"),
        "a95_z": 0.10 * (0.6 + 0.4 * pace) + strays("a95_z"),
        "machine_vib": 1.2 + 0.15 * machine.trait("machine_vib") + strays("machine_vib"),
        "machine_noise": 68.0 + 2.0 * machine.trait("machine_noise") + strays("machine_noise"),
    }
    return {name: values[of_row] for name, values in measured.items()}


def riding_dba(rated_speed: float) -> float:
    """Noise in the car at its rated speed in m/s, in dB(A)."""
    return _RIDING_DBA + _DB_PER_SPEED * max(rated_speed - _QUIET_SPEED, 0.0)


def last_journey(machine: Machine, trip: Trip, floors: int) -> Journey:
    """The latest journey that has arrived, at each instant of the trips [T]."""
    stop, of_row = np.unique(trip.last_stop, return_inverse=True)
    gone = journey(machine, stop, floors)
    return Journey(gone.origin[of_row], gone.target[of_row], gone.load[of_row])


def _current(machine: Machine, stop: Counts, gone: Journey) -> Floats:
    """Mean current: the motor lifts or brakes what the counterweight does not balance."""
    pull = 1.9 * gone.direction * (gone.load - _BALANCED) + _FRICTION
    repeats = 1.0 + CURRENT_SIGMA * normal(machine.key("trip_current"), stop)
    current: Floats = _RATED_CURRENT_A * np.hypot(_MAGNETISING, pull) * repeats
    return current
