"""`gateway probe`: against real servers; one sentence for what is wrong, JSON for scripts, golden screens.

`pytest tests/cli --update` redraws the golden screens in tests/cases/probe.
"""

import asyncio
import json
import re
import struct
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner, Result

from drivers.modbus.doctor.bedside import Bedside
from drivers.modbus.doctor.diagnosis import Expectations
from drivers.modbus.doctor.examination import Examination, Range, examination
from drivers.modbus.doctor.quantities import Expected
from drivers.modbus.doctor.scan import Seen
from drivers.modbus.settings import ModbusConnection
from gateway.cli.main import app
from gateway.cli.probe.fit_view import scan_lines
from gateway.cli.probe.view import screen
from gateway.cli.screen import FAILED, WRONG_USE
from gateway.core.clock import ManualClock
from gateway.core.library import read_profiles
from gateway.core.messages import Language
from gateway.core.plugins import discover
from tests.drivers.modbus_images import Bus, ServedUnit, acrel, at, em24, packed, sdm630, serving

PICTURES = Path(__file__).parents[1] / "cases" / "probe"
LINE = "192.168.1.20:502"


def mixed() -> ServedUnit:
    """A device with a text, bits, a wall, a hole, a value that is not there, and a word in another order."""
    text = struct.unpack(">8H", b"ACME-7 rev.B\0\0\0\0")
    holding = at(0, [*text, 0xFFFF, 512, *packed("f", 21.5, 48.2), *packed("f", 0.731, order="CDAB")]) | at(
        40, [3, 0, 0]
    )
    return ServedUnit({"holding": holding, "discrete": at(0, [1, 0, 0, 1, 1])}, walls=frozenset({10}))


