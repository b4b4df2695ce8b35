import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.plant import PLANTS, Machine
from simulators.plant.day import DAY_S, ELECTRICITY, LIFT_TRIPS, WATER, Demand, Use
from simulators.plant.machine import Floats, Signals, lagged
from simulators.plant.noise import drifting, normal, stream, uniform
from simulators.plant.year import presence

SUNDAY = 1_772_899_200.0  # 2026-03-08 00:00 in Shanghai, a Sunday
WEEK = SUNDAY + np.arange(0.0, 7 * DAY_S, 60.0)


def run(kind: str, times: Floats, seed: int = 7) -> Signals:
    machine = Machine("X-1", seed)
    return PLANTS[kind].measured(machine, times, PLANTS[kind].signal(machine, times))


@pytest.mark.parametrize("kind", PLANTS)
@given(start=st.floats(1.7e9, 1.8e9), order=st.permutations(range(12)))
def test_a_reading_does_not_depend_on_which_others_are_taken(kind: str, start: float, order: list[int]) -> None:
    times = start + np.arange(12.0) * 97.3
    together = run(kind, times)
    shuffled = run(kind, times[order])
    alone = run(kind, times[3:4])
    for name, values in together.items():
        np.testing.assert_array_equal(values[order], shuffled[name])
        np.testing.assert_array_equal(values[3:4], alone[name])


@pytest.mark.parametrize("kind", PLANTS)
def test_the_seed_and_the_device_make_the_difference(kind: str) -> None:
    times = WEEK[:500]
    assert any((run(kind, times)[name] != run(kind, times, seed=8)[name]).any() for name in run(kind, times))


@pytest.mark.parametrize("kind", PLANTS)
def test_every_channel_is_known_and_moves_within_reason(kind: str) -> None:
    for name, values in run(kind, WEEK).items():
        assert values.shape == WEEK.shape, name
        assert np.isfinite(values).all(), name


def test_noise_is_standard_normal_and_independent() -> None:
    count = np.arange(200_000)
    draws = normal(stream(1, "a"), count)
    assert abs(draws.mean()) < 0.01
    assert abs(draws.std() - 1.0) < 0.01
    assert abs((draws[1:] * draws[:-1]).mean()) < 0.01
    assert abs((draws * normal(stream(1, "b"), count)).mean()) < 0.01
    flat = uniform(stream(1, "a"), count)
    assert flat.min() > 0.0
    assert flat.max() < 1.0
    assert abs(flat.mean() - 0.5) < 0.01


def test_drift_has_unit_variance_everywhere_and_no_jumps() -> None:
    times = np.arange(0.0, 3_000_000.0, 10.0)
    drift = drifting(stream(2), times, 300.0)
    middles = drift[15::30]
    assert abs(middles.std() - 1.0) < 0.03
    assert np.abs(np.diff(drift)).max() < 0.5


@pytest.mark.parametrize(
    ("demand", "use", "weekend"),
    [
        (WATER, "residential", 1.08),
        (LIFT_TRIPS, "residential", 0.90),
        (ELECTRICITY, "residential", 1.0 + 0.6 * 0.04),
        (WATER, "office", 0.30),
        (LIFT_TRIPS, "office", 0.25),
        (ELECTRICITY, "office", 1.0 - 0.8 * 0.55),
        (WATER, "campus", 1.02),
        (LIFT_TRIPS, "campus", 0.80),
        (ELECTRICITY, "campus", 1.0 - 0.7 * 0.10),
    ],
)
def test_weeks_have_their_totals_and_later_weekend_mornings(demand: Demand, use: Use, weekend: float) -> None:
    week = demand[use]
    monday = 4 * DAY_S  # 1970-01-05

    def day(n: int) -> Floats:
        return week.at(monday + n * DAY_S + np.arange(0.0, DAY_S, 60.0))

    assert day(1).mean() == pytest.approx(1.0, rel=0.01)
    assert np.mean([day(5), day(6)]) == pytest.approx(weekend, rel=0.02)
    if demand is not ELECTRICITY and use == "residential":  # an office and a grid have no morning peak to be late
        assert day(5)[360:420].mean() < day(2)[360:420].mean()
    total = week.total(np.array([monday, monday + 7 * DAY_S]))
    assert np.diff(total)[0] / DAY_S == pytest.approx(5.0 + 2.0 * weekend, rel=0.01)
    moments = monday + np.linspace(0.0, 14 * DAY_S, 500)
    np.testing.assert_allclose(week.when(week.total(moments)), moments, atol=0.01)


def test_a_lag_follows_a_step_like_a_first_order_body() -> None:
    times = np.arange(0.0, 20_000.0, 100.0)
    step = lagged(lambda past: (past > 0.0).astype(np.float64), times, tau_s=3600.0)
    np.testing.assert_allclose(step, 1.0 - np.exp(-times / 3600.0), atol=0.05)


