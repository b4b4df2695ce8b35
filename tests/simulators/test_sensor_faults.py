"""Sensors that lie: what they show, what they leave alone, and whose ticket that is."""

from collections.abc import Callable

import numpy as np
import pytest

from simulators.plant.machine import Floats
from simulators.site import Injection, SimulatedDevice, SimulatedSite

START = 1_773_446_400.0
HOUR = 3600.0
DURING = START + np.arange(10.0, 2 * HOUR, 10.0)

Devices = Callable[..., SimulatedDevice]


def read(device: Devices, fault: str, kind: str = "pump-set", channel: str = "") -> tuple[dict[str, Floats], ...]:
    """What is measured with the fault and without, by point."""
    sites = [SimulatedSite([device("X-1", kind)], seed=7) for _ in range(2)]
    sites[0].inject(Injection(fault, "X-1", START, 1.0, 2 * HOUR, channel))
    names = sites[0].devices["X-1"].profile.names
    return tuple(dict(zip(names, site.read("X-1", DURING).T, strict=True)) for site in sites)


@pytest.mark.parametrize("fault", ["sensor-stuck", "sensor-drift", "sensor-lost", "sensor-noisy"])
def test_only_the_reading_of_one_sensor_changes(device: Devices, fault: str) -> None:
    lying, true = read(device, fault)
    assert [name for name in true if (lying[name] != true[name]).any()] == ["pressure"]


def test_a_stuck_sensor_shows_one_value_however_it_is_asked(device: Devices) -> None:
    lying, _ = read(device, "sensor-stuck")
    assert np.ptp(lying["pressure"]) == 0.0
    site = SimulatedSite([device("X-1", "pump-set")], 7, [Injection("sensor-stuck", "X-1", START, 1.0, HOUR)])
    alone = site.read("X-1", DURING[40:41])[0]
    assert alone[site.devices["X-1"].profile.names.index("pressure")] == lying["pressure"][0]


@pytest.mark.parametrize(
    ("channel", "bottom"), [("pressure", 0.0), ("suction_pressure", -0.1), ("bearing_temp", -40.0)]
)
def test_a_lost_sensor_is_at_the_bottom_of_its_range(device: Devices, channel: str, bottom: float) -> None:
    lying, _ = read(device, "sensor-lost", channel=channel)
    assert (lying[channel] == bottom).all()


def test_a_drift_ends_a_fifth_away(device: Devices) -> None:
    lying, true = read(device, "sensor-drift", channel="flow")
    assert (lying["flow"] / true["flow"])[-1] == pytest.approx(1.2, abs=0.01)


@pytest.mark.parametrize(
    ("kind", "ticket"),
    [("pump-set", "pump.sensor"), ("elevator", "elevator.sensor"), ("power-meter", "power.sensor")],
)
def test_the_ticket_is_one_of_instruments(device: Devices, kind: str, ticket: str) -> None:
    site = SimulatedSite([device("X-1", kind)])
    truth = site.inject(Injection("sensor-stuck", "X-1", START, 1.0, HOUR))
    assert (truth.rule_class, truth.family) == (ticket, "sensor")


def test_a_clock_that_stands_still_tells_old_news(device: Devices) -> None:
    site = SimulatedSite([device("X-1", "elevator")])
    site.inject(Injection("frozen-stamps", "X-1", START, 1.0, HOUR))
    assert np.isnan(site.read("X-1", np.array([START + 5.0]))).all()
    assert site.stamp("X-1", START + 5.0) == site.stamp("X-1", START + 60.0) == START - 1.0
    assert site.stamp("X-1", START + HOUR) == START + HOUR


def test_a_channel_must_be_there(device: Devices) -> None:
    site = SimulatedSite([device("X-1", "pump-set")])
    with pytest.raises(ValueError, match="X-1 does not measure colour"):
        site.inject(Injection("sensor-lost", "X-1", START, 1.0, HOUR, "colour"))
