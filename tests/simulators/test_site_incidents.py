"""Incidents: whom they befall in the shipped properties, what their devices show, and the one truth about each."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from gateway.cli.property import simulated
from gateway.core.config import Config, load
from gateway.core.plugins import discover
from simulators.faults.incident import INCIDENTS
from simulators.site import Injection, SimulatedSite, Truth

SITES = Path(__file__).parents[2] / "simulators/sites"
MORNING = 1_772_413_200.0  # 2026-03-02 09:00 in Shanghai


@cache
def config_of(name: str) -> Config:
    config = load(SITES / f"{name}.yaml", plugins=discover()).config
    assert config
    return config


def property_of(name: str) -> SimulatedSite:
    return simulated(config_of(name), seed=7)


def befall(plant: SimulatedSite, incident: str, device: str, severity: float = 0.7) -> Truth:
    return plant.inject(Injection(incident, device, MORNING, severity, INCIDENTS[incident].lasts_s))


def channel(plant: SimulatedSite, device: str, name: str, after_s: float) -> float:
    column = plant.devices[device].profile.names.index(name)
    return float(plant.read(device, np.array([MORNING + after_s]))[0, column])


PLACES = {
    "residential": ("TR-1", "LK-1-PUMP", "WM-1-HIGH"),
    "office-tower": ("TR-2", "WP-LOW", "WP-LOW"),
    "campus": ("PM-DORM-1", "SP-W-PUMP", "WM-E-LOW"),
}


@pytest.mark.parametrize("name", PLACES)
def test_each_incident_has_its_place_in_every_property_and_one_truth(name: str) -> None:
    plant = property_of(name)
    feeder, wet, riser = PLACES[name]
    places = {"mains-dip": feeder, "feeder-loss": feeder, "pump-room-flood": wet, "riser-drilled": riser}
    for incident, device in places.items():
        truth = befall(plant, incident, device)
        assert len(truth.devices) >= (2 if incident == "feeder-loss" else 3), incident
        assert truth.level == ("yellow" if incident == "feeder-loss" else "red"), incident
        assert truth.onset == MORNING < truth.until <= truth.felt_until
    assert len(plant.truths()) == len(INCIDENTS)


def test_a_dip_is_in_one_reading_of_each_meter_and_all_are_back_in_a_minute() -> None:
    plant = property_of("residential")
    truth = befall(plant, "mains-dip", "TR-1")
    meters = [name for name in truth.devices if name.startswith("PM-")]
    assert len(meters) == 12
    for meter in meters:
        polls = [channel(plant, meter, "u_a", after_s) for after_s in (-5.0, 0.0, 5.0)]
        assert [volts < 154.0 for volts in polls] == [False, True, False]
    pumps = [name for name in truth.devices if name.startswith("WP-")]
    assert len(pumps) == 6
    assert [channel(plant, pumps[0], "running", after_s) for after_s in (-1.0, 5.0, 20.0, 60.0)] == [1, 0, 1, 1]
    lifts = [name for name in truth.devices if name.startswith("EL-")]
    assert 0 < len(lifts) < 16  # the others stand at that moment
    for lift in lifts:
        assert channel(plant, lift, "speed", 5.0) < 0.01
        assert channel(plant, lift, "levelled", 25.0) == 1.0
    assert channel(plant, "UPS-1", "on_battery", 4.0) == 1.0
    assert channel(plant, "UPS-1", "on_battery", 10.0) == 0.0


def test_a_lost_feeder_silences_all_below_it_and_nobody_else() -> None:
    plant = property_of("residential")
    truth = befall(plant, "feeder-loss", "PM-1-LIFT")
    assert set(truth.devices) == {"PM-1-LIFT", "EL-1-1A", "EL-1-1B", "EL-1-2A", "EL-1-2B", "SP-1-LIFT"}
    silent = {name for name in plant.devices if np.isnan(plant.read(name, np.array([MORNING + 60.0]))).all()}
    assert silent == set(truth.devices)


def test_a_drilled_riser_is_seen_in_one_zone_and_at_its_meter_only() -> None:
    plant = property_of("residential")
    usual = {name: channel(plant, name, "flow", 120.0) for name in plant.devices if name.startswith("WM-")}
    truth = befall(plant, "riser-drilled", "WP-1-HIGH")
    assert set(truth.devices) == {"WP-1-HIGH", "WM-1-HIGH", "LK-1-WELL"}
    more = {name for name, flow in usual.items() if channel(plant, name, "flow", 120.0) > 1.5 * flow}
    assert more == {"WM-1-HIGH"}
    assert channel(plant, "WP-1-HIGH", "pressure", 120.0) < 0.88 * 1.05
    assert channel(plant, "LK-1-WELL", "wet", 120.0) == 1.0


def test_a_flooded_pump_room_takes_the_drives_an_hour_later() -> None:
    plant = property_of("residential")
    dry = channel(plant, "RM-1-PUMP", "humidity", 3600.0)
    befall(plant, "pump-room-flood", "WP-1-MID")
    assert channel(plant, "LK-1-PUMP", "wet", 60.0) == 1.0
    assert channel(plant, "RM-1-PUMP", "humidity", 3600.0) > dry + 8.0
    assert channel(plant, "SP-1-PUMP", "high", 3600.0) == 1.0
    assert channel(plant, "WP-1-LOW", "heatsink_temp", 3500.0) < 60.0
    assert channel(plant, "WP-1-LOW", "heatsink_temp", 9000.0) > 75.0
    assert channel(plant, "WP-3-LOW", "heatsink_temp", 9000.0) < 60.0


@pytest.mark.parametrize(
    ("incident", "device", "said"),
    [
        ("feeder-loss", "EL-1-1A", "feeder-loss needs a device that feeds others; EL-1-1A is no such device"),
        ("pump-room-flood", "EL-1-1A", "pump-room-flood needs a device in a pump room"),
        ("riser-drilled", "TR-1", "riser-drilled needs the pump set or the meter of a zone"),
    ],
)
def test_a_device_that_names_no_such_place(incident: str, device: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        befall(property_of("residential"), incident, device)
