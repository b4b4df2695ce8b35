"""What a lift's collector measures of its trips, and how its heat, its doors and its current hang together."""

import numpy as np
import pytest

from simulators.plant import PLANTS, Machine, elevator
from simulators.plant.day import DAY_S, Use
from simulators.plant.elevator_trip import SIGMA, last_journey
from simulators.plant.machine import Floats, Signals

SUNDAY = 1_772_899_200.0  # 2026-03-08 00:00 in Shanghai
MACHINE = Machine("X-1", 7)
WEEK = SUNDAY + np.arange(0.0, 7 * DAY_S, 30.0)


@pytest.fixture(scope="module")
def week() -> Signals:
    return PLANTS["elevator"].signal(MACHINE, WEEK)


@pytest.mark.parametrize(
    ("name", "mean", "sigma"),
    [
        ("level_error", 2.0, 1.5),
        ("door_close", 2.6, 0.08),
        ("door_open", 2.4, 0.06),
        ("a95_x", 0.07, 0.01),
        ("a95_z", 0.10, 0.015),
        ("machine_vib", 1.2, 0.06),
    ],
)
def test_healthy_values_are_those_of_the_trade(week: Signals, name: str, mean: float, sigma: float) -> None:
    assert week[name].mean() == pytest.approx(mean, abs=max(0.1 * mean, 0.2 * sigma) + 0.0001)
    assert week[name].std() == pytest.approx(sigma, rel=0.25)
    assert SIGMA[name] == sigma


def test_a_healthy_lift_keeps_its_norms(week: Signals) -> None:
    assert week["trip_noise"].max() < 55.0
    assert week["machine_noise"].max() < 80.0
    assert np.abs(week["level_error"]).max() < 10.0
    assert week["a95_z"].max() < 0.20
    assert week["a95_x"].max() < 0.15
    assert week["trip_accel"].max() < 1.5
    assert week["brake_temp"].max() < 90.0
    assert (week["broken_wires"] == 0.0).all()


def test_what_was_measured_of_a_trip_stands_until_the_next_arrival(week: Signals) -> None:
    arrivals = np.diff(week["car"]) < 0.0
    for name in (*SIGMA, "trip_current"):
        changes = np.diff(week[name]) != 0.0
        assert changes.sum() >= 0.9 * arrivals.sum(), name
        assert not (changes & (week["car"][1:] > 0.5) & (week["car"][:-1] > 0.5) & (np.diff(week["runs"]) == 0)).any()


def test_the_same_trip_with_the_same_load_takes_the_same_current() -> None:
    trip = elevator.trip_of(MACHINE, WEEK)
    gone = last_journey(MACHINE, trip, elevator.floors_of(MACHINE))
    current = PLANTS["elevator"].signal(MACHINE, WEEK)["trip_current"]
    for direction in (-1.0, 1.0):
        empty = current[(gone.load == 0.0) & (gone.direction == direction)]
        assert empty.std() / empty.mean() < 0.03
    heavy_up = current[(gone.load > 0.8) & (gone.direction > 0.0)]
    heavy_down = current[(gone.load > 0.8) & (gone.direction < 0.0)]
    assert heavy_up.mean() > 1.2 * heavy_down.mean()


@pytest.mark.parametrize("use", ["residential", "office", "campus"])
def test_every_ride_is_counted_whatever_the_property_is_used_for(use: Use) -> None:
    monday = SUNDAY + DAY_S + np.arange(0.0, DAY_S, 2.0)
    lift = PLANTS["elevator"].signal(Machine("X-1", 7, use=use), monday)
    rides = (np.diff(lift["car"]) > 0.0).sum()
    assert rides > 400
    assert np.ptp(lift["runs"]) == pytest.approx(rides, abs=1)
    assert np.ptp(lift["door_cycles"]) == pytest.approx(2.0 * rides, abs=2)


