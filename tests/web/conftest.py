"""The local pages on a free port, looking at a daemon that the test makes up."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession
from prometheus_client import CollectorRegistry

from gateway.core.types import Verdict
from gateway.web.metrics import Sample, registry
from gateway.web.server import LocalWeb, Unavailable

TOKEN = "the-token-of-the-tests"
TICKET = "lakeside:P-1:low:20260315T000105.250Z"


@dataclass
class Shown:
    """A `Window` onto nothing."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    unavailable: bool = False
    slow_s: float = 0.0
    figures: list[Sample] = field(default_factory=lambda: [Sample("rounds", "Rounds.", 7)])

    def health(self) -> Mapping[str, Any]:
        return {"status": "ok", "parts": []}

    def status(self) -> Mapping[str, Any]:
        return {"status": "ok", "site": "湖畔花园"}

    async def tickets(self, status: str | None, limit: int) -> list[Mapping[str, Any]]:
        await self._reach("tickets", status, limit)
        return [{"id": TICKET}]

    async def ticket(self, ticket_id: str) -> Mapping[str, Any] | None:
        await self._reach("ticket", ticket_id)
        return {"id": TICKET} if ticket_id == TICKET else None

    def why(self, rule: str, device: str) -> Mapping[str, Any] | None:
        return {"rule": rule, "device": device} if rule == "dry" else None

    async def act(self, ticket_id: str, action: str, by: str, verdict: Verdict) -> bool:
        await self._reach("act", ticket_id, action, by, verdict)
        return ticket_id == TICKET

    async def reload(self) -> Mapping[str, Any]:
        await self._reach("reload")
        return {"outcome": "accepted"}

    async def _reach(self, *asked: Any) -> None:
        self.asked.append(asked)
        if self.unavailable:
            raise Unavailable("disk I/O error")
        await asyncio.sleep(self.slow_s)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def figures(shown: Shown) -> CollectorRegistry:
    return registry(lambda: shown.figures)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def pages(shown: Shown, figures: CollectorRegistry, port: int) -> AsyncIterator[ClientSession]:
    """A client of the pages."""
    web = LocalWeb(f"127.0.0.1:{port}", TOKEN, shown, figures)
    await web.start()
    async with ClientSession(f"http://127.0.0.1:{port}") as session:
        yield session
    await web.stop()


async def raw(port: int, *pieces: bytes, pause_s: float = 0.0, until_s: float = 5.0) -> bytes:
    """Send pieces with pauses between them, then read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(until_s):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause_s)
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()
