"""Lifts fail as their physics says: each fault in the signals that it changes, at the pace that its duration sets."""

from collections.abc import Callable

import numpy as np
import pytest

from simulators.faults import FAULTS
from simulators.faults.elevator import LOCKED_OUT
from simulators.plant import elevator
from simulators.plant.day import DAY_S
from simulators.plant.elevator_trip import last_journey
from simulators.plant.machine import Floats, Machine
from simulators.site import Injection, SimulatedDevice, SimulatedSite, Truth

ONSET = 1_773_446_400.0  # 2026-03-14 08:00 in Shanghai
LIFT = Machine("X-1", 7, {"rated_speed": 1.75, "floors": 20.0})
Devices = Callable[..., SimulatedDevice]


class Lift:
    """One lift with and without its fault."""

    def __init__(self, device: SimulatedDevice, fault: str, severity: float = 1.0, days: float | None = None) -> None:
        self.duration_s = FAULTS[fault].lasts_s if days is None else days * DAY_S
        self._worn, self._well = SimulatedSite([device], seed=7), SimulatedSite([device], seed=7)
        self.truth: Truth = self._worn.inject(Injection(fault, "X-1", ONSET, severity, self.duration_s))
        self._names = device.profile.names

    def at(self, part: float, *names: str) -> list[Floats]:
        """The channels on the day before this part of the way, every minute."""
        return self._read(self._worn, part, names)

    def normal(self, part: float, *names: str) -> list[Floats]:
        """The same without the fault."""
        return self._read(self._well, part, names)

    def times(self, part: float) -> Floats:
        """Every minute of that day, which is shorter if the fault is."""
        day = min(DAY_S, self.duration_s)
        return ONSET + part * self.duration_s - day + np.arange(0.0, day, 60.0)

    def _read(self, site: SimulatedSite, part: float, names: tuple[str, ...]) -> list[Floats]:
        values = site.read("X-1", self.times(part))
        return [values[:, self._names.index(name)] for name in names]


def test_a_rope_loses_a_quarter_percent_a_week_and_the_rest_in_the_end(device: Devices) -> None:
    lift = Lift(device("X-1", "elevator"), "rope-wear")
    loss = [lift.at(part, "rope_loss")[0].mean() for part in (0.25, 0.5, 0.75, 1.0)]
    weeks = lift.duration_s / (7 * DAY_S)
    assert (loss[1] - loss[0]) / (0.25 * weeks) == pytest.approx(0.25, abs=0.06)
    assert loss[3] - loss[2] > 1.5 * (loss[1] - loss[0])
    assert 9.0 < loss[3] < 10.5
    wires = [lift.at(part, "broken_wires")[0].max() for part in (0.5, 0.75, 1.0)]
    assert wires[0] == 0.0
    assert 10.0 <= wires[2] <= 14.0
    assert list(lift.truth.shown) == ["yellow", "red"]
    assert lift.truth.failure == ONSET + lift.duration_s


@pytest.mark.parametrize(("severity", "lost_pct", "levels"), [(0.3, 7.0, ["yellow"]), (0.7, 9.0, ["yellow", "red"])])
def test_a_rope_that_fails_has_lost_what_ropes_are_discarded_for(
    device: Devices, severity: float, lost_pct: float, levels: list[str]
) -> None:
    lift = Lift(device("X-1", "elevator"), "rope-wear", severity)
    assert lift.at(1.0, "rope_loss")[0][-60:].mean() == pytest.approx(lost_pct, abs=0.5)
    assert list(lift.truth.shown) == levels


def test_a_worn_rope_lets_a_full_car_hang_lower(device: Devices) -> None:
    lift = Lift(device("X-1", "elevator"), "rope-wear")
    (worn,), (well,) = lift.at(0.9, "level_error"), lift.normal(0.9, "level_error")
    gone = last_journey(LIFT, elevator.trip_of(LIFT, lift.times(0.9)), 20)
    sag = well - worn
    assert sag[gone.load > 0.6].mean() > 1.5 * sag[gone.load == 0.0].mean() > 0.0
    assert lift.at(0.9, "a95_z")[0].mean() > 0.20


def test_a_worn_brake_overshoots_in_the_direction_of_travel(device: Devices) -> None:
    lift = Lift(device("X-1", "elevator"), "brake-wear")
    (worn,), (well,) = lift.at(0.95, "level_error"), lift.normal(0.95, "level_error")
    gone = last_journey(LIFT, elevator.trip_of(LIFT, lift.times(0.95)), 20)
    assert worn[gone.direction > 0.0].mean() > 6.0
    assert worn[gone.direction < 0.0].mean() < -6.0
    assert worn.std() > 3.0 * well.std()
    full_down = (gone.direction < 0.0) & (gone.load > 0.5)
    assert worn[full_down].mean() < worn[(gone.direction < 0.0) & (gone.load == 0.0)].mean() - 2.0


