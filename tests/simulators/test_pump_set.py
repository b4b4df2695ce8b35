"""The three pumps of a set, what wears in them, and what it does to what the set measures."""

from collections.abc import Callable

import numpy as np
import pytest

from simulators.plant import PLANTS, Machine
from simulators.plant.day import DAY_S, Use
from simulators.plant.machine import Floats, Signals
from simulators.site import Injection, SimulatedDevice, SimulatedSite

MONDAY = 1_773_590_400.0  # 2026-03-16 00:00 in Shanghai
HOUR = 3600.0
FORTNIGHT = MONDAY + np.arange(0.0, 14 * DAY_S, 60.0)

Devices = Callable[..., SimulatedDevice]


def healthy(use: Use = "residential") -> Signals:
    return PLANTS["pump-set"].signal(Machine("X-1", 7, use=use), FORTNIGHT)


def befallen(device: Devices, fault: str, severity: float, days: float) -> Callable[[str, Floats], Floats]:
    site = SimulatedSite([device("X-1", "pump-set")], 7, [Injection(fault, "X-1", MONDAY, severity, days * DAY_S)])
    names = site.devices["X-1"].profile.names

    def channel(name: str, times: Floats) -> Floats:
        values: Floats = site.read("X-1", times)[:, names.index(name)]
        return values

    return channel


@pytest.mark.parametrize("use", ["residential", "office", "campus"])
def test_two_pumps_take_turns_and_the_third_stands_by(use: Use) -> None:
    signals = healthy(use)
    one, two, three = (signals[f"running_{pump}"] for pump in (1, 2, 3))
    np.testing.assert_array_equal(np.maximum(one, two), signals["running"])
    assert one.mean() == pytest.approx(two.mean(), abs=0.05)
    assert three.max() == 0.0
    assert 0.05 < (one * two).mean() < 0.6


def test_what_the_set_measures_is_the_worst_of_its_pumps() -> None:
    signals = healthy()
    for name in ("vibration", "bearing_temp"):
        each = np.max([signals[f"{name}_{pump}"] for pump in (1, 2, 3)], axis=0)
        np.testing.assert_allclose(each, signals[name])
    rise = signals["bearing_temp"] - signals["ambient_temp"]
    assert rise.mean() == pytest.approx(22.0, abs=2.0)
    assert np.abs(np.diff(rise)).max() < 0.2  # the next to lead is warm before it takes over


def test_a_bearing_is_heard_weeks_before_it_is_felt_and_only_in_its_own_pump(device: Devices) -> None:
    channel = befallen(device, "bearing-wear", 1.0, 36.0)
    evenings = MONDAY + 19 * HOUR + np.arange(36) * DAY_S
    heard, felt = (
        np.array([channel(name, at + np.arange(300.0)).mean() for at in evenings])
        for name in ("hf_vibration", "vibration")
    )
    assert heard[10] > 1.8 * heard[0]
    assert felt[20] == pytest.approx(felt[0], rel=0.1)
    assert 6.0 < felt[-1] < 9.0
    last = MONDAY + 35.5 * DAY_S + np.arange(0.0, 0.5 * DAY_S, 60.0)
    worn = [pump for pump in (1, 2, 3) if channel(f"vibration_{pump}", last).max() > 4.0]
    assert len(worn) == 1
    (hot,) = worn
    assert channel(f"bearing_temp_{hot}", last).max() > 60.0


def test_a_tank_without_air_makes_ever_more_starts_at_night(device: Devices) -> None:
    channel = befallen(device, "precharge-loss", 1.0, 28.0)
    nights = MONDAY + HOUR + np.arange(28) * DAY_S
    starts = np.array([np.diff(channel("starts", np.array([at, at + HOUR])))[0] for at in nights])
    assert 6.0 <= starts[0] <= 8.0
    assert 55.0 <= starts[-1] <= 80.0
    assert (np.diff(starts) >= -1.0).all()
    counted = channel("starts", MONDAY + np.arange(0.0, 28 * DAY_S, 600.0))
    assert (np.diff(counted) >= 0.0).all()
    pressure = channel("pressure", nights[-1] + np.arange(600.0))
    assert 0.10 < np.ptp(pressure) < 0.18


def test_a_leak_triples_the_night_and_leaves_the_pressure(device: Devices) -> None:
    channel = befallen(device, "slow-leak", 1.0, 21.0)
    first, last = (MONDAY + day * DAY_S + 2 * HOUR + np.arange(0.0, 2 * HOUR, 10.0) for day in (0, 20))
    assert channel("flow", last).mean() / channel("flow", first).mean() == pytest.approx(2.9, abs=0.4)
    assert channel("pressure", last).mean() == pytest.approx(channel("pressure", first).mean(), abs=0.002)


def test_a_burst_calls_the_standby_and_draws_the_tank_down(device: Devices) -> None:
    channel = befallen(device, "pipe-burst", 0.5, 0.02)
    during = MONDAY + np.arange(600.0, 1200.0)
    assert channel("running_3", during).min() == 1.0
    assert np.ptp(channel("tank_level", during)) == pytest.approx(20.0, abs=4.0)


def test_cavitation_rattles_within_minutes(device: Devices) -> None:
    channel = befallen(device, "cavitation", 0.5, 0.4)
    noon = MONDAY + 9 * HOUR + np.arange(600.0)
    assert channel("suction_pressure", noon).mean() < 0.02
    assert 2.5 < channel("vibration", noon).mean() < 4.0
    assert channel("power", noon).std() > 0.03 * channel("power", noon).mean()
