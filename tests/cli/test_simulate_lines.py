"""`gateway simulate` on lines of every kind, for profiles without a plant of their own, and without a site."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from drivers.modbus import PLUGIN
from gateway.cli.main import app
from gateway.cli.property import served, simulated
from gateway.cli.screen import FAILED, WRONG_USE, Failed
from gateway.core.clock import ManualClock, SystemClock
from gateway.core.config import Config, load
from gateway.core.library import BUILT_IN, read_profiles
from gateway.core.plugins import discover
from tests import needs
from tests.cli import shop
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
TIME = 1_773_446_400.0
TANK = """
profile: tank
driver: modbus
points:
  - {name: level, unit: m, low: 0, high: 8, address: 0, table: input, type: u16, scale: 0.01}
  - {name: volume, unit: m³, low: 0, high: 500, address: 1, table: input, type: f32}
"""


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SECRET_DISPATCH_TOKEN", "a token of the tests")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A pump, and a tank whose profile is the site's own."""
    config = shop.write_site(tmp_path)
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "tank.yaml").write_text(TANK, "utf-8")
    pump = "profile: pump-set, on: pump-room, unit: 2"
    text = config.read_text("utf-8")
    assert pump in text
    config.write_text(text.replace(pump, pump.replace("pump-set", "tank")) + "profiles: [profiles]\n", "utf-8")
    return config


def on(site: Path, url: str, **settings: str) -> Config:
    """The site with its pump room elsewhere."""
    text = site.read_text("utf-8")
    before = next(part for part in text.split("'") if part.startswith("tcp://"))
    more = "".join(f", {key}: {value}" for key, value in settings.items())
    site.write_text(text.replace(f"'{before}'", f"'{url}'{more}"), "utf-8")
    loaded = load(site, plugins=discover(), need_secrets=False)
    assert loaded.config is not None, loaded.findings
    return loaded.config


async def values_of(config: Config, device: str, url: str) -> Any:
    """What the driver reads of a device of the site."""
    (written,) = (each for each in config.devices if each.id == device)
    at = PLUGIN.connection.model_validate({"driver": "modbus", "url": url, "timeout": "5s"})
    driver = PLUGIN.open("bus", at, [written], {written.profile: config.profiles[written.profile]}, ManualClock(TIME))
    batches = driver.batches()
    batch = await anext(batches)
    await batches.aclose()
    return batch.values


@contextmanager
def simulating(*arguments: str) -> Iterator[dict[str, Any]]:
    """The command at work; what it said when it was ready. It ends when it is told to."""
    command = [sys.executable, "-m", "gateway.cli.main", "simulate", *arguments]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE) as child:
        assert child.stdout
        said = child.stdout.readline()
        try:
            yield json.loads(said)
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(20)
    assert child.returncode == 0


def test_a_serial_port_is_a_terminal_for_as_long_as_it_is_served(site: Path, tmp_path: Path) -> None:
    port = tmp_path / "ttyPumps"
    config = on(site, f"rtu://{port}", baud="115200")
    with simulating(str(site), "--paced") as said:
        assert said == {"serving": 2, "broker": "none", "serial": {"pump-room": str(port.readlink())}}
        for device in config.devices:
            values = asyncio.run(values_of(config, device.id, f"rtu://{said['serial']['pump-room']}"))
            assert not np.isnan(values).any()
            np.testing.assert_array_equal(values.shape, len(config.profiles[device.profile].points))
    assert not port.is_symlink()


async def test_a_serial_line_behind_a_tcp_port(site: Path) -> None:
    url = f"rtu+tcp://127.0.0.1:{free_port()}"
    config = on(site, url)
    clock, plant = ManualClock(TIME), simulated(config, seed=7)
    async with served(plant, config, clock, 1.0) as found:
        assert found == ("none", {})
        for device in config.devices:
            truth = plant.read(device.id, np.array([TIME]))[0]
            np.testing.assert_allclose(await values_of(config, device.id, url), truth, atol=0.06)


@pytest.mark.parametrize(
    ("url", "settings", "said"),
    [
        ("tls://127.0.0.1:802", {}, "only the real equipment has its certificate; play it with --here"),
        (
            "tcp://192.0.2.7:502",
            {},
            "an address of this site is not on this machine .*; play the whole site here with --here",
        ),
        ("rtu:///dev/ttyNone", {"parity": "even"}, "a simulated serial port cannot; play it with --here"),
    ],
)
async def test_what_cannot_be_simulated_is_said(site: Path, url: str, settings: dict[str, str], said: str) -> None:
    config = on(site, url, **settings)
    with pytest.raises(Failed, match=said):
        async with served(simulated(config, seed=7), config, SystemClock(), 1.0):
            pass


async def test_what_another_driver_reads_is_not_served(site: Path) -> None:
    config = on(site, "tcp://127.0.0.1:1502")
    strange = config.connections["pump-room"].model_copy(update={"driver": "sysfs"})
    with pytest.raises(Failed, match="read over sysfs cannot be simulated, only those over modbus and mqtt"):
        async with served(
            simulated(config, seed=7), replace(config, connections={"pump-room": strange}), SystemClock(), 1.0
        ):
            pass


