"""Feeders, transformers and cabinets: they follow the season, the hour and physics."""

import numpy as np
import pytest

from simulators.plant import PLANTS, Machine
from simulators.plant.day import DAY_S
from simulators.plant.machine import Floats, Signals

JANUARY, JULY = 1_767_542_400.0, 1_784_073_600.0  # 2026-01-05 and 2026-07-15, 00:00 in Shanghai
MONTH = np.arange(0.0, 28 * DAY_S, 300.0)


def signals(kind: str, times: Floats, seed: int = 7) -> Signals:
    return PLANTS[kind].signal(Machine("X-1", seed), times)


@pytest.mark.parametrize("seed", [1, 7])
def test_a_hot_evening_loads_a_transformer_and_never_beyond_what_it_was_planned_for(seed: int) -> None:
    winter, summer = (signals("transformer", start + MONTH, seed)["load"] for start in (JANUARY, JULY))
    assert 40.0 < winter.mean() < 50.0
    assert summer.mean() > winter.mean() + 2.0
    assert 70.0 < summer.max() < 88.0


def test_joints_follow_the_square_of_the_load_within_the_hour() -> None:
    found = signals("transformer", JANUARY + MONTH)
    rise = found["joint_b"] - found["ambient_temp"]
    assert np.corrcoef(rise[6:], found["load"][:-6] ** 2)[0, 1] > 0.95
    assert 0.0 < rise.min() < rise.max() < 15.0


def test_power_reactive_power_and_factor_are_one_triangle_and_the_bank_switches_in_steps() -> None:
    found = signals("power-meter", JULY + MONTH)
    apparent = np.hypot(found["power"], found["reactive_power"])
    np.testing.assert_allclose(found["power"] / apparent, found["power_factor"])
    assert found["power_factor"].mean() == pytest.approx(0.96, abs=0.01)
    assert found["power_factor"].min() > 0.92
    assert np.abs(np.diff(found["reactive_power"])).max() > 2.0


def test_the_energy_of_a_year_never_goes_back_and_has_its_summer() -> None:
    energy = signals("power-meter", 1.7354e9 + np.arange(0.0, 800 * DAY_S, 3600.0))["energy"]
    assert (np.diff(energy) >= 0.0).all()
    july, april = (signals("power-meter", start + np.array([0.0, 28 * DAY_S])) for start in (JULY, 1.775e9))
    assert np.diff(july["energy"])[0] > 1.05 * np.diff(april["energy"])[0]


def test_harmonics_have_their_evening() -> None:
    by_hour = signals("power-meter", JANUARY + np.arange(0.0, DAY_S, 3600.0))["thd_u"]
    assert by_hour.argmax() in (20, 21, 22)


def test_rain_raises_the_residual_current_hours_later() -> None:
    times = JULY + np.arange(0.0, 60 * DAY_S, 1800.0)
    machine = Machine("X-1", 7)
    leak, rain = signals("residual-current", times)["leak"], machine.rain_mm_h(times)
    by_lag = [np.corrcoef(rain[: len(rain) - lag], leak[lag:])[0, 1] for lag in range(9)]
    assert 1 <= int(np.argmax(by_lag)) <= 6
    assert leak.max() < 200.0


def test_a_detector_raises_its_own_alarm_when_a_contact_is_hot() -> None:
    plant, machine, times = PLANTS["residual-current"], Machine("X-1", 7), JANUARY + np.arange(0.0, 600.0, 60.0)
    calm = plant.signal(machine, times)
    assert plant.measured(machine, times, calm)["alarm"].max() == 0.0
    hot = calm | {"temp_c": calm["temp_c"] + 60.0}
    assert plant.measured(machine, times, hot)["alarm"].min() == 1.0