def test_a_dragging_brake_takes_current_at_once_and_warms_within_hours(device: Devices) -> None:
    lift = Lift(device("X-1", "elevator"), "brake-drag", severity=0.5, days=1.0)
    names = ("trip_current", "brake_temp", "motor_temp", "trip_accel")
    now, normal = lift.at(1.0, *names), lift.normal(1.0, *names)
    np.testing.assert_allclose(now[0], normal[0] * 1.15)
    rise = now[1] - normal[1]
    assert rise[:10].max() < 5.0
    assert 15.0 < rise.max() < 40.0
    assert (now[3] > normal[3] + 0.2).all()
    assert lift.truth.shown_at is not None
    assert lift.truth.shown_at - ONSET < 300.0


def test_a_bad_rail_pushes_every_car_that_passes_in_both_directions(device: Devices) -> None:
    lift = Lift(device("X-1", "elevator"), "guide-rail", severity=0.6)
    (now,), (normal,) = lift.at(1.0, "a95_x"), lift.normal(1.0, "a95_x")
    pushed = now > normal + 0.05
    gone = last_journey(LIFT, elevator.trip_of(LIFT, lift.times(1.0)), 20)
    assert 0.3 < pushed.mean() < 1.0
    assert {-1.0, 1.0} == set(gone.direction[pushed])
    assert now[pushed].mean() == pytest.approx(0.07 + 0.25 * 0.6, abs=0.02)
    (loud,), (quiet,) = lift.at(1.0, "trip_noise"), lift.normal(1.0, "trip_noise")
    np.testing.assert_array_equal(loud > quiet + 3.0, pushed)


def test_a_bearing_of_the_machine_shakes_first_and_warms_later(device: Devices) -> None:
    lift = Lift(device("X-1", "elevator"), "machine-bearing")
    names = ("machine_vib", "motor_temp", "machine_noise")
    early = [a.mean() - b.mean() for a, b in zip(lift.at(0.1, *names), lift.normal(0.1, *names), strict=True)]
    late = [a.mean() - b.mean() for a, b in zip(lift.at(1.0, *names), lift.normal(1.0, *names), strict=True)]
    assert early[0] > 0.1
    assert early[1] < 0.1
    assert lift.at(1.0, "machine_vib")[0].mean() == pytest.approx(6.0, rel=0.15)
    assert 15.0 < late[1] < 30.0
    assert late[2] == pytest.approx(5.0, abs=0.2)


def test_a_failing_door_jams_in_its_last_days(device: Devices) -> None:
    lift = Lift(device("X-1", "elevator"), "door-degradation")
    jams = [lift.at(part, "fault_code")[0] == elevator.DOOR_NOT_CLOSED for part in (0.5, 0.75, 0.95, 1.0)]
    assert [jam.any() for jam in jams] == [False, False, True, True]
    code, door, car = lift.at(1.0, "fault_code", "door", "car")
    stuck = code == elevator.DOOR_NOT_CLOSED
    assert (door[stuck] == elevator.OPEN).all()
    assert (car[stuck] == 0.0).all()
    assert 1 <= (np.diff(stuck.astype(int)) > 0).sum() <= 5
    noise, door = lift.at(0.75, "noise", "door")
    assert noise[door >= elevator.OPENING].mean() > 53.0


def test_a_car_that_bangs_is_loud_from_its_next_arrival_on(device: Devices) -> None:
    lift = Lift(device("X-1", "elevator"), "car-noise", severity=0.0)
    assert list(lift.truth.shown) == ["red"]
    assert 0.0 < (lift.truth.shown_at or 0.0) - ONSET < 300.0
    noise, shakes, runs = lift.at(1.0, "trip_noise", "a95_z", "runs")
    later = runs > runs[0] + 1.0
    assert noise[later].min() > 60.0
    assert np.median(shakes[later]) > 0.20


def test_a_controller_stops_three_times_and_then_for_good(device: Devices) -> None:
    lift = Lift(device("X-1", "elevator"), "controller-fault", days=28.0)
    times = ONSET + np.arange(0.0, lift.duration_s, 120.0)
    site = SimulatedSite([device("X-1", "elevator")], seed=7, faults=[])
    site.inject(Injection("controller-fault", "X-1", ONSET, 1.0, lift.duration_s))
    names = device("X-1", "elevator").profile.names
    code, mode, speed = (site.read("X-1", times)[:, names.index(name)] for name in ("fault_code", "mode", "speed"))
    begun = np.diff((code == elevator.DRIVE_FAULT).astype(int)) > 0
    assert begun.sum() == 3
    assert (code[times > ONSET + 0.91 * lift.duration_s] == LOCKED_OUT).all()
    assert (mode[code >= elevator.DRIVE_FAULT] == 3.0).all()
    assert (speed[code >= elevator.DRIVE_FAULT] == 0.0).all()
    yellow, red = lift.truth.shown["yellow"], lift.truth.shown["red"]
    assert yellow == pytest.approx(ONSET + 0.75 * lift.duration_s, abs=300.0)
    assert red == pytest.approx(ONSET + 0.9 * lift.duration_s, abs=300.0)


def test_somebody_trapped_ends_the_trip_for_its_collector(device: Devices) -> None:
    lift = Lift(device("X-1", "elevator"), "entrapment", days=1.0 / 48.0)
    for values in lift.at(1.0, "trip_noise", "a95_x", "level_error", "runs"):
        assert len(set(values[1:])) == 1
