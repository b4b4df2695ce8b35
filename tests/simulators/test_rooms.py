import numpy as np
import pytest

from simulators.faults import FAULTS, Case
from simulators.plant import PLANTS, Machine, Signals
from simulators.plant.day import DAY_S, Use
from simulators.plant.room import dew_point, humidity

ROOM = PLANTS["distribution-room"]
JANUARY = 1_767_225_600.0
MARCH = 1_773_446_400.0
HOUR = 3600.0
YEAR = JANUARY + np.arange(0.0, 365 * DAY_S, 600.0)


def befallen(fault: str, times: np.ndarray, severity: float, lasts_s: float) -> Signals:
    """The noise-free signals of one room with a fault that begins at the first time."""
    case = Case(Machine("X-1", 7), float(times[0]), severity, lasts_s)
    normal = ROOM.signal(case.machine, times)
    return normal | FAULTS[fault].effect(case, times, normal)


@pytest.mark.parametrize("use", ["residential", "office", "campus"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_year_without_faults_is_within_the_norm(use: Use, seed: int) -> None:
    room = ROOM.signal(Machine("X-1", seed, use=use), YEAR)
    assert room["air_temp"].min() > 5.0
    assert room["air_temp"].max() < 35.0
    assert room["humidity"].max() < 75.0
    assert (room["wall_temp"] > dew_point(room["air_temp"], room["humidity"]) + 2.0).all()
    assert (room["wall_temp"] <= room["air_temp"]).all()


def test_the_cooling_runs_in_summer_and_the_weather_comes_in_late() -> None:
    machine = Machine("X-1", 7)
    room, outdoor = ROOM.signal(machine, YEAR), machine.outdoor_c(YEAR)
    winter, summer = slice(0, 40 * 144), slice(190 * 144, 230 * 144)
    assert room["ac_running"][winter].mean() < 0.05
    assert room["ac_running"][summer].mean() > 0.8
    lags = range(0, 48, 6)
    follows = [np.corrcoef(outdoor[winter][:-48], room["air_temp"][winter][lag : lag - 48])[0, 1] for lag in lags]
    assert 1.0 <= lags[int(np.argmax(follows))] / 6 <= 5.0


def test_doors_open_for_minutes_and_in_working_hours_only() -> None:
    times = MARCH + np.arange(0.0, 28 * DAY_S, 60.0)
    opened = ROOM.signal(Machine("X-1", 7), times)["door_open"] > 0.5
    edges = np.flatnonzero(np.diff(opened.astype(np.int64)))
    lengths = np.diff(edges)[::2] if not opened[0] else np.diff(edges)[1::2]
    assert 20 < len(lengths) < 120
    assert lengths.max() <= 12
    hours = np.mod(times[opened] / HOUR + 8.0, 24.0)
    assert hours.min() >= 8.0
    assert hours.max() < 18.0


def test_the_dew_point_is_where_the_air_is_saturated() -> None:
    air = np.array([5.0, 20.0, 30.0])
    np.testing.assert_allclose(dew_point(air, humidity(air, air - 6.0)), air - 6.0, atol=1e-9)
    assert humidity(np.array([20.0]), np.array([9.27]))[0] == pytest.approx(50.0, abs=0.2)  # by any table


def test_without_cooling_the_air_passes_forty_and_dries() -> None:
    times = MARCH + np.arange(0.0, 8 * HOUR, 60.0)
    room = befallen("room-cooling-failure", times, severity=1.0, lasts_s=8 * HOUR)
    assert 50.0 < room["air_temp"][-1] < 54.5
    assert 2 * HOUR > times[np.argmax(room["air_temp"] > 40.0)] - MARCH > 0.5 * HOUR
    assert room["humidity"][-1] < room["humidity"][0]
    assert room["ac_running"].max() == 0.0


@pytest.mark.parametrize(("severity", "above"), [(0.0, -1.0), (1.0, 1.0)])
def test_condensation_brings_the_dew_point_to_the_wall(severity: float, above: float) -> None:
    times = MARCH + np.arange(0.0, 8 * HOUR, 60.0)
    room = befallen("room-condensation", times, severity, 8 * HOUR)
    reached = dew_point(room["air_temp"], room["humidity"]) - room["wall_temp"]
    assert reached[-1] == pytest.approx(above, abs=0.1)


def test_a_flood_is_wet_at_once_and_damp_within_the_hour() -> None:
    times = MARCH + np.arange(0.0, 2 * HOUR, 60.0)
    room = befallen("room-flooding", times, severity=1.0, lasts_s=2 * HOUR)
    assert room["wet"].min() == 1.0
    assert room["humidity"][60] - room["humidity"][0] > 15.0


def test_an_open_door_lets_the_outdoor_air_in() -> None:
    times = MARCH + np.arange(0.0, 3 * HOUR, 60.0)
    machine = Machine("X-1", 7)
    open_, normal = befallen("room-door-open", times, 1.0, 3 * HOUR), ROOM.signal(machine, times)
    outdoor = machine.outdoor_c(times)
    assert open_["door_open"].min() == 1.0
    assert abs(open_["air_temp"][-1] - outdoor[-1]) < 0.6 * abs(normal["air_temp"][-1] - outdoor[-1])