@pytest.mark.parametrize("url", ["tls://127.0.0.1:802", "rtu:///dev/ttyNone"])
def test_a_record_needs_no_line(site: Path, tmp_path: Path, url: str) -> None:
    on(site, url)
    command = ["simulate", str(site), "--record", str(tmp_path / "history.db"), "--days", "1", "--every", "1h"]
    assert CliRunner().invoke(app, command).exit_code == 0


def read_alone(said: dict[str, Any], profile: Any) -> Any:
    unit = {"id": "X-1", "profile": profile.profile, "on": "bus", "unit": said["unit"], "every": "1s"}
    at = PLUGIN.connection.model_validate({"driver": "modbus", "url": said["url"], "timeout": "5s"})
    driver = PLUGIN.open("bus", at, [PLUGIN.device.model_validate(unit)], {profile.profile: profile}, ManualClock(TIME))

    async def first() -> Any:
        batches = driver.batches()
        batch = await anext(batches)
        await batches.aclose()
        return batch.values

    values = asyncio.run(first())
    assert driver.counters()["exceptions"] == 0
    return values


def test_one_device_of_a_profile_without_a_site() -> None:
    profile = read_profiles([BUILT_IN], discover()).profiles["power-meter"]
    with simulating("--profile", "power-meter", "--port", "0", "--unit", "9") as said:
        assert said | {"url": ""} == {"serving": 1, "device": "power-meter", "url": "", "unit": 9}
        values = read_alone(said, profile)
    assert ((values >= profile.low) & (values <= profile.high)).all()


def test_one_device_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "new-tank.yaml"
    file.write_text(TANK, "utf-8")
    profile = read_profiles([tmp_path], discover()).profiles["tank"]
    with simulating("--profile", str(file), "--port", "0") as said:
        assert said["device"] == "tank"
        assert not np.isnan(read_alone(said, profile)).any()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "error: there is no profile nothing; there are "),
        ("nowhere/nothing.yaml", "error: there is no profile nowhere/nothing.yaml; there are "),
        ("elevator", "error: only Modbus devices can be served without a site, and elevator is read over mqtt"),
    ],
)
def test_a_profile_that_cannot_be_served(name: str, said: str) -> None:
    result = CliRunner().invoke(app, ["simulate", "--profile", name, "--lang", "en"])
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert result.stderr.startswith(said)


def test_a_profile_file_that_is_wrong_is_shown_with_a_caret(tmp_path: Path) -> None:
    file = tmp_path / "tank.yaml"
    file.write_text(TANK.replace("u16", "u61"), "utf-8")
    result = CliRunner().invoke(app, ["simulate", "--profile", str(file), "--lang", "en"])
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert f"{file}:5:" in result.stderr
    assert "^^^" in result.stderr


def test_a_record_is_of_a_site() -> None:
    command = ["simulate", "--profile", "power-meter", "--record", "history.db"]
    assert CliRunner().invoke(app, command).exit_code == WRONG_USE


SENSOR = """
profile: sensor
driver: mqtt
format: scalar
topic: "rooms/{device}/{point}"
points:
  - {name: temperature, unit: °C, low: -40, high: 90, scale: 0.1}
  - {name: door, map: {open: 1, closed: 0}}
"""


def with_sensor(site: Path) -> Config:
    """The site with a sensor whose points have topics of their own."""
    (site.parent / "profiles" / "sensor.yaml").write_text(SENSOR, "utf-8")
    at = f"{{driver: mqtt, url: 'mqtt://127.0.0.1:{free_port()}', username: u, password: !secret mqtt_password}}"
    text = site.read_text("utf-8").replace("connections: {", f"connections: {{broker: {at}, ")
    sensor = "  - {id: S-1, profile: sensor, on: broker, every: 5s}\n"
    site.write_text(text.replace("devices:\n", f"devices:\n{sensor}"), "utf-8")
    config = load(site, plugins=discover()).config
    assert config is not None
    return config


@pytest.mark.real
async def test_points_with_topics_of_their_own_over_a_real_broker(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs.program("mosquitto")
    monkeypatch.setenv("GATEWAY_SECRET_MQTT_PASSWORD", "a password of the tests")
    config, clock = with_sensor(site), SystemClock()
    plant, (device,) = simulated(config, seed=7), [each for each in config.devices if each.id == "S-1"]
    async with served(plant, config, clock, 1.0), asyncio.timeout(20):
        opened = discover().drivers["mqtt"].open
        driver = opened("broker", config.connections["broker"], [device], config.profiles, clock)
        batches, found = driver.batches(), np.full(2, np.nan)
        while np.isnan(found).any():
            batch = await anext(batches)
            found = np.where(np.isnan(batch.values), found, batch.values)
        await batches.aclose()
    truth = plant.read("S-1", np.array([batch.time]))[0]
    np.testing.assert_allclose(found, truth, atol=1.0)


async def test_a_collector_never_publishes_to_a_broker_elsewhere(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SECRET_MQTT_PASSWORD", "a password of the tests")
    config = with_sensor(site)
    real = config.connections["broker"].model_copy(update={"url": "mqtts://broker.example"})
    config = replace(config, connections={**config.connections, "broker": real})
    with pytest.raises(Failed, match=r"mqtts://broker.example\)?; play the whole site here with --here"):
        async with served(simulated(config, seed=7), config, SystemClock(), 1.0):
            pass
