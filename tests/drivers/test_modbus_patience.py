"""A process that stood still is no evidence against anybody: blocking the event loop takes little of a patience."""

import asyncio
import socket
import time
from collections.abc import Callable

import pytest

from drivers.modbus.patience import Patience, at_most
from gateway.core.clock import SteadyClock, SystemClock
from tests.drivers.loops import LOOPS, on
from tests.drivers.modbus_servers import TIMEOUT_S, FaultServer, device, driver, polling, profile, serving

ONE = profile({"address": 0})


def stand_still(seconds: float) -> None:
    time.sleep(seconds)


@pytest.mark.parametrize("loop", LOOPS)
def test_it_runs_out_in_time_and_can_be_begun_again(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def twice() -> None:
        now, out = asyncio.get_running_loop().time, asyncio.Event()
        patience = Patience(0.05, out.set)
        for _ in range(2):
            out.clear()
            began = now()
            patience.begin()
            await out.wait()
            assert now() - began >= 0.045  # uvloop counts in milliseconds
        patience.begin()
        patience.end()
        out.clear()
        await asyncio.sleep(0.1)
        assert not out.is_set()

    on(loop, twice())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_standstill_costs_one_part(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def stalled() -> None:
        now, out = asyncio.get_running_loop().time, asyncio.Event()
        Patience(0.1, out.set).begin()
        stand_still(0.3)
        awake = now()
        await out.wait()
        assert now() - awake >= 0.07

    on(loop, stalled())


@pytest.mark.parametrize("loop", LOOPS)
def test_what_arrived_during_a_standstill_is_read_before_it_runs_out(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def stalled_at_the_end() -> None:
        near, far = socket.socketpair()
        seen, out = list[str](), asyncio.Event()

        def read() -> None:
            near.recv(1)
            seen.append("read")

        def run_out() -> None:
            seen.append("out")
            out.set()

        patience = Patience(0.2, run_out)
        running = asyncio.get_running_loop()
        with near, far:
            running.add_reader(near, read)
            patience.begin()
            await asyncio.sleep(0.16)  # into the last part
            far.send(b"!")
            stand_still(0.2)
            await out.wait()
            running.remove_reader(near)
        assert seen == ["read", "out"]

    on(loop, stalled_at_the_end())


async def test_a_block_ends_when_patience_with_it_does() -> None:
    with pytest.raises(TimeoutError):
        async with at_most(0.02):
            await asyncio.Event().wait()


async def test_no_device_is_given_up_because_this_process_stood_still() -> None:
    async with serving(FaultServer(delay_s=0.005)) as server:
        devices = [device(name, unit) for unit, name in enumerate(["a", "b"], 1)]
        line = driver(server.port, ONE, *devices, clock=SteadyClock(SystemClock()))
        async with polling(line) as got:
            for _ in range(8):
                while not server.in_flight:  # noqa: ASYNC110 - the server knows of no event
                    await asyncio.sleep(0)
                before = len(got)
                stand_still(2 * TIMEOUT_S)
                async with asyncio.timeout(5):
                    while len(got) == before:  # noqa: ASYNC110
                        await asyncio.sleep(0.001)
    counts = line.counters()
    assert (counts["timeouts"], counts["late"], counts["lost"], counts["connects"]) == (0, 0, 0, 1)
    assert {health.state for health in line.health().values()} == {"good"}
    assert server.asked <= len(got) + 1


@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_is_made_although_this_process_stood_still(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def stalled_while_connecting() -> None:
        async with serving(FaultServer()) as server:
            line = driver(server.port, ONE, device("pump"), clock=SystemClock())
            async with polling(line) as got, asyncio.timeout(5):
                while not line.counters()["connects"]:  # noqa: ASYNC110
                    await asyncio.sleep(0)
                stand_still(2 * TIMEOUT_S)
                while not got:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
        assert line.counters()["connect_failures"] == 0

    on(loop, stalled_while_connecting())
