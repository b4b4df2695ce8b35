"""The shipped properties on real sockets: a daemon finds every device good, and at 3,600x the drivers hear them all."""

import asyncio
import json
import re
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drivers.device import Driver
from drivers.mqtt import MqttProfile
from gateway.cli.local import Pages
from gateway.cli.property import served, simulated
from gateway.cli.rehearsal import prepare
from gateway.core.clock import ScaledClock, SystemClock
from gateway.core.config import Config
from gateway.core.plugins import discover
from tests.cli.rehearsed import ROOT, health, running
from tests.ports import free_port

SITES = ROOT / "simulators/sites"
MORNING = 1_772_413_200.0  # 2026-03-02 09:00 in Shanghai
FAST = 3600.0
TWO_DAYS_S = 172_800.0


def copied(name: str, folder: Path) -> str:
    """A copy of a shipped site in a folder of its own, with a page at the address that is returned."""
    bind = f"127.0.0.1:{free_port()}"
    text = (SITES / f"{name}.yaml").read_text("utf-8")
    text = text.replace("../../rules/packs", str(ROOT / "rules/packs"))
    (folder / "site.yaml").write_text(re.sub(r"web: .*", f'web: {{bind: "{bind}"}}', text), "utf-8")
    return bind


@pytest.mark.real
def test_a_daemon_finds_every_device_of_a_site_good(tmp_path: Path) -> None:
    bind = copied("residential", tmp_path)
    with running(["simulate", "site.yaml", "--here"], tmp_path) as simulating:
        assert simulating.stdout
        said = json.loads(simulating.stdout.readline())
        with running(["run", "-c", said["config"]], tmp_path) as daemon:
            found = health(Pages(bind, tmp_path / "site.here/state"), daemon)
    assert len(found) == said["serving"] >= 60
    assert {name: state for name, state in found.items() if state != ("good", "")} == {}


def slowed(config: Config) -> Config:
    """Asked once an hour of its fast time: more a broker of a laptop does not carry. Its stamps may be old by then."""
    profiles = {
        name: profile.model_copy(
            update={"stamp_window": profile.stamp_window.model_copy(update={"past": TWO_DAYS_S, "future": TWO_DAYS_S})}
        )
        if isinstance(profile, MqttProfile)
        else profile
        for name, profile in config.profiles.items()
    }
    devices = tuple(device.model_copy(update={"every": 3600.0}) for device in config.devices)
    return replace(config, profiles=profiles, devices=devices)


@pytest.mark.real
@pytest.mark.parametrize("name", ["residential", "office-tower", "campus"])
async def test_every_device_is_heard_at_any_speed(tmp_path: Path, name: str) -> None:
    copied(name, tmp_path)
    config = slowed(prepare(tmp_path / "site.yaml", discover(), "en").config)
    clock = ScaledClock(MORNING, SystemClock().now(), FAST)
    plant = simulated(config, seed=7)
    heard: dict[str, float] = {}

    async def hear(driver: Driver, expected: int) -> None:
        mine: set[str] = set()
        async with aclosing(driver.batches()) as batches:
            async for batch in batches:
                if not np.isnan(batch.values).all():
                    heard[batch.device] = batch.time
                    mine.add(batch.device)
                if len(mine) == expected:
                    return

    async with served(plant, config, clock, FAST), asyncio.timeout(50), asyncio.TaskGroup() as group:
        for wire, connection in config.connections.items():
            devices = [device for device in config.devices if device.on == wire]
            opened = discover().drivers[connection.driver].open(wire, connection, devices, config.profiles, clock)
            group.create_task(hear(opened, len(devices)))
    assert heard.keys() == plant.devices.keys()
    assert all(moment > MORNING for moment in heard.values())
