import numpy as np
import pytest

from simulators.faults import FAULTS, Case
from simulators.plant import PLANTS, Machine, Signals
from simulators.plant.day import DAY_S, since_monday_s

PUMP = PLANTS["fire-pump"]
MARCH = 1_773_446_400.0  # 2026-03-14 08:00 in Shanghai, a Saturday
HOUR = 3600.0
WEEKS = MARCH + np.arange(0.0, 28 * DAY_S, 10.0)


def befallen(fault: str, times: np.ndarray, severity: float, lasts_s: float) -> Signals:
    """The noise-free signals of one controller with a fault that begins at the first time."""
    case = Case(Machine("X-1", 7), float(times[0]), severity, lasts_s)
    normal = PUMP.signal(case.machine, times)
    return normal | FAULTS[fault].effect(case, times, normal)


def test_the_jockey_pump_keeps_the_pressure_with_a_few_starts_a_day() -> None:
    pump = PUMP.signal(Machine("X-1", 7), WEEKS)
    resting = pump["main_running"] < 0.5
    assert pump["pressure"][resting].min() >= 0.67 - 1e-9
    assert pump["pressure"][resting].max() <= 0.70 + 1e-9
    assert 2.5 * 28 < np.ptp(pump["jockey_starts"]) < 5.5 * 28
    assert np.diff(pump["jockey_starts"]).min() >= 0.0
    started = np.diff(pump["jockey_running"]) > 0.0
    np.testing.assert_array_equal(started, np.diff(pump["jockey_starts"]) > 0.0)
    filling = (pump["jockey_running"][:-1] > 0.5) & (pump["jockey_running"][1:] > 0.5) & resting[:-1] & resting[1:]
    assert (np.diff(pump["pressure"])[filling] > 0.0).all()


def test_the_fire_pump_is_tried_on_mondays_at_ten() -> None:
    machine = Machine("X-1", 7)
    pump = PUMP.signal(machine, WEEKS)
    runs = pump["main_running"] > 0.5
    since = since_monday_s(machine.local_s(WEEKS))[runs]
    assert runs.sum() * 10 == 4 * 300
    assert since.min() == 10 * HOUR
    assert since.max() < 10 * HOUR + 300.0
    assert np.ptp(pump["starts"]) == 4.0
    assert (pump["pressure"][runs] > 0.7).all()


def test_a_leak_makes_the_jockey_pump_start_ever_more_often() -> None:
    pump = befallen("jockey-leak", WEEKS, severity=1.0, lasts_s=28 * DAY_S)
    days = np.diff(pump["jockey_starts"][:: int(DAY_S / 10)])
    assert (np.diff(days) > 0.0).all()
    assert days[0] < 15.0
    assert days[-1] == pytest.approx(360.0, rel=0.06)
    resting = pump["main_running"] < 0.5
    assert pump["pressure"][resting].min() >= 0.67 - 1e-9


@pytest.mark.parametrize(("severity", "starts"), [(0.0, True), (0.4, True), (0.5, False), (1.0, False)])
def test_lost_pressure_starts_the_fire_pump_unless_it_refuses(severity: float, *, starts: bool) -> None:
    times = MARCH + np.arange(0.0, 600.0)
    pump = befallen("fire-pressure-loss", times, severity, 600.0)
    assert pump["pressure"][8] < 0.6
    assert pump["main_running"][9] == 0.0
    assert (pump["main_running"][10:] == float(starts)).all()
    assert pump["starts"][-1] - pump["starts"][0] == float(starts)
    assert (pump["pressure"][-1] > 0.5) == starts
    assert pump["jockey_running"][5:].min() == 1.0


def test_what_stands_in_manual_makes_no_test_run() -> None:
    pump = befallen("fire-not-auto", WEEKS, severity=0.5, lasts_s=28 * DAY_S)
    assert pump["main_running"].max() == 0.0
    assert pump["auto_mode"].max() == 0.0
    assert pump["pressure"].max() <= 0.70 + 1e-9


def test_without_supply_nothing_runs() -> None:
    pump = befallen("fire-supply-lost", WEEKS, severity=0.5, lasts_s=28 * DAY_S)
    assert max(pump[name].max() for name in ("power_ok", "main_running", "jockey_running")) == 0.0


@pytest.mark.parametrize(("severity", "lowest"), [(0.0, 74.0), (1.0, 14.0)])
def test_a_tank_runs_down_and_stays_there(severity: float, lowest: float) -> None:
    times = MARCH + np.arange(0.0, 12 * HOUR, 60.0)
    level = befallen("fire-tank-low", times, severity, 12 * HOUR)["tank_level"]
    assert level[0] > 88.0
    assert level[-1] == pytest.approx(lowest, abs=0.01)
    assert (np.diff(level)[: int(0.5 * 720)] < 0.0).all()
