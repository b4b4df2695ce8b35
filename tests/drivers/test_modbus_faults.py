"""A device that fails in every known way: no wrong value is taken, and the next good poll is right."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from drivers.modbus.question import ForbiddenFunctionError, Question, Verdict
from drivers.modbus.wire import Request
from gateway.core.clock import SystemClock
from tests.drivers.modbus_servers import (
    FaultServer,
    device,
    driver,
    eventually,
    fast,
    polling,
    profile,
    serving,
    until,
    values,
)

PAIR = profile({"address": 0}, {"address": 1})
FAULTS = [
    "silent",
    "slow",
    "half",
    "most",
    "close",
    "wrongtid",
    "prevtid",
    "zerotid",
    "wronguid",
    "wrongfc",
    "unknownfc",
    "short",
    "long",
    "noexc",
    "otherexc",
    "garbage",
    "protocol",
    "hugelen",
    "two",
    "bytecountlie",
]


@pytest.fixture(autouse=True)
def uncaught(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing may reach the event loop's last resort."""
    yield
    assert [record for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_wrong_value_is_taken_and_the_next_good_poll_recovers(fault: str) -> None:
    async with serving(FaultServer(script=deque(["good", fault, fault]))) as server:
        line = driver(server.port, PAIR, device("pump"), clock=SystemClock())
        batches = await until(line, lambda got: len(got) >= 3)
    assert values(batches) <= server.answered[1]
    assert line.health()["pump"].state == "good"
    counts = line.counters()
    assert counts["timeouts"] + counts["rejected"] + counts["lost"] == 2
    assert server.functions == {3}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_device_that_keeps_failing_is_given_up_after_three_polls(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(FaultServer(modes={1: fault})) as server:
        line = driver(server.port, PAIR, device("pump"), clock=fast(10))
        assert await until(line, lambda _: line.health()["pump"].state != "unknown") == []
    assert line.health()["pump"].state == ("offline" if fault in ("silent", "slow", "close") else "bad")
    assert line.health()["pump"].reason
    assert 3 <= server.asked <= 4
    assert len([record for record in caplog.records if "device=pump" in record.message]) == 1


async def test_bytes_that_trickle_in_are_an_answer() -> None:
    async with serving(FaultServer(modes={1: "trickle"})) as server:
        line = driver(server.port, PAIR, device("pump"), clock=SystemClock())
        batches = await until(line, lambda got: len(got) >= 2)
    assert values(batches) <= server.answered[1]
    assert line.counters()["rejected"] == 0


async def test_a_retry_saves_a_poll() -> None:
    async with serving(FaultServer(script=deque(["silent"]))) as server:
        line = driver(server.port, PAIR, device("pump"), clock=SystemClock(), retries=1)
        await until(line, lambda got: len(got) >= 1)
    assert line.counters()["timeouts"] == 1
    assert line.health()["pump"].state == "good"


async def test_one_dead_unit_among_three_leaves_the_others_their_period() -> None:
    async with serving(FaultServer(modes={2: "silent"})) as server:
        devices = [device(name, unit, every="100ms") for unit, name in enumerate(["a", "dead", "c"], 1)]
        line = driver(server.port, PAIR, *devices, clock=SystemClock())
        batches = await until(line, lambda got: len(got) >= 50)
    assert line.health()["dead"].state == "offline"
    assert line.health()["dead"].reason == "timed out after 0.1 s"
    assert server.questions[2] <= 7
    for name in ("a", "c"):
        times = [batch.time for batch in batches if batch.device == name]
        assert np.median([b - a for a, b in pairwise(times)]) == pytest.approx(0.1, abs=0.03)
        assert len(times) >= 20


async def test_a_dead_unit_is_probed_with_one_small_read_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    what = profile(*({"address": i} for i in range(40)))
    async with serving(FaultServer(script=deque(["silent"] * 5))) as server:
        line = driver(server.port, what, device("pump", every="1s"), clock=fast(20))
        batches = await until(line, lambda got: len(got) >= 2)
    assert [count for _, count in server.reads[:8]] == [40, 40, 40, 1, 1, 1, 40, 40]
    assert values(batches) <= server.answered[1]
    said = [record.message for record in caplog.records if "device=pump" in record.message]
    assert len(said) == 2
    assert said[0].startswith("device unreachable device=pump since=2")
    assert "reason='timed out after 0.1 s' retry_s=" in said[0]
    assert said[1].startswith("device back device=pump after_s=")


async def test_a_lost_connection_takes_all_units_offline_and_brings_them_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    server = FaultServer()
    await server.start()
    devices = [device(f"pump-{unit}", unit, every="1s") for unit in (1, 2, 3)]
    line = driver(server.port, PAIR, *devices, clock=fast(20))
    async with polling(line) as got:
        await eventually(lambda: {batch.device for batch in got} == {"pump-1", "pump-2", "pump-3"})
        await server.stop()
        await eventually(lambda: {health.state for health in line.health().values()} == {"offline"})
        reason = f"no connection to 127.0.0.1:{server.port}: connection refused"
        assert {health.reason for health in line.health().values()} == {reason}
        await server.start()
        await eventually(lambda: {health.state for health in line.health().values()} == {"good"})
    await server.stop()
    assert line.counters()["connect_failures"] >= 1
    said = [record.message.partition(" connection=")[0] for record in caplog.records if "connection=" in record.message]
    assert said == ["no connection", "connection back"]
    assert not [record for record in caplog.records if "device=" in record.message]


async def test_a_device_that_is_off_at_the_start_is_normal() -> None:
    server = FaultServer()
    await server.start()
    await server.stop()
    line = driver(server.port, PAIR, device("pump"), clock=fast(20))
    assert await until(line, lambda _: line.counters()["connect_failures"] >= 3) == []
    assert line.health()["pump"].state == "offline"


async def test_a_site_clock_that_outruns_the_line_skips_polls_and_never_queues_them() -> None:
    async with serving(FaultServer(delay_s=0.03)) as server:
        line = driver(server.port, PAIR, device("a", 1, every="1s"), device("b", 2, every="1s"), clock=fast(120))
        batches = await until(line, lambda got: len(got) >= 20)
    assert server.most_in_flight == 1
    assert line.counters()["overruns"] > 20
    assert abs(server.questions[1] - server.questions[2]) <= 1
    assert values(batches) <= server.answered[1] | server.answered[2]


async def test_all_of_a_batch_is_from_one_answer_and_is_stamped_with_site_time() -> None:
    clock = fast(1)
    async with serving(FaultServer()) as server:
        line = driver(server.port, PAIR, device("pump"), clock=clock, gap="1ms")
        began = clock.now()
        batches = await until(line, lambda got: len(got) >= 3)
    assert all(began <= batch.time <= clock.now() for batch in batches)
    assert all(batch.values[0] == batch.values[1] for batch in batches)
    assert server.connections == 1


async def test_a_connection_without_devices_waits_in_peace() -> None:
    line = driver(1, PAIR, clock=SystemClock())
    with pytest.raises(TimeoutError):
        await until(line, bool, within_s=0.05)
    assert line.health() == {}


@pytest.mark.parametrize("function", [5, 6, 15, 16, 22, 23, 43])
async def test_a_write_never_reaches_the_wire(function: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_: Any, unit: int, __: Any) -> Request:
        return Request(unit, function, 0, 1)

    monkeypatch.setattr("drivers.modbus.wire.Wire.request", classmethod(write))
    async with serving(FaultServer()) as server:
        line = driver(server.port, PAIR, device("pump"), clock=SystemClock())
        with pytest.raises(ForbiddenFunctionError):
            await anext(line.batches())
    assert server.asked == 0


async def test_a_cancellation_that_comes_with_the_answer_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Question.judge

    def judge_and_cancel(question: Question, data: bytes) -> Verdict:
        task.cancel()
        return judge(question, data)

    monkeypatch.setattr(Question, "judge", judge_and_cancel)
    async with serving(FaultServer()) as server:
        line = driver(server.port, PAIR, device("pump"), clock=SystemClock())
        task = asyncio.ensure_future(anext(line.batches()))
        await asyncio.wait([task], timeout=5)
    assert task.cancelled()
