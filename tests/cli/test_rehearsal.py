"""`gateway simulate SITE --here`: what it writes, and that a daemon finds every device good by it."""

import json
import socket
import subprocess
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from drivers.device import Connection, Device, DriverPlugin, Profile
from gateway.cli.local import Pages
from gateway.cli.main import app
from gateway.cli.rehearsal import prepare
from gateway.cli.rehearsal_text import MARK, changes, rewritten
from gateway.cli.screen import FAILED, WRONG_USE, Failed
from gateway.core import yamlfile
from gateway.core.plugins import Plugins, discover
from tests import needs
from tests.cli import shop
from tests.cli.rehearsed import PROGRAM, health, running, without_secrets
from tests.ports import free_port

SITE = """\
# A real one: nothing of it is on this machine.
site: {id: tower, name: 高楼, timezone: Asia/Shanghai, language: en}

connections:
  pump-room: {driver: modbus, url: "tcp://192.168.10.20:502", timeout: 5s}  # one host
  meters:
    driver: modbus
    url: rtu:///dev/serial/by-id/usb-FTDI-if00   # by-id
    parity: even
    timeout: 5s
  riser: {driver: modbus, url: 'tls://10.0.0.9', ca: ca.pem, certificate: gw.pem, key: gw.key}
  serial-server: {driver: modbus, url: "rtu+tcp://10.0.0.8:4001", baud: 19200, timeout: 5s}
  broker:
    ca: ca.pem
    driver: mqtt
    url: "mqtts://broker.tower.example"
    username: gateway
    password: !secret mqtt_password   # not here

devices:
  - {id: P-1, profile: pump-set, on: pump-room, every: 1s, ratings: {rated_power: 7.5, set_pressure: 0.45}}
  - {id: M-1, profile: eastron-sdm630, on: meters, unit: 3, every: 1s}
  - {id: M-2, profile: power-meter, on: riser, every: 1s}
  - {id: TH-1, profile: xy-md02, on: serial-server, every: 1s}
  - {id: EL-1, profile: elevator, on: broker, topic: site/EL-1, every: 1s}

dispatch: {url: "https://dispatch.tower.example/api", token: !secret dispatch_token}
history:
  local: {keep: 30d}
  influxdb:  # a copy of everything
    url: "http://influx.tower.example:8086"
    bucket: tower
  # the end
web: {bind: "127.0.0.1:BIND"}
"""

HERE = """\
# A real one: nothing of it is on this machine.
state: "S"
site: {id: tower, name: 高楼, timezone: Asia/Shanghai, language: en}

connections:
  pump-room: {driver: modbus, url: "tcp://127.0.0.1:1", timeout: 5s}  # one host
  meters:
    driver: modbus
    url: "rtu:///here/tty"   # by-id
    timeout: 5s
  riser: {driver: modbus, url: "tcp://127.0.0.1:2"}
  serial-server: {driver: modbus, url: "rtu+tcp://127.0.0.1:3", baud: 19200, timeout: 5s}
  broker:
    driver: mqtt
    url: "mqtt://127.0.0.1:4"

devices:
  - {id: P-1, profile: pump-set, on: pump-room, every: 1s, ratings: {rated_power: 7.5, set_pressure: 0.45}}
  - {id: M-1, profile: eastron-sdm630, on: meters, unit: 3, every: 1s}
  - {id: M-2, profile: power-meter, on: riser, every: 1s}
  - {id: TH-1, profile: xy-md02, on: serial-server, every: 1s}
  - {id: EL-1, profile: elevator, on: broker, topic: site/EL-1, every: 1s}

dispatch: {url: "http://127.0.0.1:5"}
history:
  local: {keep: 30d}
  # the end
web: {bind: "127.0.0.1:BIND"}
"""

URLS = {
    "pump-room": "tcp://127.0.0.1:1",
    "meters": "rtu:///here/tty",
    "riser": "tcp://127.0.0.1:2",
    "serial-server": "rtu+tcp://127.0.0.1:3",
    "broker": "mqtt://127.0.0.1:4",
}


def rewrite(text: str, urls: dict[str, str]) -> str:
    document = yamlfile.parse(text)
    assert not document.problems
    return rewritten(document, changes(document.data, urls, "http://127.0.0.1:5", "S"))


def test_only_addresses_and_what_hangs_on_them_change() -> None:
    assert rewrite(SITE, URLS) == HERE


IN_BRACES = """\
{connections: {b: {ca: x, key: y, driver: mqtt, url: u}}, history: {influxdb: {url: v, bucket: w}}, dispatch: {url: d}}
"""
IN_BRACES_HERE = """\
{state: "S", connections: {b: {driver: mqtt, url: "U"}}, dispatch: {url: "http://127.0.0.1:5"}}
"""
MIXED = """\
state: /var/lib/g
connections:
  b: {driver: mqtt,
    url: u,
    password: !secret p}
dispatch:
  url: d
  token: !secret t"""
