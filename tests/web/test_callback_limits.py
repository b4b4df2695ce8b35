"""Whoever is slow, long, many or forges signatures costs the others nothing, and gets no error of ours."""

import asyncio

import pytest

from gateway.web.door import Limits
from tests.web.callbacks import EVENTS, NOW, Caller, event, signed
from tests.web.conftest import raw

HEAD = f"POST {EVENTS} HTTP/1.1\r\nHost: gateway\r\n".encode()
GIGABYTE = 2**30
HASTY = pytest.mark.parametrize("limits", [Limits(slowest_request_s=0.5, stop_s=0.5)], ids=["hasty"])


@HASTY
@pytest.mark.parametrize(
    "pieces",
    [[], [HEAD, *[b"X: y\r\n"] * 100], [HEAD + b"Content-Length: 2\r\n\r\n{}", *[b"P", b"O", b"S", b"T"] * 20]],
    ids=["silence", "drips headers", "drips a second request"],
)
@pytest.mark.usefixtures("caller")
async def test_who_dawdles_is_shut_out(port: int, pieces: list[bytes]) -> None:
    await raw(port, *pieces, pause_s=0.05)  # ends when it is shut out; else it fails


@HASTY
async def test_a_body_that_drips_is_not_waited_for(port: int, caller: Caller) -> None:
    answer = await raw(port, HEAD + b"Content-Length: 900\r\n\r\n", *[b"x"] * 3, pause_s=0.05)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert caller.ear.heard == []


async def test_of_a_gigabyte_no_more_than_a_little_is_read(port: int, caller: Caller) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent, piece = 0, b"x" * 65_536
    writer.write(HEAD + f"Content-Length: {GIGABYTE}\r\n\r\n".encode())
    try:
        async with asyncio.timeout(10.0):
            while sent < GIGABYTE:
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
            answer = await reader.read(12)
    except ConnectionError:  # shut out
        answer = b"HTTP/1.1 413"
    assert sent < GIGABYTE
    assert answer == b"HTTP/1.1 413"
    writer.close()
    assert caller.ear.heard == []
    assert (await caller.say(EVENTS, event()))[0] == 200


async def test_a_chunked_body_without_end_is_too_large(port: int, caller: Caller) -> None:
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    answer = await raw(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 8)
    assert answer.startswith(b"HTTP/1.1 413 ") or not answer
    assert caller.web.counters() == {"status_413": 1}


async def test_ten_thousand_connections_leave_files_for_the_others(port: int, caller: Caller) -> None:
    most = 0
    for _ in range(100):
        flood = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(100)))
        most = max(most, caller.web.connections)
        for _, writer in flood:
            writer.close()
    assert 0 < most <= 2 * 32
    async with asyncio.timeout(10.0):
        body = b'{"id": "e-1", "event": "accepted", "at": 1773532865}'
        headers = "".join(f"{name}: {value}\r\n" for name, value in signed(body, NOW).items()).encode()
        request = HEAD + headers + f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        while not (answer := await raw(port, request)):  # noqa: ASYNC110 - the server has no event
            await asyncio.sleep(0.05)
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_flood_of_forged_signatures_is_refused_each_time(caller: Caller) -> None:
    forged = signed(b"{}", NOW, secret="guess")
    for _ in range(40):
        said = await asyncio.gather(*(caller.say(EVENTS, b"{}", forged) for _ in range(25)))
        assert {status for status, _ in said} == {401}
    assert caller.ear.heard == []
    assert (await caller.say(EVENTS, event()))[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"X: " + b"x" * 20_000 + b"\r\n\r\n",
        HEAD + b"X: y\r\n" * 1000 + b"\r\n",
        b"POST /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 5000,
    ],
    ids=["long header", "many headers", "long path", "no length", "two lengths", "no chunk", "TLS", "zeros"],
)
async def test_what_is_no_http_is_refused_without_a_word(
    port: int, caller: Caller, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await raw(port, sent)
    assert answer.split()[1].startswith(b"4")
    assert caller.ear.heard == []
    assert [record for record in caplog.records if "refused" not in record.message] == []


@HASTY
async def test_stopping_does_not_wait_for_who_dawdles(port: int, caller: Caller) -> None:
    _, idle = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(10.0):
        await caller.web.stop()
    idle.close()
