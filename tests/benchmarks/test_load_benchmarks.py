"""The load benchmarks run, at a size that says nothing about speed."""

import asyncio
import json
import struct
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.figures import Figure, Goal, Result, ratio
from benchmarks.memory import MemoryLoad, memory
from benchmarks.plain_poller import Poller
from benchmarks.polling import PollingLoad, polling
from benchmarks.programs import NotMeasured, allow_sockets, equipment, last_line
from benchmarks.site import RULES, SiteLoad, write_site
from benchmarks.window import Window
from gateway.cli.main import app
from gateway.core.config import load
from gateway.core.plugins import discover


def test_the_written_site_is_a_good_site(tmp_path: Path) -> None:
    loaded = load(write_site(tmp_path, SiteLoad(5, 7), [15000, 15001], 18999), plugins=discover())
    assert loaded.findings == ()
    assert loaded.config is not None
    (fleet,) = loaded.config.fleets
    assert (len(fleet.devices), len(fleet.profile.points)) == (5, 7)
    assert len(loaded.config.rules_for("bench")) == RULES
    assert len(loaded.config.connections) == 5


async def test_the_equipment_answers_fc3_and_hangs_up_on_anything_else() -> None:
    with equipment() as ports:
        reader, writer = await asyncio.open_connection("127.0.0.1", ports[0])
        question = struct.pack(">HHHBBHH", 7, 0, 6, 1, 3, 0, 20)
        writer.write(question[:5])
        await writer.drain()
        writer.write(question[5:] + question)
        for _ in range(2):
            head = await reader.readexactly(9)
            assert head == struct.pack(">HHHBBB", 7, 0, 43, 1, 3, 40)
            values = struct.unpack(">10f", await reader.readexactly(40))
            assert all(30.0 < value < 70.0 for value in values)
        writer.write(struct.pack(">HHHBBHH", 8, 0, 6, 1, 6, 0, 20))
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


def test_polling_measures_both_and_profiles() -> None:
    result = polling(
        PollingLoad(devices=4, points=3, seconds=1.0, rounds=1, warm_up_s=0.2, profile=True), lambda _: None
    )
    figures = {figure.name: figure.middle for figure in result.figures}
    assert figures["gateway: failed polls"] == 0
    assert 0 < figures["gateway: CPU per request"] < 1e6
    assert 0 < figures["pymodbus: CPU per request"] < 1e6
    assert any("decode" in line for line in result.costs)


def test_memory_watches_a_real_daemon() -> None:
    result = memory(MemoryLoad(devices=3, points=2, seconds=4.0), lambda _: None)
    ours, plain, _ = result.figures
    assert 10 < plain.low <= plain.high < 1000
    assert 10 < ours.low <= ours.high < 1000


def test_a_poller_counts_what_failed() -> None:
    poller = Poller(points=2, every_s=1.0, requests=5, failed=2)
    assert poller.tally().readings == 6


def test_a_window_reads_what_it_wrote() -> None:
    window = Window(2.0, 1.0, 1000, 0, 0, 50_000)
    assert Window.of(window.show()) == window
    assert (window.core_share, window.request_us, window.reading_us, window.rate) == (50.0, 1000.0, 20.0, 500.0)


def test_ratios_go_round_by_round() -> None:
    figure = ratio("a over b", [2.0, 9.0, 4.0], [1.0, 3.0, 4.0])
    assert (figure.low, figure.middle, figure.high) == (1.0, 2.0, 3.0)


def test_results_are_json() -> None:
    result = Result("x", "much", (Figure("a", "us", (1.0, 2.0)),), (Goal("fast", met=True),), ("1 %",))
    assert json.loads(json.dumps(result.json()))["figures"][0]["median"] == 1.5


def test_too_many_devices_are_refused_with_a_sentence() -> None:
    with pytest.raises(NotMeasured, match="use fewer --devices"):
        allow_sockets(1 << 40)


def test_a_program_that_fails_says_why() -> None:
    with pytest.raises(NotMeasured, match="no such file"):
        last_line([sys.executable, "-m", "benchmarks.product", "/nowhere/config.yaml", "0", "1"], 50.0)


def test_the_command_prints_and_writes_the_same(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    arguments = ["bench", "rules", "--devices", "20", "--points", "3", "--rounds", "1", "--json", str(file)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "20 devices x 3 rules" in done.output
    assert "load average" in done.output
    report = json.loads(file.read_text())
    assert report["results"][0]["name"] == "rules"
    assert report["before"]["cores"]
