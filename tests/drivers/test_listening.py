"""The server that tests use leaves nothing open, whenever its block ends."""

import asyncio
import gc
import socket
import warnings
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.drivers.loops import LOOPS
from tests.listening import listening


async def _knock(port: int) -> None:
    """Connect at every turn of the loop, until nobody listens."""
    with ExitStack() as wires:
        while True:
            try:
                wires.enter_context(socket.create_connection(("127.0.0.1", port)))
            except ConnectionError:
                return
            await asyncio.sleep(0)


async def _reached(turns: int) -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(serve) as port:
        knocking = asyncio.create_task(_knock(port))
        for _ in range(turns):
            await asyncio.sleep(0)
    await knocking


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("turns", range(8))
def test_a_connection_is_closed_however_far_it_has_come(
    loop: Callable[[], asyncio.AbstractEventLoop], turns: int
) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(_reached(turns))
        gc.collect()
    assert [str(warning.message) for warning in said] == []