def test_machine_and_brake_are_warmer_than_their_room_by_the_traffic(week: Signals) -> None:
    hours = slice(None, None, 120)
    rise = week["motor_temp"] - week["room_temp"]
    assert 9.0 <= rise.min() < rise.max() < 26.0
    trips = np.diff(week["runs"][hours])
    late = np.convolve(trips, [0.2, 0.4, 0.4])[: len(trips)][24:]
    for name in ("motor_temp", "brake_temp"):
        assert np.corrcoef(late, (week[name] - week["room_temp"])[hours][25:])[0, 1] > 0.7, name


def test_the_machine_room_follows_the_outdoor_air_late_and_stays_within_its_norm() -> None:
    year = SUNDAY + np.arange(0.0, 365 * DAY_S, 3600.0)
    room, outdoor = elevator.signal(MACHINE, year)["room_temp"], MACHINE.outdoor_c(year)
    assert 5.0 < room.min() < 20.0
    assert 27.0 < room.max() < 40.0

    def likeness(hours: int) -> float:
        """How alike the swings of the day are, if the room is that late."""
        swings = (values - np.convolve(values, np.ones(24) / 24, "same") for values in (room, outdoor))
        inside, outside = swings
        return float(np.corrcoef(inside[48 + hours : -48], outside[48 : -48 - hours])[0, 1])

    assert likeness(3) > likeness(0)
    assert likeness(3) > likeness(9)


def test_a_passing_code_is_rare_and_never_thrice_the_same_in_a_month() -> None:
    month = SUNDAY + np.arange(0.0, 30 * DAY_S, 30.0)
    for lift in range(20):
        codes: Floats = elevator.signal(Machine(f"L-{lift}", 3), month)["fault_code"]
        begun = codes[1:][np.diff(codes) > 0.0]
        assert len(begun) <= 3
        assert max(np.unique(begun, return_counts=True)[1], default=0) < 3


def test_doors_are_heard_and_rides_are_louder(week: Signals) -> None:
    moving_door = week["door"] >= elevator.OPENING
    assert set(week["noise"][moving_door]) == {elevator.DOOR_NOISE_DBA}
    still = (week["car"] < 0.5) & ~moving_door
    assert set(week["noise"][still]) == {elevator.IDLE_NOISE_DBA}


@pytest.mark.parametrize(
    ("ratings", "closing_s", "norm_s"),
    [
        ({}, 2.6, 3.2),
        ({"door_width": 800.0}, 2.6, 3.2),
        ({"door_width": 1000.0}, 3.1, 4.0),
        ({"door_width": 1100.0}, 3.4, 4.3),
        ({"door_width": 1300.0}, 3.9, 4.9),
        ({"door_width": 800.0, "side_opening": 1.0}, 3.0, 3.7),
        ({"door_width": 1300.0, "side_opening": 1.0}, 4.6, 5.9),
    ],
)
def test_wide_doors_take_longer_and_are_within_their_norm(
    ratings: dict[str, float], closing_s: float, norm_s: float
) -> None:
    machine = Machine("X-1", 7, ratings)
    day = SUNDAY + np.arange(0.0, DAY_S, 1.0)
    says = elevator.signal(machine, day)
    assert says["door_close"].mean() == pytest.approx(closing_s, abs=0.06)
    assert says["door_close"].max() < norm_s
    assert says["door_open"].max() < norm_s
    closing = says["door"] == elevator.CLOSING
    moves_s = closing.sum() / (np.diff(closing.astype(int)) > 0).sum()
    assert moves_s == pytest.approx(closing_s, abs=0.06)


def test_the_air_in_the_shaft_is_heard_in_a_fast_car() -> None:
    loudest = {
        speed: elevator.signal(Machine("X-1", 7, {"rated_speed": speed}), WEEK)["trip_noise"]
        for speed in (1.0, 2.5, 4.0)
    }
    assert loudest[2.5].max() < 55.0
    assert loudest[2.5].mean() == pytest.approx(loudest[1.0].mean(), abs=0.5)
    assert np.quantile(loudest[4.0], 0.99) > 55.0
    assert loudest[4.0].max() < 60.0
