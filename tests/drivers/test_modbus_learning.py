"""What a driver finds out about its devices: what they refuse, who they are, how slow they are; and what it keeps."""

import json
import logging
import math
from collections import deque
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from drivers.device import Batch, Remembers
from drivers.modbus.profile import ModbusProfile, Text
from gateway.core.clock import SystemClock
from tests.drivers.modbus_servers import FaultServer, device, driver, fast, profile, serving, until, values

SIX = profile(*({"address": address} for address in (0, 1, 2, 5, 6, 9)))


async def test_a_hole_is_found_once_and_kept_over_a_restart(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with serving(FaultServer(holes=frozenset({4}))) as server:
        first = driver(server.port, SIX, device("pump"), clock=SystemClock())
        await until(first, lambda got: len(got) >= 3)
        assert isinstance(first, Remembers)
        notes = json.loads(json.dumps(first.notes()))
        server.reads.clear()
        second = driver(server.port, SIX, device("pump"), clock=SystemClock())
        assert isinstance(second, Remembers)
        second.recall(notes)
        await until(second, lambda got: len(got) >= 2)
    assert server.reads[:2] == [(0, 3), (5, 5)]
    said = [record.message for record in caplog.records if "reading around" in record.message]
    assert said == ["reading around registers device=pump reads=holding 0-2, holding 5-9"]
    assert second.health()["pump"].about == "reads holding 0-2, holding 5-9"


async def test_a_device_with_short_answers_is_read_in_short_reads() -> None:
    what = profile(*({"address": address} for address in range(40)))
    async with serving(FaultServer(longest=16)) as server:
        line = driver(server.port, what, device("pump"), clock=SystemClock())
        batches = await until(line, lambda got: len(got) >= 2)
    assert values(batches) <= server.answered[1]
    assert server.reads[-3:] == [(0, 16), (16, 16), (32, 8)]


async def test_one_point_that_is_not_there_costs_only_itself_and_comes_back() -> None:
    server = FaultServer(holes=frozenset({2}))
    async with serving(server):
        line = driver(server.port, SIX, device("pump", every="10s"), clock=fast(500))
        batches = await until(line, lambda got: len(got) >= 2)
        assert [math.isnan(value) for value in batches[-1].values] == [False, False, True, False, False, False]
        assert line.health()["pump"].state == "bad"
        assert line.health()["pump"].reason == "holding 2: refused"
        server.holes = frozenset()
        batches = await until(line, lambda _: line.health()["pump"].state == "good")
        assert np.isfinite(batches[-1].values).all()
        await until(line, lambda got: len(got) >= 2)
    assert server.reads[-1] == (0, 10), "with everything there again it is one read again"
    assert line.notes() == {}


async def test_a_device_that_refuses_everything_while_it_boots_teaches_nothing() -> None:
    async with serving(FaultServer(modes={1: "exc2"})) as server:
        line = driver(server.port, SIX, device("pump", every="10s"), clock=fast(500))
        await until(line, lambda _: line.health()["pump"].state == "bad")
        server.modes.clear()
        await until(line, lambda got: len(got) >= 2)
    assert line.notes() == {}
    assert server.reads[-1] == (0, 10)


@pytest.mark.parametrize(
    "notes",
    [
        pytest.param({}, id="none"),
        pytest.param({"pump": 7}, id="no notes"),
        pytest.param({"pump": {"map": 1, "cuts": [["holding", 5]], "refused": []}}, id="of another map"),
        pytest.param(
            {"pump": {"map": "MAP", "cuts": [["holding"], 3, ["sea", 1], [[], 1]], "refused": "all"}}, id="nonsense"
        ),
    ],
)
async def test_notes_that_make_no_sense_are_forgotten(notes: dict[str, Any]) -> None:
    async with serving(FaultServer()) as server:
        line = driver(server.port, SIX, device("pump"), clock=SystemClock())
        known = json.loads(json.dumps(notes).replace('"MAP"', str(_map_of(SIX))))
        line.recall(known)
        await until(line, lambda got: len(got) >= 1)
    assert server.reads[0] == (0, 10)


def _map_of(what: ModbusProfile) -> int:
    from drivers.modbus.knowledge import fingerprint  # noqa: PLC0415 - only this test looks inside

    return fingerprint(what)


async def test_points_with_a_pace_of_their_own_are_asked_for_less_often() -> None:
    what = profile({"address": 0}, {"address": 1, "every": "60s"}, {"address": 2, "every": "60s"})
    async with serving(FaultServer()) as server:
        line = driver(server.port, what, device("meter", every="5s"), clock=fast(500))
        batches = await until(line, lambda got: len(got) >= 30)
    slow = [index for index, read in enumerate(server.reads) if read == (1, 2)]
    assert all(11 <= after - before <= 14 for before, after in pairwise(slow))
    assert all(np.isfinite(batch.values).all() for batch in batches)
    assert len({batch.values[1] for batch in batches}) == len(slow)


async def test_a_device_is_asked_once_who_it_is() -> None:
    texts = [
        {"name": "model", "address": 100, "registers": 4, "manual": "40101"},
        {"name": "serial", "address": 104, "registers": 2, "order": "BA"},
        {"name": "firmware", "address": 200, "registers": 2},
    ]
    what = profile({"address": 0}, texts=texts)
    words = dict(enumerate([0x534D, 0x5431, 0x3530, 0x3000, 0x3141, 0x0032], 100))
    async with serving(FaultServer(holes=frozenset({200}), words=words)) as server:
        line = driver(server.port, what, device("ups"), clock=SystemClock())
        await until(line, lambda got: len(got) >= 4)
    assert line.health()["ups"].about == "model SMT1500; serial A12"
    assert [read for read in server.reads if read[0] >= 100] == [(100, 4), (104, 2), (200, 2)]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"SMT1500\0", "SMT1500"),
        (b"  A1  ", "A1"),
        (b"\x1b[31mX\n", "?[31mX"),
        (b"\xff\xff\xff\xff", "????"),
        (b"\0\0", ""),
    ],
)
def test_a_text_holds_only_what_can_be_printed(data: bytes, text: str) -> None:
    assert Text(name="model", address=0, registers=1).read(data) == text


