"""The benchmarks of the drivers run, at a size that says nothing about speed."""

import asyncio
import json
import struct
import sys
from importlib.util import find_spec

import pytest

from benchmarks.figures import Result
from benchmarks.programs import PORTS, NotMeasured, equipment, last_line, serving
from benchmarks.wires.bus import ANSWER_S, BusLoad, bus
from benchmarks.wires.driver_rate import DriverLoad, driver_rate
from benchmarks.wires.lateness import LatenessLoad, Punctuality, lateness
from benchmarks.wires.mqtt_rate import MqttLoad, mqtt_rate
from benchmarks.wires.plain_client import built, run
from benchmarks.wires.publisher import packets
from benchmarks.wires.punctuality import Diary
from benchmarks.wires.saturation import SaturationLoad, saturation
from tests import needs


def middles(result: Result) -> dict[str, float]:
    return {figure.name: figure.middle for figure in result.figures}


def test_the_driver_is_measured_beside_pymodbus() -> None:
    result = driver_rate(
        DriverLoad(devices=3, points=4, seconds=0.5, rounds=1, warm_up_s=0.1, profile=True), lambda _: None
    )
    figures = middles(result)
    assert figures["driver: requests"] > 0
    assert figures["pymodbus: requests"] > 0
    expected = figures["pymodbus: CPU per request"] / figures["driver: CPU per request"]
    assert figures["CPU per request: pymodbus over ours"] == pytest.approx(expected)
    assert len(result.goals) == 3
    assert result.goals[0].met
    assert any("decode" in line for line in result.costs)


def test_the_whole_path_is_measured_beside_c() -> None:
    result = saturation(SaturationLoad(devices=3, points=4, seconds=1.5, rounds=1, warm_up_s=0.1), lambda _: None)
    figures = middles(result)
    assert figures["whole path: readings"] > 0
    assert result.goals[0].met
    if "in C" in result.load or "beside it libmodbus" in result.load:
        assert figures["C: readings"] > 0


def test_lateness_is_measured_with_none_one_and_half_dead() -> None:
    result = lateness(LatenessLoad(devices=4, points=2, seconds=1.5, rounds=1, warm_up_s=0.5), lambda _: None)
    figures = middles(result)
    polls = [figures[f"{dead} dead: polls of the others"] for dead in (0, 1, 2)]
    assert polls[0] > polls[2] >= 2
    assert "late (p99): 2 dead over none dead" in figures
    assert len(result.goals) == 6


def test_a_bus_is_measured_with_and_without_dead_units() -> None:
    result = bus(BusLoad(devices=2, points=1, seconds=1.0, rounds=1, warm_up_s=3.0), lambda _: None)
    figures = middles(result)
    assert figures["2 units, none dead: cycle (mean)"] >= 1e3 * ANSWER_S
    assert figures["1 units, none dead: cycle (mean)"] > 0
    assert "extra per cycle (mean)" in figures
    assert len(result.goals) == 2


def test_messages_are_measured_up_to_the_board() -> None:
    result = mqtt_rate(
        MqttLoad(devices=3, points=4, seconds=0.5, rounds=1, warm_up_s=0.1, profile=True), lambda _: None
    )
    assert middles(result)["ours: messages"] > 0
    assert ("pip install aiomqtt" in result.load) == (find_spec("aiomqtt") is None)
    assert len(result.goals) == (find_spec("aiomqtt") is not None)
    assert any("parse" in line for line in result.costs)


def test_the_client_in_c_asks_and_counts() -> None:
    needs.program("cc")
    with equipment() as ports, built() as program:
        assert program is not None
        who, window = run(program, ports, 3, 5, 0.2)
    assert who in {"sockets", "libmodbus"}
    assert window.readings == 5 * window.requests > 0
    assert 0 < window.cpu_s < window.wall_s


async def test_silent_ports_accept_and_say_nothing() -> None:
    with equipment(silent=1) as ports:
        assert len(ports) == PORTS + 1
        reader, writer = await asyncio.open_connection("127.0.0.1", ports[-1])
        writer.write(struct.pack(">HHHBBHH", 7, 0, 6, 1, 3, 0, 20))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        writer.close()
        await writer.wait_closed()


async def test_a_diary_notes_when_somebody_was_woken() -> None:
    diary = Diary()
    await diary.sleep(0.01)
    (late_s,) = diary.late_s
    assert late_s > -0.001
    assert diary.due <= diary.now()


def test_punctuality_reads_what_it_wrote() -> None:
    seen = Punctuality(5, 0, 0.1, 0.2, 0.3, 0.4)
    assert Punctuality.of(seen.show()) == seen


def test_packets_are_publishes_that_hold_every_point() -> None:
    first = packets(3, 20)[0]
    assert first[0] == 0x30
    assert first[1] & 127 | first[2] << 7 == len(first) - 3
    topic_size = int.from_bytes(first[3:5], "big")
    assert list(json.loads(first[5 + topic_size :])) == [f"p{i}" for i in range(20)]


@pytest.mark.parametrize("module", ["benchmarks.wires.nothing", "benchmarks.wires.fleet"])
def test_a_server_that_does_not_start_is_named(module: str) -> None:
    with pytest.raises(NotMeasured, match=module), serving(module):
        pass


def test_a_bus_on_which_others_are_given_up_is_not_measured() -> None:
    with serving("benchmarks.wires.bus_equipment", "0.01") as (url,):
        command = [sys.executable, "-m", "benchmarks.wires.bus_cycles", url, "2", "1", "1"]
        with pytest.raises(NotMeasured, match="given up"):
            last_line([*command, "100ms", "100ms", "0.5", "0.1"], 50.0)
