"""A device that answers with an exception: what is refused is left out, what is busy is asked again."""

from collections import deque

import numpy as np
import pytest

from drivers.device import Batch
from gateway.core.clock import SystemClock
from tests.drivers.modbus_servers import FaultServer, device, driver, fast, profile, serving, until, values

PAIR = profile({"address": 0}, {"address": 1})


@pytest.mark.parametrize("code", [1, 2, 3])
async def test_a_refused_read_is_left_out_and_the_rest_goes_on(code: int) -> None:
    what = profile({"address": 0}, {"address": 100})
    async with serving(FaultServer(script=deque(["good", f"exc{code}"]))) as server:
        line = driver(server.port, what, device("pump"), clock=SystemClock())
        batches = await until(line, lambda got: len(got) >= 4)
    assert [address for address, _ in server.reads[:5]] == [0, 100, 0, 0, 0]
    assert all(np.isnan(batch.values[1]) and batch.values[0] in server.answered[1] for batch in batches)
    health = line.health()["pump"]
    assert health.state == "bad"
    assert health.reason.startswith("holding 100: ")
    assert health.reason.endswith(f"(exception {code})")


async def test_a_refused_read_is_tried_again_after_a_minute() -> None:
    what = profile({"address": 0}, {"address": 100})
    async with serving(FaultServer(script=deque(["good", "exc2"]))) as server:
        line = driver(server.port, what, device("pump", every="10s"), clock=fast(1000))
        batches = await until(line, lambda _: line.health()["pump"].state == "good")
    assert 5 <= [address for address, _ in server.reads[2:]].index(100) <= 9
    assert np.isfinite(batches[-1].values).all()


async def test_a_device_that_does_not_let_us_read_across_holes_is_read_around_them() -> None:
    what = profile({"address": 0}, {"address": 5}, {"address": 6})
    async with serving(FaultServer(holes=frozenset({3}))) as server:
        line = driver(server.port, what, device("pump"), clock=SystemClock())
        batches = await until(line, lambda got: len(got) >= 2)
    assert server.reads[:8] == [(0, 7), (0, 7), (0, 1), (0, 6), (5, 2), (0, 1), (5, 2), (0, 1)]
    assert values(batches) <= server.answered[1]
    assert line.health()["pump"].state == "good"


@pytest.mark.parametrize("code", [5, 6])
async def test_a_busy_device_is_asked_again_at_its_next_poll(code: int) -> None:
    async with serving(FaultServer(script=deque([f"exc{code}"] * 8))) as server:
        line = driver(server.port, PAIR, device("pump"), clock=SystemClock())
        states: set[str] = set()

        def answered(got: list[Batch]) -> bool:
            states.add(line.health()["pump"].state)
            return len(got) >= 1

        batches = await until(line, answered)
    assert states == {"unknown", "bad", "good"}
    assert server.asked == 9 + len(batches) - 1
    assert line.counters()["exceptions"] == 8


@pytest.mark.parametrize("code", [10, 11])
async def test_a_gateway_without_a_path_means_offline(code: int) -> None:
    async with serving(FaultServer(modes={2: f"exc{code}"})) as server:
        line = driver(server.port, PAIR, device("a", 1), device("far", 2), clock=SystemClock())
        await until(line, lambda got: len(got) >= 20)
    assert line.health()["far"].state == "offline"
    assert f"(exception {code})" in line.health()["far"].reason
    assert line.health()["a"].state == "good"
