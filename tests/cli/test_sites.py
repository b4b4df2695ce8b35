"""The properties that are shipped: each is right, lives by its use, and measures nothing impossible."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gateway.cli.property import simulated
from gateway.core.config import Config, load
from gateway.core.plugins import discover
from gateway.core.settings import Site

SITES = Path(__file__).parents[2] / "simulators/sites"
NAMES = ("residential", "office-tower", "campus")
MONDAY = 1_772_380_800.0  # 2026-03-02 00:00 in Shanghai
HOUR_S = 3600.0


def config_of(name: str) -> Config:
    loaded = load(SITES / f"{name}.yaml", plugins=discover())
    assert not loaded.findings, [str(finding) for finding in loaded.findings]
    assert loaded.config
    return loaded.config


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_site_is_right_and_a_day_of_it_is_possible(name: str) -> None:
    config = config_of(name)
    plant = simulated(config, seed=7)
    assert len(plant.devices) >= 38
    times = np.arange(MONDAY, MONDAY + 24 * HOUR_S, 60.0)
    for device_id, device in plant.devices.items():
        values = plant.read(device_id, times)
        assert ((values >= device.profile.low) & (values <= device.profile.high)).all(), device_id


def test_no_two_sites_want_the_same_port_or_folder() -> None:
    configs = [config_of(name) for name in NAMES]
    urls = [str(dict(wire)["url"]) for config in configs for wire in config.connections.values()]
    urls += [str(config.dispatch.url) for config in configs] + [f"//{config.web.bind}" for config in configs]
    ports = [url.rpartition(":")[2].rstrip("/") for url in urls]
    assert len(set(ports)) == len(ports)
    assert len({config.state_folder.resolve() for config in configs}) == len(configs)


@pytest.mark.parametrize(
    ("name", "pump", "at_weekend"), [("residential", "WP-1-LOW", 1.08), ("office-tower", "WP-LOW", 0.3)]
)
def test_a_site_lives_by_its_use(name: str, pump: str, at_weekend: float) -> None:
    plant = simulated(config_of(name), seed=7)
    flow = plant.devices[pump].profile.names.index("flow")
    tuesday, sunday = (
        float(plant.read(pump, MONDAY + day * 24 * HOUR_S + np.arange(0.0, 24 * HOUR_S, 60.0))[:, flow].mean())
        for day in (1, 6)
    )
    assert sunday / tuesday == pytest.approx(at_weekend, rel=0.25)


def test_the_building_wakes_by_the_clock_of_its_site() -> None:
    here = config_of("residential")
    berlin = replace(here, site=Site(id="b", name="B", timezone="Europe/Berlin"))
    times = np.arange(MONDAY + 2 * HOUR_S, MONDAY + 5 * HOUR_S, 10.0)  # night in Shanghai, evening in Berlin
    sleeps = [bool((simulated(site, seed=7).read("WP-1-LOW", times)[:, 0] == 0.0).any()) for site in (here, berlin)]
    assert sleeps == [True, False]
