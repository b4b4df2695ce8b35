"""The timetable of a lift car: which trip is under way at any moment, without remembering the ones before.

Trips are numbered for ever and spread over the week like the demand. Trip j owns a slot of about a minute or more;
within it the doors open and close, the car rides, the doors open and close again. Where it goes and whether anybody
is in it is hashed from j.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.plant.day import DAY_S, LIFT_TRIPS
from simulators.plant.doors import USUAL, Doors, doors_of
from simulators.plant.machine import DAY_TO_DAY, Floats, Machine
from simulators.plant.noise import normal, uniform

Counts = NDArray[np.int64]

FLOOR_M = 3.0
ACCELERATION = 0.8  # m/s²

_TRIPS = 520.0  # on a working day: at the peak a slot is then still longer than the longest trip
_LONGEST_S = 56.0  # with the usual doors
_LOADED = 0.6  # share of the trips
_LEAST_LOAD, _MORE_LOAD = 0.08, 0.8  # of the rated load: one person, and what the fullest car has on top
_DAY_SPREAD = DAY_TO_DAY / np.sqrt(2.0) * _TRIPS  # two of these differ by a day's 6 %


@dataclass(frozen=True, slots=True, eq=False)
class Journey:
    """Where a trip goes and with how much, all [T]."""

    origin: Floats  # floor
    target: Floats
    load: Floats  # share of the rated load, 0 if the car is empty

    @property
    def direction(self) -> Floats:
        """1 upwards, -1 downwards."""
        direction: Floats = np.sign(self.target - self.origin)
        return direction

    @property
    def distance_m(self) -> Floats:
        """From floor to floor."""
        return FLOOR_M * np.abs(self.target - self.origin)

    def passes(self, floor: float) -> NDArray[np.bool_]:
        """Whether the car is at this floor at some moment."""
        return (floor >= np.minimum(self.origin, self.target)) & (floor <= np.maximum(self.origin, self.target))


@dataclass(frozen=True, slots=True, eq=False)
class Trip(Journey):
    """The trip of each instant, all [T]."""

    number: Counts
    since_s: Floats  # since its first door began to open; negative before
    ride_s: Floats  # how long the car moves
    doors: Doors

    @property
    def arrived(self) -> NDArray[np.bool_]:
        """The car stands at its target."""
        return self.since_s >= self.doors.stop_s + self.ride_s

    @property
    def last_stop(self) -> Counts:
        """The number of the latest trip that has arrived."""
        return self.number - ~self.arrived

    def ridden_m(self, rated_speed: float) -> tuple[Floats, Floats]:
        """Metres from the origin and speed in m/s: a ride of constant acceleration, speed and deceleration."""
        distance = self.distance_m
        top = top_speed(distance, rated_speed)
        t = np.clip(self.since_s - self.doors.stop_s, 0.0, self.ride_s)
        left = self.ride_s - t
        speed = np.minimum(top, ACCELERATION * np.minimum(t, left))
        gone, to_go = (0.5 * ACCELERATION * np.minimum(s, top / ACCELERATION) ** 2 for s in (t, left))
        cruise = top * np.clip(t - top / ACCELERATION, 0.0, self.ride_s - 2.0 * top / ACCELERATION)
        return np.where(left < top / ACCELERATION, distance - to_go, gone + cruise), speed


def trip_at(machine: Machine, times: Floats, floors: int, rated_speed: float) -> Trip:
    """The trip whose slot each instant lies in."""
    numbers, of_row = np.unique(trip_number(machine, times), return_inverse=True)
    start, end = _begin(machine, numbers), _begin(machine, numbers + 1)
    doors = doors_of(machine)
    longest_s = _LONGEST_S + 2.0 * (doors.stop_s - USUAL.stop_s)
    first_door = start + np.maximum(end - start - longest_s, 0.0) * uniform(machine.key("moment"), numbers)
    goes = journey(machine, numbers, floors)
    top = top_speed(goes.distance_m, rated_speed)
    ride_s = goes.distance_m / top + top / ACCELERATION
    since_s = times - first_door[of_row]
    of_all = goes.origin[of_row], goes.target[of_row], goes.load[of_row], numbers[of_row], since_s, ride_s[of_row]
    return Trip(*of_all, doors)


def journey(machine: Machine, number: Counts, floors: int) -> Journey:
    """Where trips go, by their numbers; in three of five somebody is in the car."""
    draw = uniform(machine.key("loaded"), number)
    load = np.where(draw < _LOADED, _LEAST_LOAD + _MORE_LOAD * (1.0 - draw / _LOADED) ** 2, 0.0)
    return Journey(_floor(machine, number, floors), _floor(machine, number + 1, floors), load)


def top_speed(distance_m: Floats, rated_speed: float) -> Floats:
    """The highest speed in m/s that a trip of this length reaches."""
    return np.minimum(rated_speed, np.sqrt(ACCELERATION * distance_m))


def trip_number(machine: Machine, times: Floats) -> Counts:
    """The number of the trip in whose slot each instant lies."""
    days = machine.week(LIFT_TRIPS).total(machine.local_s(times)) / DAY_S
    day = np.floor(days).astype(np.int64)
    before, after = _trips_before(machine, np.stack((day, day + 1)))
    number: Counts = np.floor(before + (days - day) * (after - before)).astype(np.int64)
    return number


def _begin(machine: Machine, number: Counts) -> Floats:
    """When the slot of a trip begins: the inverse of `trip_number`."""
    day = np.floor(number / _TRIPS).astype(np.int64)
    day += (number >= _trips_before(machine, day + 1)).astype(np.int64)
    day -= (number < _trips_before(machine, day)).astype(np.int64)
    before, after = _trips_before(machine, np.stack((day, day + 1)))
    days = day + (number - before) / (after - before)
    begin: Floats = machine.week(LIFT_TRIPS).when(days * DAY_S) - machine.utc_offset_s
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
