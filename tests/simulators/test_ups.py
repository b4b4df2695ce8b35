from collections.abc import Callable

import numpy as np
import pytest

from simulators.faults import FAULTS, Case
from simulators.plant import PLANTS, Machine, Signals
from simulators.plant.day import DAY_S
from simulators.site import Injection, SimulatedDevice, SimulatedSite

MORNING = 1_773_446_400.0  # 2026-03-14 08:00 in Shanghai, a Saturday
HOUR = 3600.0
YEAR = MORNING + np.arange(0.0, 365 * DAY_S, 1800.0)


def befallen(fault: str, times: np.ndarray, severity: float = 1.0, lasts_s: float = HOUR, seed: int = 7) -> Signals:
    """The noise-free signals of one UPS with a fault that begins at the first time."""
    case = Case(Machine("X-1", seed), float(times[0]), severity, lasts_s)
    normal = PLANTS["ups"].signal(case.machine, times)
    return normal | FAULTS[fault].effect(case, times, normal)


def test_a_year_without_faults_stays_within_what_batteries_like() -> None:
    normal = PLANTS["ups"].signal(Machine("X-1", 7), YEAR)
    assert 18.0 < normal["battery_temp"].min() < normal["battery_temp"].max() < 28.5
    assert normal["load"].max() < 65.0
    assert normal["test_runtime"].min() > 92.0
    assert normal["block_spread"].max() < 0.15
    assert normal["on_battery"].max() == 0.0


def test_less_load_lasts_longer_than_in_proportion() -> None:
    normal = PLANTS["ups"].signal(Machine("X-1", 7), YEAR)
    work = normal["runtime"] * normal["load"]
    assert np.corrcoef(normal["load"], normal["runtime"])[0, 1] < -0.95
    assert np.corrcoef(normal["load"], work)[0, 1] < -0.9


def test_a_warm_battery_floats_lower() -> None:
    normal = PLANTS["ups"].signal(Machine("X-1", 7), YEAR)
    assert np.corrcoef(normal["battery_temp"], normal["battery_voltage"])[0, 1] < -0.999


def test_the_result_of_a_test_stands_until_the_next_sunday() -> None:
    tested = PLANTS["ups"].signal(Machine("X-1", 7), MORNING + np.arange(0.0, 28 * DAY_S, HOUR))["test_runtime"]
    (changes,) = np.nonzero(np.diff(tested))
    assert len(changes) == 4
    assert set(np.diff(changes)) == {7 * 24}


@pytest.mark.parametrize("worn", [False, True])
def test_without_mains_the_battery_empties_in_the_runtime_it_has(*, worn: bool) -> None:
    times = MORNING + np.arange(0.0, 2 * HOUR, 10.0)
    case = Case(Machine("X-1", 7), MORNING, 1.0, 2 * HOUR)
    normal = PLANTS["ups"].signal(case.machine, times)
    if worn:
        normal["runtime"] = 0.5 * normal["runtime"]
    dark = normal | FAULTS["ups-mains-loss"].effect(case, times, normal)
    (empty,) = np.nonzero(dark["output_voltage"] == 0.0)
    assert times[empty[0]] - MORNING == pytest.approx(normal["runtime"][empty[0]], abs=20.0)
    alive = slice(1, int(empty[0]))
    assert (dark["input_voltage"] == 0.0).all()
    assert (np.diff(dark["battery_charge"][alive]) < 0.05).all()
    assert dark["battery_voltage"][1] < normal["battery_voltage"][1] - 10.0
    assert dark["runtime"][alive][-1] < 30.0
    assert dark["on_battery"][alive].min() == 1.0


def test_after_the_outage_nine_tenths_are_back_in_three_hours() -> None:
    times = MORNING + np.arange(0.0, 6 * HOUR, 60.0)
    charge = befallen("ups-mains-loss", times)["battery_charge"]
    assert charge[60] < 5.0
    assert charge[60 + 180] == pytest.approx(90.0, abs=2.0)


def test_a_worn_battery_loses_runtime_steadily_and_its_test_finds_it_late() -> None:
    times = MORNING + np.arange(0.0, 60 * DAY_S, 6 * HOUR)
    normal = PLANTS["ups"].signal(Machine("X-1", 7), times)
    sick = befallen("ups-battery-wear", times, severity=1.0, lasts_s=60 * DAY_S)
    left = sick["runtime"] / normal["runtime"]
    assert (np.diff(left) < 0.0).all()
    assert left[-1] == pytest.approx(0.5, abs=0.01)
    assert (sick["test_runtime"] / normal["test_runtime"] >= left - 1e-9).all()
    assert sick["replace_battery"][0] == 0.0
    assert sick["replace_battery"][-1] == 1.0
    assert sick["last_test"][-1] == 2.0


@pytest.mark.parametrize(("fault", "days"), [("ups-battery-wear", 40), ("ups-block-outlier", 20)])
@pytest.mark.parametrize("severity", [0.25, 0.6, 1.0])
@pytest.mark.parametrize("seed", range(7))
def test_a_wear_shows_more_than_three_days_before_failure(
    device: Callable[..., SimulatedDevice], fault: str, days: int, severity: float, seed: int
) -> None:
    onset = MORNING + seed * DAY_S  # on every day of the week, before and after the test
    site = SimulatedSite([device("X-1", "ups")], seed, [Injection(fault, "X-1", onset, severity, days * DAY_S)])
    (truth,) = site.truths()
    assert truth.shown_at is not None
    assert truth.failure is not None
    assert truth.failure - truth.shown_at > 3 * DAY_S


def test_without_cooling_a_battery_warms_within_hours_and_only_the_worst_is_red() -> None:
    times = MORNING + np.arange(0.0, 8 * HOUR, 60.0)
    mild, bad = (befallen("ups-cooling", times, severity, 8 * HOUR)["battery_temp"] for severity in (0.0, 1.0))
    assert 30.0 < mild.max() < 36.0
    assert 42.0 < bad.max() < 50.0
    assert bad[30] < 36.0


def test_an_overload_shortens_the_runtime_and_a_great_one_goes_to_bypass() -> None:
    times = MORNING + np.arange(0.0, HOUR, 10.0)
    mild, bad = (befallen("ups-overload", times, severity) for severity in (0.1, 1.0))
    normal = PLANTS["ups"].signal(Machine("X-1", 7), times)
    assert (mild["runtime"] < 0.5 * normal["runtime"]).all()
    assert mild["bypass"].max() == 0.0
    assert bad["overload"].min() == 1.0
    assert bad["bypass"][:30].max() == 0.0
    assert bad["bypass"][31:].min() == 1.0
    np.testing.assert_array_equal(bad["output_voltage"][31:], normal["input_voltage"][31:])