MIXED_HERE = """\
state: "S"
connections:
  b: {driver: mqtt,
    url: "U"}
dispatch:
  url: "http://127.0.0.1:5"
"""
FOLDED = """\
connections:
  b:
    driver: mqtt
    url: >-
      u
    key: >-
      k

dispatch: {url: d}
history:
  influxdb:
    bucket: w
"""
FOLDED_HERE = """\
state: "S"
connections:
  b:
    driver: mqtt
    url: "U"

dispatch: {url: "http://127.0.0.1:5"}
"""


@pytest.mark.parametrize(("text", "here"), [(IN_BRACES, IN_BRACES_HERE), (MIXED, MIXED_HERE), (FOLDED, FOLDED_HERE)])
def test_every_way_of_writing_it(text: str, here: str) -> None:
    assert rewrite(text, {"b": "U"}) == here


def test_what_cannot_be_rewritten_with_certainty_is_not() -> None:
    with pytest.raises(Failed, match="cannot be rewritten with certainty"):
        rewrite(
            "? connections\n: b:\n    ? driver\n    : mqtt\n    ? key\n    : k\n    ? url\n    : u\ndispatch: {url: d}",
            {"b": "U"},
        )


@pytest.mark.real
def test_a_site_of_every_kind_of_line_is_good_on_this_machine(tmp_path: Path) -> None:
    needs.program("mosquitto")
    bind = f"127.0.0.1:{free_port()}"
    (tmp_path / "site").mkdir()
    (tmp_path / "site/config.yaml").write_text(SITE.replace("127.0.0.1:BIND", bind), "utf-8")
    with running(["simulate", "site/config.yaml", "--here", "--paced"], tmp_path) as simulated:
        assert simulated.stdout
        said = json.loads(simulated.stdout.readline())
        assert said | {"dispatch": "", "serial": {}} == {
            "serving": 5,
            "broker": "mosquitto",
            "serial": {},
            "config": "site/config.here.yaml",
            "dispatch": "",
        }
        assert (tmp_path / "site/config.here/tty-meters").readlink() == Path(said["serial"]["meters"])
        checked = [*PROGRAM, "check", "-c", said["config"]]
        subprocess.run(checked, cwd=tmp_path, env=without_secrets(), check=True, capture_output=True)
        with running(["run", "-c", said["config"]], tmp_path) as daemon:
            found = health(Pages(bind, tmp_path / "site/config.here/state"), daemon)
        with socket.create_connection(("127.0.0.1", int(said["dispatch"].rpartition(":")[2]))):
            pass  # tickets go to somebody on this machine
    assert found == dict.fromkeys(["P-1", "M-1", "M-2", "TH-1", "EL-1"], ("good", ""))
    assert not (tmp_path / "site/var").exists()


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["simulate", *arguments])
    assert (result.exit_code, result.stdout) == (FAILED, "")
    return result.stderr


def test_a_file_of_somebody_else_is_not_written_over(tmp_path: Path) -> None:
    site = shop.write_site(tmp_path, language="zh")
    here = tmp_path / "config.here.yaml"
    here.write_text("mine: true\n", "utf-8")
    assert refused(str(site), "--here") == f"错误: {here} 不是由本命令写成的；请先把它移走\n"
    assert here.read_text("utf-8") == "mine: true\n"


def test_a_site_that_is_wrong_is_not_rehearsed(tmp_path: Path) -> None:
    site = shop.write_site(tmp_path)
    site.write_text(site.read_text("utf-8").replace("pump-set", "pump-sett"), "utf-8")
    assert "there is no profile pump-sett" in refused(str(site), "--here", "--lang", "en")
    assert not (tmp_path / "config.here.yaml").exists()


def test_a_line_of_another_driver_could_only_be_the_real_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = shop.write_site(tmp_path)
    text = site.read_text("utf-8").replace("connections: {", "connections: {here: {driver: sysfs}, ")
    site.write_text(text, "utf-8")
    modbus = discover().drivers["modbus"]
    sysfs = DriverPlugin("sysfs", Profile, Device, Connection, modbus.open)
    with pytest.raises(typer.Exit):
        prepare(site, Plugins({"modbus": modbus, "sysfs": sysfs, "mqtt": discover().drivers["mqtt"]}, {}), "en")
    assert "read over sysfs cannot be simulated" in capsys.readouterr().err
    assert not (tmp_path / "config.here.yaml").exists()


def test_what_makes_no_sense_together(tmp_path: Path) -> None:
    site = str(shop.write_site(tmp_path))
    for more in (["--record", str(tmp_path / "history.db")], ["--profile", "power-meter"]):
        assert CliRunner().invoke(app, ["simulate", site, "--here", *more]).exit_code == WRONG_USE
    assert not (tmp_path / "config.here.yaml").exists()


def test_a_line_that_cannot_be_played_is_said_before_anything_listens(tmp_path: Path) -> None:
    site = shop.write_site(tmp_path)
    (tmp_path / "config.here.yaml").write_text(f"{MARK}an older one\n", "utf-8")
    (tmp_path / "config.here").write_text("a file where a folder is needed", "utf-8")
    assert refused(str(site), "--here").startswith(f"error: {tmp_path / 'config.here.yaml'} cannot be written: ")
