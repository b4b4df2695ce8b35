"""Who is slow, long, many or no HTTP at all costs the others nothing, and is never answered with an error of ours."""

import asyncio
import time
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from gateway.web import server
from gateway.web.server import LocalWeb
from tests.ports import free_port
from tests.web.conftest import TICKET, TOKEN, Shown, raw

CLOSE = f"/api/tickets/{TICKET}/close"


@pytest.fixture
async def impatient(shown: Shown, figures: CollectorRegistry, port: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(server, "SLOWEST_REQUEST_S", 0.3)
    monkeypatch.setattr(server, "STOP_S", 0.3)
    web = LocalWeb(f"127.0.0.1:{port}", TOKEN, shown, figures)
    await web.start()
    yield web
    await web.stop()


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"GET /health HTTP/1.1\r\n", *[b"X: y\r\n"] * 100],
        [b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", *[b"G", b"E", b"T"] * 30],
    ],
    ids=["silence", "drips headers", "drips a second request"],
)
@pytest.mark.usefixtures("impatient")
async def test_who_dawdles_is_shut_out(port: int, pieces: list[bytes]) -> None:
    began = time.monotonic()
    await raw(port, *pieces, pause_s=0.05)
    assert time.monotonic() - began < 2.0


@pytest.mark.usefixtures("impatient")
async def test_a_body_that_drips_is_not_waited_for(port: int, shown: Shown) -> None:
    head = f"POST {CLOSE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 900\r\n\r\n"
    answer = await raw(port, head.encode(), *[b"x"] * 3, pause_s=0.05)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert shown.asked == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "sent",
    [
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"EHLO mail\r\n\r\n",
        b"\x00" * 5000,
    ],
    ids=["long header", "many headers", "long path", "TLS", "mail", "zeros"],
)
async def test_what_is_no_http_is_refused_without_a_word(
    port: int, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await raw(port, sent)
    assert answer.split()[1] == b"400"
    assert caplog.records == []


async def test_a_flood_of_connections_leaves_files_for_the_others(impatient: LocalWeb, port: int) -> None:
    flood = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
    await asyncio.sleep(0.05)
    assert impatient._door is not None
    assert impatient._door.connections <= 2 * server.MOST_CONNECTIONS
    async with asyncio.timeout(5.0):
        asking = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        while not await raw(port, asking):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    for _, writer in flood:
        writer.close()


async def test_stopping_does_not_wait_for_who_dawdles(
    shown: Shown, figures: CollectorRegistry, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STOP_S", 0.2)
    web = LocalWeb(f"127.0.0.1:{port}", TOKEN, shown, figures)
    await web.start()
    _, idle = await asyncio.open_connection("127.0.0.1", port)
    shown.slow_s = 20.0
    async with ClientSession() as session:
        asking = asyncio.create_task(session.get(f"http://127.0.0.1:{port}/api/tickets"))
        while not shown.asked:  # noqa: ASYNC110 - the window has no event
            await asyncio.sleep(0.01)
        began = time.monotonic()
        await web.stop()
        assert time.monotonic() - began < 2.0
        with pytest.raises(ClientConnectionError):
            await asking
    idle.close()


@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT"]),
    path=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60),
    body=st.binary(max_size=100),
    token=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_is_no_error_of_ours(method: str, path: str, body: bytes, *, token: bool) -> None:
    async def ask() -> bytes:
        shown, port = Shown(), free_port()
        web = LocalWeb(f"127.0.0.1:{port}", TOKEN, shown, CollectorRegistry())
        await web.start()
        head = f"{method} /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
        head += f"Authorization: Bearer {TOKEN}\r\n" if token else ""
        answer = await raw(port, head.encode() + b"\r\n" + body)
        await web.stop()
        return answer

    status = int(asyncio.run(ask()).split()[1])
    assert status < 500
