"""`gateway run` and `gateway simulate` where they cannot begin; and what the command line must not load."""

import json
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from gateway.cli import past
from gateway.cli.faults import read_fault
from gateway.cli.main import app
from gateway.cli.property import served, simulated
from gateway.cli.screen import FAILED, WRONG_USE, Failed
from gateway.core.clock import SystemClock
from gateway.core.config import Config, load
from gateway.core.plugins import discover
from gateway.delivery.store import Store
from simulators import broker
from tests.cli import shop
from tests.ports import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SECRET_DISPATCH_TOKEN", "a token of the tests")
    monkeypatch.setenv("GATEWAY_SECRET_MQTT_PASSWORD", "a password of the tests")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return shop.write_site(tmp_path)


def config_of(site: Path) -> Config:
    config = load(site, plugins=discover()).config
    assert config is not None
    return config


def test_two_daemons_do_not_share_a_state(site: Path) -> None:
    with closing(Store(site.parent / "var")):
        result = CliRunner().invoke(app, ["run", "-c", str(site)])
    assert result.exit_code == FAILED
    assert result.stderr.endswith(f"error: another gateway uses the state folder {site.parent / 'var'}\n")


def test_a_state_folder_that_cannot_be(site: Path) -> None:
    (site.parent / "var").write_text("a file", "utf-8")
    result = CliRunner().invoke(app, ["run", "-c", str(site), "--lang", "zh"])
    assert result.exit_code == FAILED
    assert "错误: 无法使用状态目录：" in result.stderr


@pytest.mark.parametrize("command", ["run", "simulate"])
def test_a_clock_that_makes_no_sense_is_wrong_use(command: str) -> None:
    assert CliRunner().invoke(app, [command, "--clock", "1,2"]).exit_code == WRONG_USE


def test_simulated_devices_serve_until_stopped(site: Path) -> None:
    command = [sys.executable, "-m", "gateway.cli.main", "simulate", str(site), "--faults"]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdin
        assert child.stdout
        assert json.loads(child.stdout.readline()) == {"serving": 2, "broker": "none"}
        child.stdin.write('{"fault": "dry-run", "device": "P-1", "severity": 0.7, "duration_s": 900}\nnonsense\n')
        child.stdin.flush()
        assert json.loads(child.stdout.readline())["shown"].keys() == {"red"}
        child.send_signal(signal.SIGTERM)
        _, err = child.communicate(timeout=20)
    assert child.returncode == 0
    assert err.startswith("error: not a fault: ")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hello", "a line must be one JSON object"),
        ("[]", "a line must be one JSON object"),
        ("{}", "fault: "),
        (
            '{"fault": "dry-rum", "device": "P-1"}',
            "there is no dry-rum; did you mean dry-run?",
        ),
        ('{"fault": "earthquake", "device": "P-1"}', "there is no earthquake; gateway simulate --list-faults names"),
        ('{"fault": "dry-run", "device": "P-99"}', "there is no P-99; there are P-1"),
        ('{"fault": "dry-run", "device": "X"}', "there is no X; there are P-1"),
        ('{"fault": "dry-run", "device": "P-1", "severity": "x"}', "severity: "),
        ('{"fault": "dry-run", "device": "P-1", "durations": 3}', "there is no durations; there are fault, device"),
        ('{"fault": "dry-run", "device": "P-1", "duration_s": 1e999}', "onset and duration_s must be numbers"),
        ('{"fault": "dry-run", "device": "P-1", "onset": -1800}', "it would be over already"),
        ('{"fault": "dry-run", "device": "P-1", "onset": 3600}', "its onset lies after the end of the record"),
    ],
)
def test_a_line_that_is_no_fault_is_answered_with_one_sentence(site: Path, line: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        read_fault(line.encode(), simulated(config_of(site), seed=7), 0.0, ZoneInfo("UTC"), until=3600.0)


def test_a_record_is_written_whole_or_not_at_all(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "history.db"
    command = ["simulate", str(site), "--record", str(file), "--days", "1", "--every", "1h"]

    def broken_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as ctrl_c:
        ctrl_c.setattr(past, "_readings", broken_off)
        assert CliRunner().invoke(app, command).exit_code == 130
    assert not list(tmp_path.glob("history.db*"))
    assert CliRunner().invoke(app, command).exit_code == 0
    assert {each.name for each in tmp_path.glob("history.db*")} == {"history.db", "history.db.truth.json"}
    assert "is there already" in CliRunner().invoke(app, command).stderr
    assert "there is no folder" in CliRunner().invoke(app, [*command[:3], str(tmp_path / "no" / "x")]).stderr


def test_a_port_that_is_taken(site: Path) -> None:
    port = config_of(site).connections["pump-room"].model_dump()["url"].rpartition(":")[2]
    with socket.create_server(("127.0.0.1", int(port))):
        result = CliRunner().invoke(app, ["simulate", str(site)])
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert result.stderr.startswith("error: a port cannot be opened: ")
    assert port in result.stderr


async def test_a_machine_without_a_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "_mosquitto", lambda: None)
    monkeypatch.setattr(broker, "find_spec", lambda _: None)
    with pytest.raises(Failed, match="no MQTT broker on this machine"):
        await _serve(_with_elevator(tmp_path))


async def test_a_broker_whose_port_is_taken(tmp_path: Path) -> None:
    config = _with_elevator(tmp_path)
    port = config.connections["broker"].model_dump()["url"].rpartition(":")[2]
    with (
        socket.create_server(("127.0.0.1", int(port))),
        pytest.raises(Failed, match="the MQTT broker does not start: something else listens"),
    ):
        await _serve(config)


def test_asking_for_help_or_status_does_not_load_servers_and_clients() -> None:
    heavy = ["influxdb_client", "aiohttp", "sklearn", "gateway.app.daemon"]
    every = "import sys; from gateway.cli.reference.commands import commands; list(commands())"
    code = f"{every}; print(*(set({heavy!r}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""


def _with_elevator(folder: Path) -> Config:
    site = shop.write_site(folder)
    site.write_text(
        site.read_text("utf-8")
        .replace("devices:\n", "devices:\n  - {id: EL-1, profile: elevator, on: broker, topic: site/EL-1}\n")
        .replace(
            "connections: {",
            f"connections: {{broker: {{driver: mqtt, url: 'mqtt://127.0.0.1:{free_port()}', username: gateway,"
            " password: !secret mqtt_password}, ",
        ),
        "utf-8",
    )
    return config_of(site)


async def _serve(config: Config) -> None:
    async with served(simulated(config, seed=1), config, SystemClock(), 1.0):
        pass