def test_a_pump_keeps_its_correlations() -> None:
    pump = run("pump-set", WEEK)
    on = pump["running"] > 0.5
    for a, b in (("flow", "speed_hz"), ("speed_hz", "power"), ("power", "current")):
        assert np.corrcoef(pump[a][on], pump[b][on])[0, 1] > 0.95, (a, b)
    for name in ("flow", "speed_hz", "power", "current"):
        assert (pump[name][~on] == 0.0).all(), name
    assert np.abs(pump["pressure"][on] - 0.45).max() < 0.025
    starts_per_h = np.diff(pump["starts"])[:300].sum() / 5.0
    assert 5.0 < starts_per_h < 9.0
    assert (np.diff(pump["starts"]) >= 0.0).all()


def test_a_lift_makes_whole_trips_and_its_machine_follows_the_traffic() -> None:
    lift = run("elevator", WEEK)
    per_day = np.diff(lift["runs"][:: 24 * 60])
    assert 380 < per_day.min() <= per_day.max() < 620
    assert (np.diff(lift["runs"]) >= 0).all()
    assert (np.diff(lift["door_cycles"]) >= 0).all()
    hourly = np.diff(lift["runs"][::60])
    heat = lift["motor_temp"][60::60][: len(hourly)]
    assert np.corrcoef(np.convolve(hourly, [0.2, 0.4, 0.4])[: len(hourly)][24:], heat[24:])[0, 1] > 0.7


def test_a_lift_moves_like_a_lift() -> None:
    times = SUNDAY + DAY_S + 8 * 3600.0 + np.arange(0.0, 3600.0, 0.5)
    machine = Machine("X-1", 7)
    lift = PLANTS["elevator"].signal(machine, times)
    riding = lift["car"] > 0.5
    assert lift["speed"].max() == 1.75
    assert (lift["speed"][~riding] == 0.0).all()
    assert (lift["door"][riding] == 0.0).all()
    assert (lift["levelled"][~riding] == 1.0).all()
    assert np.abs(np.diff(lift["speed"])).max() <= 0.8 * 0.5 + 1e-6
    assert np.abs(np.diff(lift["floor"])).max() <= 1.0
    assert {0.0, 1.0, 2.0, 3.0} == set(lift["door"])
    assert 40 < np.ptp(lift["runs"]) < 60


def test_windings_follow_the_square_of_the_load_late() -> None:
    transformer = run("transformer", WEEK)
    rise = transformer["winding_temp_b"] - transformer["ambient_temp"]
    late = np.corrcoef(transformer["load"][:-60] ** 2, rise[60:])[0, 1]
    early = np.corrcoef(transformer["load"][60:] ** 2, rise[:-60])[0, 1]
    assert late > 0.85
    assert late > early
    assert transformer["load"].max() < 75.0
    assert transformer["fan"].max() == 0.0


def test_a_meter_measures_one_consistent_feeder() -> None:
    meter = run("power-meter", WEEK)
    volts, amps = (sum(meter[f"{x}_{phase}"] for phase in "abc") for x in "ui")
    power = volts * amps / 3.0 * meter["power_factor"] / 1000.0
    np.testing.assert_allclose(power, meter["power"], rtol=0.06)
    counted = np.diff(meter["energy"][:: 24 * 60])
    used = [meter["power"][day * 1440 : (day + 1) * 1440].mean() * 24.0 for day in range(6)]
    np.testing.assert_allclose(counted, used, rtol=0.25)


def test_all_machines_of_a_property_live_under_the_same_sky() -> None:
    year = 1.7e9 + np.arange(0.0, 365 * DAY_S, 3600.0)
    one, other, elsewhere = Machine("a", 3), Machine("b", 3), Machine("a", 4)
    np.testing.assert_array_equal(one.outdoor_c(year), other.outdoor_c(year))
    np.testing.assert_array_equal(one.rain_mm_h(year), other.rain_mm_h(year))
    assert np.abs(one.outdoor_c(year) - elsewhere.outdoor_c(year)).max() > 3.0
    assert -12.0 < one.outdoor_c(year).min() < 2.0
    assert 33.0 < one.outdoor_c(year).max() < 44.0
    rain = one.rain_mm_h(year)
    assert 0.1 < (rain > 0.0).mean() < 0.35
    assert 600.0 < rain.sum() < 2500.0  # mm in a year


def test_people_travel_home_at_spring_festival() -> None:
    new_year = 20_501 * DAY_S  # 2026-02-17
    days = new_year + np.arange(-10.0, 20.0) * DAY_S
    present = presence(days)
    assert present[[0, -1]].tolist() == [1.0, 1.0]
    assert present.min() == pytest.approx(0.55)
    assert (np.diff(present[:11]) <= 0.0).all()