DEVICES = {"sdm630": sdm630, "em24": em24, "acrel": acrel, "mixed": mixed}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A bus of four units in a thread of its own, because each command runs a loop of its own."""
    units = {number: make() for number, make in enumerate(DEVICES.values(), 1)}
    ready: list[int] = []
    loop, started, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def run() -> None:
        async with serving(Bus(units)) as number:
            ready.append(number)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    started.wait(10)
    yield ready[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


def run(*words: str) -> Result:
    return CliRunner(env={"LANG": "en_US.UTF-8"}).invoke(app, ["probe", *words])


def as_json(*words: str) -> dict[str, Any]:
    result = run(*words, "--json", "--samples", "1")
    assert (result.exit_code, result.stderr) == (0, "")
    return TypeAdapter(dict[str, Any]).validate_json(result.stdout)


async def of(name: str, wanted: Expectations) -> Examination:
    """What the doctor finds, with the time of an answer set to one that does not change."""
    ranges = [Range("input", 0, 80), Range("holding", 0, 80), Range("discrete", 0, 16), Range("coil", 0, 16)]
    async with serving(Bus({1: DEVICES[name]()})) as port:
        line = ModbusConnection.model_validate({"driver": "modbus", "url": f"tcp://127.0.0.1:{port}"})
        async with Bedside(line, 1, ManualClock(0.0)) as bedside:
            found = await examination(bedside, 1, ranges, 1, 1.0, wanted, lambda _: None)
    return replace(found, latency_s=0.0123)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("sdm630", {}),
        ("em24", {("input", 12): Expected.of("12.34")}),
        ("acrel", {}),
        ("mixed", {("holding", 14): None}),
    ],
)
async def test_screens(name: str, wanted: Expectations, language: Language, request: pytest.FixtureRequest) -> None:
    lines = screen(await of(name, wanted), LINE, wanted, language)
    picture = "".join(f"{line.plain.rstrip()}\n" for line in lines)
    golden = PICTURES / f"{name}-{language}.txt"
    if request.config.getoption("--update", default=False):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(picture, encoding="utf-8")
    assert picture == golden.read_text(encoding="utf-8")


def test_a_device_is_read_from_the_command_line(port: int) -> None:
    result = run(f"tcp://127.0.0.1:{port}/3", "--count", "70", "--every", "1ms", "--lang", "en")
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"unit 3 at 127.0.0.1:{port} answers in" in result.stdout
    assert "2301 × 0.1 = 230.1 V" in result.stdout
    assert "could be mains voltage with scale 0.1; as large as 21, 22" in result.stdout


def test_the_profile_of_the_report_is_one_that_check_accepts(port: int, tmp_path: Path) -> None:
    for unit in range(1, 5):
        report = as_json(f"tcp://127.0.0.1:{port}", "--unit", str(unit), "--count", "80")
        file = tmp_path / str(unit) / "probed.yaml"
        file.parent.mkdir()
        file.write_text(report["profile"])
        library = read_profiles([file.parent], discover())
        assert not [finding.show() for finding in library.findings]
        assert library.profiles["probed"].points


def test_the_report_for_machines(port: int) -> None:
    report = as_json(f"tcp://127.0.0.1:{port}/2", "--table", "input", "--count", "68", "--point", "input:0=230.1")
    assert set(report) == {
        *(
            "line",
            "unit",
            "latency_s",
            "requests",
            "samples",
            "tables",
            "mirrored",
            "order",
            "orders",
            "values",
            "bits",
        ),
        "profile",
    }
    assert (report["unit"], report["order"], report["samples"]) == (2, "CDAB", 1)
    (table,) = report["tables"]
    assert table == {
        "table": "input",
        "exists": True,
        "spans": [[0, 67]],
        "holes": [],
        "largest_block": 11,
        "limited": True,
        "walls": [],
        "pairs": False,
    }
    value, other, *_ = report["values"]
    assert value["readings"][0]["types"][0] == {"type": "s32", "order": "CDAB"}
    assert (value["readings"][0]["value"], value["scale"], value["unit"]) == (2301, 0.1, "V")
    assert (value["words"], value["manual"]) == ([["08FD", "0000"]], "30001")
    assert value["reasons"][0] == {"kind": "doctor_display_scaled", "text": "fits the display's 230.1 with scale 0.1"}
    assert len(value["readings"]) > 20  # the point asked for in every type and order
    assert len(other["readings"]) == 3


def test_a_point_alone_is_read_with_its_neighbours(port: int) -> None:
    report = as_json(f"tcp://127.0.0.1:{port}/3", "--point", "holding:0x20")
    assert [table["spans"] for table in report["tables"]] == [[[24, 37]]]


def test_a_scan_finds_the_units_and_what_they_could_be(port: int) -> None:
    report = as_json(f"tcp://127.0.0.1:{port}", "--scan", "1-9")
    assert report["asked"] == 9
    assert [(unit["unit"], unit["exception"]) for unit in report["units"]] == [(1, 3), (2, 0), (3, 2), (4, 0)]
    assert "power-meter" in report["units"][0]["profiles"]


def test_a_scan_on_a_screen() -> None:
    lines = scan_lines([(Seen(3, 0.0123, 0), ["power-meter"]), (Seen(14, 0.101, 2), [])], LINE, 247, "en")
    assert [line.plain for line in lines] == [
        f"2 of 247 units answer at {LINE}",
        "unit  latency  says         profile",
        "   3    12 ms  a value      power-meter",
        "  14   101 ms  exception 2",
    ]
    *_, last = scan_lines([(Seen(unit, 0.01, 0), []) for unit in range(1, 5)], LINE, 4, "en")
    assert last.plain == "every unit answers, so this is mostly one device that does not look at the unit"


def test_a_profile_is_held_against_a_device(port: int, tmp_path: Path) -> None:
    result = run(f"tcp://127.0.0.1:{port}/1", "--profile", "power-meter")
    assert result.exit_code == FAILED  # this one has no total energy
    assert re.search(r"^u_a +4365 [0-9A-F]{4} +229.81 V  fits$", result.stdout, re.MULTILINE)
    assert re.search(r"refused  no such address \(exception 2\)$", result.stdout, re.MULTILINE)
    assert re.search(r"\n\d+ of \d+ points fit power-meter\n$", result.stdout)
    points = "points: [{name: u, unit: V, table: input, address: 0, type: f32, low: 0, high: 500}]"
    file = tmp_path / "mine.yaml"
    file.write_text(f"profile: mine\ndriver: modbus\n{points}\n")
    result = run(f"tcp://127.0.0.1:{port}/1", "--profile", str(file), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["points"][0]["verdict"] == "fits"
    file.write_text(file.read_text().replace("high: 500", "high: 100"))
    result = run(f"tcp://127.0.0.1:{port}/1", "--profile", str(file))
    assert result.exit_code == FAILED
    assert "out of range  possible is 0 to 100" in result.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["mqtt://host"], "mqtt://host is no address of Modbus equipment; write tcp://"),
        (["tcp://host:99999"], "tcp://host:99999 is no address of Modbus equipment"),
        (["tcp://host/300"], "unit 300 is outside 1-247; a device with an address of its own also takes 0 or 255"),
        (["tcp://host/3", "--unit", "4"], "tcp://host/3 names unit 3, --unit names 4"),
        (["tcp://host", "--scan", "9-1"], "9-1 is no range of units; write 1-247 or less"),
        (["tcp://host", "--scan", "all"], "all is no range of units"),
        (["tcp://host", "--point", "register:3"], "register:3 is no point; write a table and an address from 0"),
        (["tcp://host", "--point", "holding:65536"], "holding:65536 is no point"),
        (["tcp://host", "--point", "holding:3=many"], "holding:3=many: many is no number"),
        (["tcp://host", "--point", "coil:3=1"], "coil:3=1: a bit needs no type"),
        (["tcp://host", "--point", "holding:300", "--count", "9"], "point holding:300 is not among the addresses"),
        (["tcp://host", "--from", "65500"], "addresses 65500-65624 go beyond 65535"),
        (["tcp://host", "--timeout", "3"], "3 is not a duration"),
        (["tcp://host", "--every", "often"], "often is not a duration"),
        (["tcp://host", "--baud", "9600"], "baud is for serial ports, and tcp://host is none"),
        (["tls://host", "--ca", "/no/such/file"], "--ca: there is no such file"),
        (["tcp://host", "--profile", "toaster"], "there is no Modbus profile toaster; there are "),
        (["tcp://host", "--profile", "no/such.yaml"], "there is no file no/such.yaml"),
    ],
)
def test_wrong_use_is_one_sentence(words: list[str], sentence: str) -> None:
    result = run(*words)
    assert result.exit_code == WRONG_USE
    assert result.stderr.removeprefix("error: ").startswith(sentence)
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_nobody_there_is_one_sentence_with_the_reason(port: int) -> None:
    result = run(f"tcp://127.0.0.1:{port}/9")
    assert result.exit_code == FAILED
    assert result.stderr == (
        f"error: unit 9 at 127.0.0.1:{port} cannot be read: device behind the gateway does not answer (exception 11)\n"
    )
    result = run(f"tcp://127.0.0.1:{port}", "--scan", "9-12", "--lang", "zh")
    assert (result.exit_code, result.stderr) == (FAILED, f"错误: 127.0.0.1:{port} 上 9-12 号单元都没有应答\n")
    result = run(f"tcp://127.0.0.1:{port}/3", "--table", "coil")
    assert result.exit_code == FAILED
    assert "answers, but lets none of these addresses be read" in result.stderr
    result = run("rtu:///no/such/port", "--unit", "3")
    assert (result.exit_code, "there is no such port" in result.stderr) == (FAILED, True)


def test_a_profile_with_errors_is_not_tried(port: int, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("profile: bad\ndriver: modbus\npoints: []\n")
    result = run(f"tcp://127.0.0.1:{port}/1", "--profile", str(tmp_path / "bad.yaml"))
    assert result.exit_code == FAILED
    assert "is no Modbus profile without errors; gateway check says what is wrong" in result.stderr
