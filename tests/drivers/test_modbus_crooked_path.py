"""What lies between us and the equipment: a path that splits, merges and delays, under both event loops."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from drivers.device import Batch
from gateway.core.clock import SystemClock
from tests.drivers.loops import LOOPS, on
from tests.drivers.modbus_servers import FaultServer, device, driver, profile, serving, until
from tests.listening import listening

PAIR = profile({"address": 0}, {"address": 9}, max_gap=0)


@asynccontextmanager
async def crooked(port: int, carry: Callable[[bytes, asyncio.StreamWriter], object]) -> AsyncIterator[int]:
    """A path to the port of which only the way back is crooked: `carry` puts what arrived on it."""

    async def straight(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(data)
        writer.close()

    async def back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            step = carry(data, writer)
            if asyncio.iscoroutine(step):
                await step
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            with suppress(RuntimeError):  # which is what uvloop says of a connection that is gone
                await asyncio.gather(straight(reader, far_writer), back(far_reader, writer))
        finally:
            far_writer.transport.abort()

    async with listening(serve) as near:
        yield near


async def byte_by_byte(data: bytes, writer: asyncio.StreamWriter) -> None:
    for byte in data:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_slow_unit_behind_a_path_that_splits_costs_its_neighbour_no_poll(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def main() -> None:
        server = FaultServer(modes={1: "slow"})
        async with serving(server), crooked(server.port, byte_by_byte) as port:
            line = driver(port, PAIR, device("slow", 1, "300ms"), device("well", 2), clock=SystemClock())
            batches = await until(line, lambda got: len(got) >= 20)
        assert {int(value) for batch in batches for value in batch.values} <= server.answered[2]
        assert line.health()["slow"].state == "offline"
        assert line.health()["well"].state == "good"
        assert line.counters()["late"] >= 1
        assert (line.counters()["rejected"], server.connections) == (0, 1)

    on(loop, main())


@pytest.mark.parametrize("loop", LOOPS)
def test_answers_that_a_path_holds_back_and_merges_are_never_taken_for_others(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """Every other answer is held back, beyond the patience of its question, and comes together with the next."""
    held: list[bytes] = []

    def merge(data: bytes, writer: asyncio.StreamWriter) -> None:
        held.append(data)
        if len(held) == 2:
            writer.write(b"".join(held))
            held.clear()

    async def main() -> None:
        server = FaultServer()
        async with serving(server), crooked(server.port, merge) as port:
            line = driver(port, PAIR, device("a", 1), clock=SystemClock(), retries=1)
            batches: list[Batch] = await until(line, lambda got: len(got) >= 5, within_s=20)
        assert {int(value) for batch in batches for value in batch.values} <= server.answered[1]
        assert all(batch.values[1] - batch.values[0] == 2 for batch in batches), "the second of each two answers"
        assert line.counters()["late"] == 0, "a late answer that comes with the right one is not even seen"
        assert line.counters()["rejected"] == 0

    on(loop, main())
