"""A running dispatch with its store, and a server that answers whatever bytes a test likes."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from drivers.device import Clock
from gateway.core.clock import SystemClock
from gateway.delivery.dispatch import Dispatch, Pace
from gateway.delivery.mapping import SiteFacts
from gateway.delivery.own_api import KEY_WINDOW_S, OwnApi
from gateway.delivery.records import Changes
from gateway.delivery.store import Store
from gateway.delivery.transport import HttpTransport
from gateway.delivery.writer import Writer
from tests.listening import listening

SITE = SiteFacts(gateway="gw-01", community="Lakeside")
TOKEN = "t"
QUICK = Pace(first_pause_s=0.01, longest_pause_s=0.05)


class Bench:
    """A store, its writer and a running dispatch."""

    def __init__(self, writer: Writer, dispatch: Dispatch) -> None:
        self.writer = writer
        self.dispatch = dispatch

    async def commit(self, *changes: Changes) -> None:
        for change in changes:
            await self.writer.commit(change)
        self.dispatch.wake()

    async def until(self, met: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(20):
            while not await met():  # noqa: ASYNC110 - what it waits for is another process's or a file's
                await asyncio.sleep(0.005)

    async def until_counts(self, **wanted: int) -> None:
        async def met() -> bool:
            counts = await self.writer.counts()
            return all(counts[name] == number for name, number in wanted.items())

        await self.until(met)


@asynccontextmanager
async def bench(
    folder: Path,
    url: str,
    *,
    clock: Clock | None = None,
    pace: Pace = QUICK,
    deadline_s: float = 5.0,
    token: str = TOKEN,
    key_window_s: float = KEY_WINDOW_S,
    writer: Writer | None = None,
) -> AsyncIterator[Bench]:
    """Dispatch that runs on a new store in that folder, or on this writer."""
    writer = writer or Writer(Store(folder))
    async with HttpTransport(url, SecretStr(token), deadline_s) as transport:
        receiver = OwnApi(transport, SITE, key_window_s)
        dispatch = Dispatch(writer, receiver, clock or SystemClock(), pace, random.Random(1))
        running = asyncio.create_task(dispatch.run())
        yield Bench(writer, dispatch)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    await writer.close()


@asynccontextmanager
async def raw_server(answer: Callable[[bytes], bytes], drip_s: float = 0.0) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers raw bytes, and the requests it got; with `drip_s` one byte at a time."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        await _say(writer, answer(requests[-1]), drip_s)

    async with listening(serve) as port:
        yield f"http://127.0.0.1:{port}", requests


@asynccontextmanager
async def speaking_server(text: bytes, drip_s: float = 0.0, hold_s: float = 0.0) -> AsyncIterator[int]:
    """The port of a server that speaks first, hears nothing, and hangs up."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _say(writer, text, drip_s)
        await asyncio.sleep(hold_s)

    async with listening(serve) as port:
        yield port


async def _say(writer: asyncio.StreamWriter, text: bytes, drip_s: float) -> None:
    for part in [text] if not drip_s else [text[i : i + 1] for i in range(len(text))]:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(drip_s)


def http(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def as_condition(value: bool) -> bool:  # noqa: FBT001 - a condition
    return value
