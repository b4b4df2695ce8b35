from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from simulators.site import Injection, SimulatedDevice, SimulatedSite

START = 1_772_323_200.0
FORTNIGHT = 14 * 86_400.0


def test_history_is_what_would_have_been_read_live(property_devices: list[SimulatedDevice]) -> None:
    site = SimulatedSite(property_devices, seed=7)
    times, values = site.history(["P-1", "EL-1"], START, START + 600.0, 60.0)
    assert times.shape == (10,)
    for device_id, rows in values.items():
        assert rows.shape == (10, len(site.devices[device_id].profile.names))
        for i, time in enumerate(times):
            np.testing.assert_array_equal(site.read(device_id, np.array([time]))[0], rows[i])


def test_a_normal_fortnight_of_thirteen_devices_is_possible_everywhere(
    property_devices: list[SimulatedDevice],
) -> None:
    site = SimulatedSite(property_devices, seed=7)
    times, values = site.history(site.devices, START, START + FORTNIGHT, 60.0)
    assert len(times) == 14 * 1440
    assert len(values) == 13
    for device_id, rows in values.items():
        profile = site.devices[device_id].profile
        assert ((rows >= profile.low) & (rows <= profile.high)).all(), device_id


def test_truths_come_in_the_order_of_onset(property_devices: list[SimulatedDevice]) -> None:
    late = Injection("dry-run", "P-1", START + 500.0, 0.5, 600.0)
    early = Injection("silent-meter", "PM-1", START, 0.5, 600.0)
    truths = SimulatedSite(property_devices, faults=[late, early]).truths()
    assert [truth.fault for truth in truths] == ["silent-meter", "dry-run"]
    assert [truth.rule_class for truth in truths] == ["device.offline", "pump.dry_run"]


def test_two_faults_on_one_device_add_up(device: Callable[..., SimulatedDevice]) -> None:
    wear = Injection("bearing-wear", "P-1", START, 0.6, 10 * 86_400.0)
    burst = Injection("pipe-burst", "P-1", START + 5 * 86_400.0, 0.6, 3600.0)
    site = SimulatedSite([device("P-1", "pump-set")], faults=[wear, burst])
    values = dict(
        zip(site.devices["P-1"].profile.names, site.read("P-1", np.array([burst.onset + 600.0]))[0], strict=True)
    )
    assert values["vibration"] > 1.7
    assert values["pressure"] < 0.3


def test_a_profile_may_not_ask_for_what_the_plant_does_not_measure(device: Callable[..., SimulatedDevice]) -> None:
    @dataclass
    class Stranger:
        names: tuple[str, ...] = ("pressure", "taste")

    pump = device("P-1", "pump-set")
    stranger = SimulatedDevice("P-1", Stranger(), "pump-set", pump.connection)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="does not measure taste"):
        SimulatedSite([stranger])
