"""A passenger lift: the timetable of its trips, and what its collector reports of them."""

import numpy as np
from numpy.typing import NDArray

from simulators.plant.day import LIFT_TRIPS
from simulators.plant.doors import OPEN_S
from simulators.plant.elevator_trip import of_last_trip, riding_dba
from simulators.plant.machine import Floats, Machine, Noise, Plant, Signals, lagged
from simulators.plant.noise import uniform
from simulators.plant.trips import FLOOR_M, Trip, trip_at, trip_number

IDLE_NOISE_DBA, DOOR_NOISE_DBA = 43.0, 50.0
IDLE_VIBRATION_G = 0.0008
CLOSED, OPEN, OPENING, CLOSING = 0.0, 1.0, 2.0, 3.0  # door states as in the profile
DOOR_NOT_CLOSED, POSITION_LOST, OVERLOADED, DRIVE_FAULT = 31.0, 22.0, 40.0, 57.0
"""Fault codes, as this make of controller numbers them."""

_MOTOR_TAU_S = 4500.0
_NODE_S = 300.0  # a memory of an hour needs no finer lattice
_ROOM_LAG_S = 3.0 * 3600.0
_DOOR_ZONE_M = 0.2
_INSTALLED = 1_577_836_800.0  # 2020-01-01, when the run counter was at zero
_TROUBLED_TRIPS = 2e-5  # share of the trips that leave a code in the controller: one in a hundred days
_PASSING_CODES = np.array([DOOR_NOT_CLOSED, POSITION_LOST, OVERLOADED])


def signal(machine: Machine, times: Floats) -> Signals:
    """All channels without noise."""
    rated_speed = rated_speed_of(machine)
    trip = trip_of(machine, times)
    metres, speed = trip.ridden_m(rated_speed)
    storeys = trip.origin + trip.direction * metres / FLOOR_M
    riding = (trip.since_s > trip.doors.stop_s) & ~trip.arrived
    floor = np.rint(storeys)
    boarded = trip.since_s > trip.doors.opening_s + 2.0
    left = trip.since_s > trip.doors.stop_s + trip.ride_s + trip.doors.opening_s + 2.0
    pace = speed / rated_speed
    door = np.where(riding, CLOSED, _door(trip))
    signals = {
        "mode": np.zeros_like(times),
        "car": riding.astype(np.float64),
        "floor": floor,
        "levelled": (~riding | (np.abs(storeys - floor) * FLOOR_M < _DOOR_ZONE_M)).astype(np.float64),
        "door": door,
        "person": ((trip.load > 0.0) & boarded & ~left).astype(np.float64),
        "alarm": np.zeros_like(times),
        "speed": speed,
        "vib_x": np.where(riding, 0.0071 * (0.6 + 0.4 * pace), IDLE_VIBRATION_G),
        "vib_z": np.where(riding, 0.0102 * (0.6 + 0.4 * pace), IDLE_VIBRATION_G),
        "noise": np.select(
            [riding, door >= OPENING], [riding_dba(rated_speed) - 1.0 + pace, DOOR_NOISE_DBA], default=IDLE_NOISE_DBA
        ),
        "rope_loss": np.full_like(times, 1.4 + 0.4 * machine.trait("rope")),
        "broken_wires": np.zeros_like(times),
        "fault_code": _passing_code(machine, trip),
    }
    return (
        signals
        | of_last_trip(machine, trip, floors_of(machine), rated_speed)
        | _counters(machine, trip)
        | _heat(machine, times)
    )


def trip_of(machine: Machine, times: Floats) -> Trip:
    """The trip of each instant [T]."""
    return trip_at(machine, times, floors_of(machine), rated_speed_of(machine))


def floors_of(machine: Machine) -> int:
    """How many floors it serves; the timetable knows at most 20."""
    return int(min(machine.ratings.get("floors", 20), 20))


def rated_speed_of(machine: Machine) -> float:
    """In m/s."""
    return machine.ratings.get("rated_speed", 1.75)


def traffic(machine: Machine, times: Floats) -> Floats:
    """The trips of the last hours as its machine and its brake remember them; 1 is the mean of a working day."""
    position = times / _NODE_S
    nodes, of_row = np.unique(np.floor(position), return_inverse=True)
    ends = np.concatenate((nodes, nodes + 1.0)) * _NODE_S
    at, after = lagged(lambda past: machine.level(LIFT_TRIPS, past), ends, _MOTOR_TAU_S).reshape(2, -1)[:, of_row]
    busy: Floats = at + (position - np.floor(position)) * (after - at)
    return busy


def _door(trip: Trip) -> Floats:
    """The door of a standing car: it opens and closes before the ride and after it."""
    doors = trip.doors
    after = trip.since_s - doors.stop_s - trip.ride_s
    since: NDArray[np.float64] = np.where(after > 0.0, after, trip.since_s)
    phases = [since < 0.0, since < doors.opening_s, since < doors.opening_s + OPEN_S, since < doors.stop_s]
    return np.select(phases, [CLOSED, OPENING, OPEN, CLOSING], default=CLOSED)


def _counters(machine: Machine, trip: Trip) -> Signals:
    started = trip.since_s > trip.doors.stop_s
    arrived = trip.since_s > 2.0 * trip.doors.stop_s + trip.ride_s
    before = np.maximum(trip.number - trip_number(machine, np.array([_INSTALLED])), 0)
    return {"runs": before + started, "door_cycles": 2.0 * before + started + arrived}


def _heat(machine: Machine, times: Floats) -> Signals:
    """The machine room follows the outdoor air late and half; machine and brake follow the traffic of the last hours.

    The machine is 10 to 25 K warmer than the room, the coil of the brake 15 to 40 K.
    """
    busy = traffic(machine, times)
    room = 24.0 + 0.45 * (machine.outdoor_c(times - _ROOM_LAG_S) - 20.0) + machine.trait("room") + 1.5 * busy
    return {"room_temp": room, "motor_temp": room + 9.0 + 7.0 * busy, "brake_temp": room + 14.0 + 11.0 * busy}


def _passing_code(machine: Machine, trip: Trip) -> Floats:
    """Now and then a trip leaves a code behind that means nothing, until the next trip."""
    draw = uniform(machine.key("code"), trip.number) / _TROUBLED_TRIPS
    which = np.minimum(draw * len(_PASSING_CODES), len(_PASSING_CODES) - 1).astype(np.int64)
    return np.where(draw < 1.0, _PASSING_CODES[which], 0.0)


ELEVATOR = Plant(
    signal,
    {
        "speed": Noise(relative=0.005),
        "vib_x": Noise(relative=0.12),
        "vib_z": Noise(relative=0.12),
        "noise": Noise(absolute=1.0),
        "motor_temp": Noise(absolute=0.3),
        "brake_temp": Noise(absolute=0.3),
        "room_temp": Noise(absolute=0.2),
        "rope_loss": Noise(absolute=0.03),
    },
)
