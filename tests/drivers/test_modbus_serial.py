"""Modbus RTU over a serial port (a pseudo-terminal with a server of our own at the far end) and over TCP."""

import asyncio
from collections import deque
from pathlib import Path

import pytest

from drivers.modbus.driver import ModbusDriver
from drivers.modbus.question import ForbiddenFunctionError, Verdict
from drivers.modbus.question_rtu import SerialQuestion
from drivers.modbus.settings import ModbusConnection
from gateway.core.clock import SystemClock
from tests.drivers.modbus_servers import TIMEOUT_S, device, driver, eventually, fast, polling, profile, until, values
from tests.drivers.rtu_lines import Line, frame, on_line
from tests.listening import listening

PAIR = profile({"address": 0}, {"address": 1})
HARMLESS = ["trickle", "echo", "noise before", "noise after", "foreign before"]
FAULTS = [
    "silent", "late", "half", "checksum", "flipped", "wronguid", "wrongfc", "short", "long", "two", "garbage", "flood",
]  # fmt: skip


def serial(line: Line, *devices: str, every: str = "20ms", speed: float = 1, **connection: object) -> ModbusDriver:
    made = [device(name, unit, every=every) for unit, name in enumerate(devices, 1)]
    clock = fast(speed) if speed != 1 else SystemClock()
    return driver(0, PAIR, *made, clock=clock, url=f"rtu://{line.path}", **connection)


async def test_a_serial_line_is_polled() -> None:
    async with on_line(Line(frozenset({1, 2}))) as line:
        bus = serial(line, "a", "b", baud=19200)
        batches = await until(bus, lambda got: {batch.device for batch in got} == {"a", "b"})
    assert values(batches) <= line.answered[1] | line.answered[2]
    assert line.functions == {3}
    assert {health.state for health in bus.health().values()} == {"good"}


@pytest.mark.parametrize("mode", HARMLESS)
async def test_what_else_is_on_a_line_does_not_hide_an_answer(mode: str) -> None:
    async with on_line(Line(modes={1: mode})) as line:
        bus = serial(line, "pump", timeout="1s")
        batches = await until(bus, lambda got: len(got) >= 3)
    assert values(batches) <= line.answered[1]
    assert bus.counters()["rejected"] == bus.counters()["timeouts"] == 0


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_wrong_value_is_taken_and_the_next_good_poll_recovers(fault: str) -> None:
    async with on_line(Line(script=deque(["good", fault, fault]))) as line:
        bus = serial(line, "pump")
        batches = await until(bus, lambda got: len(got) >= 3)
    assert values(batches) <= line.answered[1]
    counts = bus.counters()
    assert counts["timeouts"] + counts["rejected"] == 2
    assert counts["connects"] == 1, "a serial line has no connection that could be dropped"


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        ("silent", "offline", "timed out after 0.1 s"),
        ("checksum", "bad", "rejected: answer with a wrong checksum"),
        ("wronguid", "bad", "rejected: answer of another unit"),
        ("garbage", "bad", "rejected: noise on the line"),
        ("half", "bad", "rejected: incomplete answer"),
        ("two", "bad", "rejected: more than one answer"),
    ],
)
async def test_why_a_device_is_given_up(fault: str, state: str, reason: str) -> None:
    async with on_line(Line(modes={1: fault})) as line:
        bus = serial(line, "pump", speed=10)
        await until(bus, lambda _: bus.health()["pump"].state != "unknown")
    assert (bus.health()["pump"].state, bus.health()["pump"].reason) == (state, reason)


@pytest.mark.parametrize("retries", [0, 1])
async def test_a_late_answer_is_not_taken_for_the_next_one(retries: int) -> None:
    """It has no number by which it could be told apart; so the unit is left alone until it cannot come any more."""
    async with on_line(Line(script=deque(["late"] * 6))) as line:
        bus = serial(line, "pump", retries=retries)
        batches = await until(bus, lambda got: len(got) >= 3)
    assert values(batches) <= line.answered[1]
    assert min(values(batches)) > 6


async def test_a_dead_unit_costs_one_timeout_a_cycle_at_most() -> None:
    units = frozenset(range(1, 11)) - {4}
    async with on_line(Line(units, turnaround_s=0.002)) as line:
        bus = serial(line, *(f"d{unit}" for unit in range(1, 11)), every="200ms")
        await until(bus, lambda got: len(got) >= 150)
    assert bus.health()["d4"].state == "offline"
    assert {bus.health()[f"d{unit}"].state for unit in units} == {"good"}
    assert line.questions[4] <= 8
    asked = [line.questions[unit] for unit in units]
    assert max(asked) - min(asked) <= 2


