"""Machines of profiles that have no plant of their own: believable, possible, and pure functions of time."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.device import Profile
from gateway.core.library import BUILT_IN, read_profiles
from gateway.core.plugins import discover
from simulators.plant import PLANTS
from simulators.plant.day import DAY_S
from simulators.plant.machine import Floats
from simulators.site import Injection, SimulatedDevice, SimulatedSite
from tests.simulators.conftest import LooseProfile

MONDAY = 1_772_985_600.0  # 2026-03-09 00:00 in Shanghai
DAY = MONDAY + np.arange(0.0, DAY_S, 300.0)
SHIPPED = read_profiles([BUILT_IN], discover()).profiles
ANY_KIND = ["silent-meter", "frozen-stamps"]


def site_of(profile: Profile, seed: int = 7, device: str = "X-1") -> SimulatedSite:
    return SimulatedSite([SimulatedDevice(device, profile, "of no plant", "bus", unit=1)], seed)


def profile(*points: dict[str, Any]) -> LooseProfile:
    written = [{"address": 10 * i, "type": "f32", **point} for i, point in enumerate(points)]
    return LooseProfile.model_validate({"profile": "made", "driver": "modbus", "points": written})


def one(name: str, times: Floats = DAY, seed: int = 7, **point: Any) -> Floats:
    """The values [T] of a machine with one point."""
    values: Floats = site_of(profile({"name": name, **point}), seed).read("X-1", times)[:, 0]
    return values


@pytest.mark.parametrize("name", SHIPPED)
@settings(deadline=None, max_examples=20)
@given(start=st.floats(1.7e9, 1.8e9), order=st.permutations(range(8)))
def test_a_reading_does_not_depend_on_which_others_are_taken(name: str, start: float, order: list[int]) -> None:
    site = site_of(SHIPPED[name])
    times = start + np.arange(8.0) * 97.3
    together = site.read("X-1", times)
    np.testing.assert_array_equal(site.read("X-1", times[order]), together[order])
    np.testing.assert_array_equal(site.read("X-1", times[3:4]), together[3:4])


@pytest.mark.parametrize("name", SHIPPED)
def test_a_week_is_possible_and_of_its_own(name: str) -> None:
    of = SHIPPED[name]
    week = MONDAY + np.arange(0.0, 7 * DAY_S, 1800.0)
    values = site_of(of).read("X-1", week)
    possible = (values >= of.low) & (values <= of.high)
    known = ~np.isnan(values).all(axis=0)
    assert possible[:, known].all()
    assert known.mean() > 0.4  # one word of several that exclude each other may be unknown
    assert (site_of(of, seed=8).read("X-1", week) != values).any()
    assert (site_of(of, device="X-2").read("X-2", week) != values).any()


@pytest.mark.parametrize(
    ("name", "point", "low", "high"),
    [
        ("u_a", {"unit": "V", "low": 0, "high": 500}, 205.0, 235.0),
        ("u_ab", {"unit": "V", "low": 0, "high": 900}, 360.0, 400.0),
        ("battery_voltage", {"unit": "V", "low": 0, "high": 60}, 42.0, 54.0),
        ("frequency", {"unit": "Hz", "low": 40, "high": 70}, 49.9, 50.1),
        ("power_factor", {"low": -1, "high": 1}, 0.84, 0.96),
        ("power", {"unit": "kW", "low": -4000, "high": 4000}, 10.0, 70.0),
        ("current", {"unit": "A", "low": 0, "high": 100}, 20.0, 100.0),
        ("temperature", {"unit": "°C", "low": -40, "high": 80}, 15.0, 35.0),
        ("humidity", {"unit": "%", "low": 0, "high": 100}, 30.0, 80.0),
        ("what", {"unit": "?", "low": 10, "high": 20}, 12.0, 16.0),
        ("alarm_word", {"type": "u32"}, 0.0, 0.0),
        ("fault", {"type": "bool", "bit": 3}, 0.0, 0.0),
        ("running", {"type": "bool", "table": "coil"}, 1.0, 1.0),
        ("state", {"type": "u16", "map": {3: 30, 5: 50}, "high": 40}, 30.0, 30.0),
    ],
)
def test_a_point_is_like_its_name_and_unit(name: str, point: dict[str, Any], low: float, high: float) -> None:
    values = one(name, **point)
    assert low <= values.min() <= values.max() <= high


def test_a_load_follows_the_day_and_a_temperature_the_weather() -> None:
    hours: Floats = MONDAY + np.arange(0.0, DAY_S, 3600.0)
    power = one("power", unit="kW", times=hours)
    assert power[18:22].mean() > 1.3 * power[2:6].mean()
    air = one("air", unit="°C", times=hours)
    assert air[14:17].mean() > air[2:5].mean() + 2.0


COUNTERS = [{"unit": "kWh"}, {"unit": "h"}, {"name": "starts"}, {"name": "run_time", "unit": "s"}]
COUNTED_IN = [{"type": "u16"}, {"type": "u32", "scale": 0.01}, {"type": "bcd32"}, {"type": "f64"}]


@pytest.mark.parametrize("point", COUNTERS)
@pytest.mark.parametrize("encoding", COUNTED_IN)
def test_a_counter_only_grows_for_years_at_the_step_of_its_register(
    point: dict[str, Any], encoding: dict[str, Any]
) -> None:
    years = MONDAY + np.arange(0.0, 15 * 365 * DAY_S, 5.5 * DAY_S)
    values = one(times=years, **{"name": "counted", **point, **encoding})
    assert (np.diff(values) >= 0.0).all()
    assert values[-1] > values[0]
    if encoding["type"] != "f64":
        steps = values / encoding.get("scale", 1.0)
        np.testing.assert_allclose(steps, steps.round(), rtol=1e-12)


@pytest.mark.parametrize(
    ("how", "source", "value"),
    [
        ("decimals", {"low": 0, "high": 4}, 1.0),
        ("decimals", {"low": 2, "high": 4}, 2.0),
        ("factor", {"low": 1, "high": 9999}, 1.0),
        ("exponent", {"type": "s16", "low": -9, "high": 9}, 0.0),
        ("factor", {"map": {0: 100, 1: 0.01}}, 0.01),
    ],
)
def test_a_source_of_scale_is_the_plainest_that_leaves_room(how: str, source: dict[str, Any], value: float) -> None:
    of = profile(
        {"name": "source", "type": "u16", **source},
        {"name": "p", "unit": "kW", "type": "s16", "high": 4000, "scale_from": {"point": "source", "as": how}},
    )
    values = site_of(of).read("X-1", DAY)
    assert set(values[:, 0]) == {value}
    assert len(set(values[:, 1])) > 10


def test_a_ratio_of_one_would_not_do_for_a_range_beyond_the_register() -> None:
    of = profile(
        {"name": "ratio", "type": "u16", "low": 1, "high": 500},
        {"name": "u", "unit": "V", "type": "u16", "low": 0, "high": 500, "scale": 0.001, "scale_from": "ratio"},
    )
    values = site_of(of).read("X-1", DAY)
    assert set(values[:, 0]) == {10.0}
    assert 200.0 < values[:, 1].mean() < 240.0


@pytest.mark.parametrize(
    ("sentinels", "low", "high"),
    [
        (["22-40", "18-21"], 17.0, 17.0),
        (["0-79", 80], 81.0, 90.0),
        (["15-65535", 14, 13], 5.0, 12.0),
        ([0xFFFF], 19.0, 29.0),
    ],
)
def test_a_machine_never_shows_a_sentinel(sentinels: list[Any], low: float, high: float) -> None:
    values = one("air", unit="°C", type="u16", sentinels=sentinels)
    assert low <= values.min() <= values.max() <= high


def test_a_point_that_nothing_can_show_is_unknown() -> None:
    assert np.isnan(one("level", type="u16", low=-9, high=-1)).all()


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("fault", ANY_KIND)
def test_what_befalls_anything_befalls_any_profile(name: str, fault: str) -> None:
    site = site_of(SHIPPED[name])
    healthy = site.read("X-1", DAY)
    truth = site.inject(Injection(fault, "X-1", MONDAY + 3600.0, 0.7, 7200.0))
    befallen = site.read("X-1", DAY)
    during = (truth.onset <= DAY) & (truth.until > DAY)
    assert truth.shown_at is not None
    assert np.isnan(befallen[during]).all()
    np.testing.assert_array_equal(befallen[~during], healthy[~during])


def test_what_befalls_only_pumps_is_refused() -> None:
    with pytest.raises(ValueError, match="dry-run needs kind pump-set"):
        site_of(profile({"name": "x"})).inject(Injection("dry-run", "X-1", MONDAY, 0.5, 60.0))


def test_a_kind_with_a_plant_keeps_it() -> None:
    pump = SimulatedSite([SimulatedDevice("P-1", SHIPPED["pump-set"], "pump-set", "bus", unit=1)], seed=7)
    values = dict(zip(SHIPPED["pump-set"].names, pump.read("P-1", DAY[:1])[0], strict=True))
    signals = PLANTS["pump-set"].signal(pump._machines["P-1"], DAY[:1])
    assert values["starts"] == signals["starts"][0]
