"""The timetable of a lift car: which trip is under way at any moment, without remembering the ones before.

Trips are numbered for ever and spread over the week like the demand. Trip j owns a slot of about a minute or more;
within it the doors open and close, the car rides, the doors open and close again. Where it goes and whether anybody
is in it is hashed from j.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.plant_day import DAY_S, LIFT_TRIPS
from simulators.plant_machine import DAY_TO_DAY, Floats, Machine
from simulators.plant_noise import normal, uniform

Counts = NDArray[np.int64]

OPENING_S = 2.4
OPEN_S = 4.0
CLOSING_S = 2.6
STOP_S = OPENING_S + OPEN_S + CLOSING_S
FLOOR_M = 3.0
ACCELERATION = 0.8  # m/s²

_TRIPS = 520.0  # on a working day: at the peak a slot is then still longer than the longest trip
_LONGEST_S = 56.0
_DAY_SPREAD = DAY_TO_DAY / np.sqrt(2.0) * _TRIPS  # two of these differ by a day's 6 %


@dataclass(frozen=True, slots=True, eq=False)
class Trip:
    """The trip of each instant, all [T]."""

    number: Counts
    since_s: Floats  # since its first door began to open; negative before
    ride_s: Floats  # how long the car moves
    origin: Floats  # floor
    target: Floats
    loaded: NDArray[np.bool_]  # somebody is in the car

    def ridden_m(self, rated_speed: float) -> tuple[Floats, Floats]:
        """Metres from the origin and speed in m/s: a ride of constant acceleration, speed and deceleration."""
        distance = FLOOR_M * np.abs(self.target - self.origin)
        top = np.minimum(rated_speed, np.sqrt(ACCELERATION * distance))
        t = np.clip(self.since_s - STOP_S, 0.0, self.ride_s)
        left = self.ride_s - t
        speed = np.minimum(top, ACCELERATION * np.minimum(t, left))
        gone, to_go = (0.5 * ACCELERATION * np.minimum(s, top / ACCELERATION) ** 2 for s in (t, left))
        cruise = top * np.clip(t - top / ACCELERATION, 0.0, self.ride_s - 2.0 * top / ACCELERATION)
        return np.where(left < top / ACCELERATION, distance - to_go, gone + cruise), speed


def trip_at(machine: Machine, times: Floats, floors: int, rated_speed: float) -> Trip:
    """The trip whose slot each instant lies in."""
    number = _number(machine, times)
    start, end = _begin(machine, number), _begin(machine, number + 1)
    spare = np.maximum(end - start - _LONGEST_S, 0.0) * uniform(machine.key("moment"), number)
    origin, target = _floor(machine, number, floors), _floor(machine, number + 1, floors)
    distance = FLOOR_M * np.abs(target - origin)
    top = np.minimum(rated_speed, np.sqrt(ACCELERATION * distance))
    return Trip(
        number,
        times - start - spare,
        distance / top + top / ACCELERATION,
        origin,
        target,
        uniform(machine.key("loaded"), number) < 0.6,
    )


def _number(machine: Machine, times: Floats) -> Counts:
    days = LIFT_TRIPS.total(machine.local_s(times)) / DAY_S
    day = np.floor(days).astype(np.int64)
    before, after = _trips_before(machine, np.stack((day, day + 1)))
    number: Counts = np.floor(before + (days - day) * (after - before)).astype(np.int64)
    return number


def _begin(machine: Machine, number: Counts) -> Floats:
    """When the slot of a trip begins: the inverse of `_number`."""
    day = np.floor(number / _TRIPS).astype(np.int64)
    day += (number >= _trips_before(machine, day + 1)).astype(np.int64)
    day -= (number < _trips_before(machine, day)).astype(np.int64)
    before, after = _trips_before(machine, np.stack((day, day + 1)))
    days = day + (number - before) / (after - before)
    begin: Floats = LIFT_TRIPS.when(days * DAY_S) - machine.utc_offset_s
    return begin


def _trips_before(machine: Machine, day: Counts) -> Floats:
    """Trips since 1970 before a (demand) day; the differences from day to day vary by 6 %."""
    before: Floats = _TRIPS * day + _DAY_SPREAD * normal(machine.key("day"), day)
    return before


def _floor(machine: Machine, number: Counts, floors: int) -> Floats:
    """Where trip `number` starts: mostly the lobby in every second trip, so that no trip goes nowhere."""
    draw = uniform(machine.key("floor"), number)
    even = 2.0 + 2.0 * np.floor(draw * (floors // 2))
    lobby_or_odd = np.where(draw < 0.6, 1.0, 1.0 + 2.0 * np.floor((draw - 0.6) / 0.4 * ((floors + 1) // 2)))
    return np.where(number % 2 == 0, even, lobby_or_odd)