async def test_a_port_that_is_not_there_and_comes_back(tmp_path: Path) -> None:
    """A USB adapter that is pulled out: the path is by its id, so it is the same when it is plugged in again."""
    by_id = tmp_path / "by-id"
    bus = driver(0, PAIR, device("pump", every="1s"), clock=fast(50), url=f"rtu://{by_id}")
    async with polling(bus) as got:
        await eventually(lambda: bus.health()["pump"].state == "offline")
        assert bus.health()["pump"].reason == f"no connection to {by_id}: there is no such port"
        async with on_line(Line()) as line:
            by_id.symlink_to(line.path)
            await eventually(lambda: len(got) >= 2)
            assert bus.health()["pump"].state == "good"
            by_id.unlink()
        await eventually(lambda: bus.health()["pump"].state == "offline")
        async with on_line(Line()) as line:
            by_id.symlink_to(line.path)
            await eventually(lambda: bus.health()["pump"].state == "good")


@pytest.mark.parametrize("path", ["/dev/null", __file__])
async def test_what_is_no_serial_port_is_told(path: str) -> None:
    bus = driver(0, PAIR, device("pump"), clock=fast(20), url=f"rtu://{path}")
    await until(bus, lambda _: bus.health()["pump"].state == "offline")
    assert bus.health()["pump"].reason == f"no connection to {path}: that is no serial port"


async def test_settings_that_a_port_does_not_take_are_told() -> None:
    async with on_line(Line()) as line:  # a pseudo-terminal has no parity
        bus = serial(line, "pump", parity="even", speed=20)
        await until(bus, lambda _: bus.health()["pump"].state == "offline")
    assert bus.health()["pump"].reason.endswith("the port does not take these settings: invalid argument")


async def test_a_port_without_the_right_to_open_it_says_which_group(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("serial.serial_for_url", denied)
    bus = driver(0, PAIR, device("pump"), clock=fast(20), url="rtu:///dev/ttyUSB0")
    await until(bus, lambda _: bus.health()["pump"].state == "offline")
    assert bus.health()["pump"].reason.endswith("must be in the group that owns it (dialout)")


async def test_rtu_over_tcp() -> None:
    """A converter passes the frames of its serial line on as they are, in pieces of its own choice."""

    async def convert(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        while question := await reader.read(8):
            number += 1
            answer = frame(question[0], 3, 4, bytes([0, number, 0, number]))
            for part in (answer[:1], answer[1:6], answer[6:]):
                writer.write(part)
                await asyncio.sleep(0.001)

    async with listening(convert) as port:
        bus = driver(port, PAIR, device("pump"), clock=SystemClock(), url=f"rtu+tcp://127.0.0.1:{port}")
        batches = await until(bus, lambda got: len(got) >= 3)
    assert [batch.values.tolist() for batch in batches[:3]] == [[1, 1], [2, 2], [3, 3]]


def test_the_silence_between_frames_is_three_and_a_half_characters() -> None:
    slow = ModbusConnection.model_validate({"driver": "modbus", "url": "rtu:///dev/ttyS0"})
    quick = ModbusConnection.model_validate({"driver": "modbus", "url": "rtu:///dev/ttyS0", "baud": 115200})
    assert (round(slow.silence_s, 5), quick.silence_s) == (0.00401, 0.00175)
    assert slow.silence_s < TIMEOUT_S


ASKED = frame(7, 3, b"\0\x10\0\2")
ANSWER = frame(7, 3, 4, b"\1\2\3\4")
REFUSAL = frame(7, 0x83, 2)


@pytest.mark.parametrize(
    ("data", "verdict", "shown"),
    [
        pytest.param(ANSWER, Verdict.ANSWER, ANSWER, id="the answer"),
        pytest.param(REFUSAL, Verdict.ANSWER, REFUSAL, id="a refusal"),
        pytest.param(ASKED + ANSWER, Verdict.ANSWER, ANSWER, id="behind an echo"),
        pytest.param(b"\7\3" + ANSWER, Verdict.ANSWER, ANSWER, id="behind what looks like its beginning"),
        pytest.param(ANSWER + ANSWER, Verdict.SURPLUS, b"", id="twice"),
        pytest.param(ANSWER[:-1], Verdict.PART, b"", id="a part"),
        pytest.param(b"\7", Verdict.PART, b"", id="its first byte"),
        pytest.param(ANSWER[:-1] + b"\0", Verdict.CHECKSUM, b"", id="a wrong checksum"),
        pytest.param(frame(8, 3, 4, b"\1\2\3\4"), Verdict.UNIT, b"", id="another unit"),
        pytest.param(frame(7, 3, 2, b"\1\2"), Verdict.LENGTH, b"", id="another length"),
        pytest.param(b"\xfe\xfd\xfc", Verdict.NOISE, b"", id="noise"),
        pytest.param(ASKED, Verdict.LATE, b"", id="nothing but an echo"),
    ],
)
def test_what_is_on_the_line_is_judged(data: bytes, verdict: Verdict, shown: bytes) -> None:
    question = SerialQuestion(ASKED)
    assert question.judge(data) == verdict
    assert question.pdu == shown[1:-2]


@pytest.mark.parametrize("function", [0, 5, 6, 15, 16, 22, 23, 43, 0x83])
def test_what_does_not_read_cannot_leave(function: int) -> None:
    with pytest.raises(ForbiddenFunctionError):
        SerialQuestion(frame(1, function, b"\0\0\0\1"))