async def test_a_device_that_needs_a_moment_after_connecting_is_left_alone_and_the_others_are_not() -> None:
    what = profile({"address": 0})
    slow = device("slow", 2, every="1s").model_copy(update={"settle": 20.0})
    async with serving(FaultServer()) as server:
        line = driver(server.port, what, device("quick", 1, every="1s"), slow, clock=fast(100))
        batches = await until(line, lambda got: any(batch.device == "slow" for batch in got))
    first = next(i for i, batch in enumerate(batches) if batch.device == "slow")
    assert batches[first].time - batches[0].time >= 18
    assert first >= 15


async def test_a_slow_device_has_a_timeout_of_its_own() -> None:
    patient = device("patient").model_copy(update={"timeout": 0.5})
    async with serving(FaultServer(delay_s=0.2)) as server:
        line = driver(server.port, SIX, patient, device("hasty"), clock=SystemClock())
        await until(line, lambda _: line.health()["hasty"].state == "offline")
    assert line.health()["patient"].state == "good"
    assert line.health()["hasty"].reason == "timed out after 0.1 s"


async def test_a_line_that_is_too_slow_for_its_devices_makes_them_stale() -> None:
    async with serving(FaultServer(delay_s=0.03)) as server:
        devices = [device(f"d{i}", i, every="1s") for i in range(1, 9)]
        line = driver(server.port, SIX, *devices, clock=fast(60))
        await until(line, lambda got: len(got) >= 40)
        states = {health.state for health in line.health().values()}
    assert "stale" in states
    assert next(h.reason for h in line.health().values() if h.state == "stale") == "no answer for more than 5.1 s"


async def test_neighbours_that_were_refused_are_all_forgotten_when_they_are_back() -> None:
    holes = frozenset(range(2, 9))
    what = profile(*({"address": address} for address in range(12)))
    server = FaultServer(holes=holes)
    async with serving(server):
        line = driver(server.port, what, device("pump", every="2s"), clock=fast(200))
        await until(line, lambda _: bool(line.notes()))
        server.holes = frozenset()
        await until(line, lambda _: line.notes() == {})
        await until(line, lambda got: len(got) >= 2)
    assert server.reads[-1] == (0, 12)


async def test_a_device_of_which_a_part_is_still_refused_is_not_good_for_a_moment() -> None:
    server = FaultServer(holes=frozenset({2, 200}))
    what = profile(*({"address": address} for address in (0, 1, 2, 5, 200)))
    states: set[str] = set()
    async with serving(server):
        line = driver(server.port, what, device("pump", every="10s"), clock=fast(200))
        await until(line, lambda got: len(got) >= 2)
        server.holes = frozenset({200})

        def forgotten(got: list[Batch]) -> bool:
            states.add(line.health()["pump"].state)
            finite = [math.isfinite(batch.values[2]) for batch in got]
            return line.notes() == {} and sum(finite) >= 4

        await until(line, forgotten)
    assert states == {"bad"}


@pytest.mark.parametrize("fault", ["exc2", "exc3"])
async def test_one_refusal_that_was_a_slip_teaches_nothing(fault: str) -> None:
    async with serving(FaultServer(script=deque(["good", fault]))) as server:
        line = driver(server.port, SIX, device("pump"), clock=SystemClock())
        batches = await until(line, lambda got: len(got) >= 4)
    assert all(np.isfinite(batch.values).all() for batch in batches)
    assert set(server.reads) == {(0, 10)}
    assert line.notes() == {}
    assert line.health()["pump"].state == "good"
