"""The local pages on a free port, looking at a daemon that the test makes up."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession
from prometheus_client import CollectorRegistry

from gateway.core.casework import Callback, Happening, Silence
from gateway.core.clock import ManualClock
from gateway.core.denial import Denied, Missing
from gateway.web.callbacks import CallbackWeb
from gateway.web.door import Limits
from gateway.web.metrics import Sample, registry
from gateway.web.server import LocalWeb
from gateway.web.window import Unavailable
from tests.ports import free_port
from tests.web.callbacks import NOW, SECRET, Caller, FakeEar

TOKEN = "the-token-of-the-tests"
TICKET = "lakeside:P-1:low:20260315T000105.250Z"


@dataclass
class Shown:
    """A `Window` onto nothing."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    unavailable: bool = False
    wants_evidence: bool = False
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

    async def act(self, said: Callback) -> None:
        await self._reach("act", said.ticket, said.event, said.by, said)
        if said.ticket != TICKET:
            raise Missing("no_open_ticket", "there is no open ticket {ticket}", ticket=said.ticket)
        if said.event is Happening.CLOSED and self.wants_evidence and not said.evidence:
            raise Denied("evidence_needed", "closing ticket {ticket} needs evidence", ticket=said.ticket)

    async def resend(self, ticket_id: str) -> bool:
        await self._reach("resend", ticket_id)
        return ticket_id == TICKET

    def silences(self) -> list[Mapping[str, Any]]:
        return [{"id": "5f2e9a01"}]

    async def silence(self, asked: Silence, lasts_s: float) -> Mapping[str, Any]:
        await self._reach("silence", asked, lasts_s)
        if lasts_s > 31 * 86400.0:
            raise Denied("silence_too_long", "a silence lasts more than nothing and at most 31 days")
        return {"id": "5f2e9a01"}

    async def unsilence(self, silence_id: str, by: str) -> None:
        await self._reach("unsilence", silence_id, by)
        if silence_id != "5f2e9a01":
            raise Missing("no_silence", "there is no silence {silence} in force", silence=silence_id)

    async def reload(self) -> Mapping[str, Any]:
        await self._reach("reload")
        return {"outcome": "accepted"}

    async def _reach(self, *asked: Any) -> None:
        self.asked.append(asked)
        if self.unavailable:
            raise Unavailable("disk I/O error")
        await asyncio.sleep(self.slow_s)


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


@pytest.fixture
def limits() -> Limits:
    """What the callbacks give to strangers."""
    return Limits(stop_s=0.3)


@pytest.fixture
async def caller(port: int, limits: Limits) -> AsyncIterator[Caller]:
    """Whoever calls the callbacks."""
    ear, clock = FakeEar(), ManualClock(NOW)
    web = CallbackWeb(f"127.0.0.1:{port}", SECRET, ear, clock, limits=limits)
    await web.start()
    async with ClientSession(f"http://127.0.0.1:{port}") as session:
        yield Caller(session, ear, web, clock)
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
