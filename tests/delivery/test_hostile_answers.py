"""A receiver that means harm, or is broken: nothing is followed, unpacked, waited for or believed."""

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.dispatch import Pace
from simulators.property_api import PropertyApi
from tests.delivery.bench import as_condition, bench, http, raw_server

Make = Callable[..., Any]


async def test_a_redirect_is_not_followed(tmp_path: Path, api: PropertyApi, opened: Make) -> None:
    async with (
        raw_server(lambda _: http("307 Temporary Redirect", b"", f"Location: {api.url}/work-orders")) as (
            url,
            requests,
        ),
        bench(tmp_path, url) as desk,
    ):
        await desk.commit(opened(1))
        await desk.until(lambda: as_condition(desk.dispatch.health().state == "refused"))
        assert len(requests) == 1
    assert not api.book.posts


BOMB = gzip.compress(b" " * 200_000_000, 9)
ENDLESS = [
    ("huge", b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b" " * 3_000_000, 0.0),
    ("bomb", http("200 OK", BOMB, "Content-Encoding: gzip"), 0.0),
    ("headers", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000, 0.0),
    ("garbage", bytes(range(256)) * 20, 0.0),
    ("drip", http("200 OK", b'{"work_order_id": "WO-1"}' + b" " * 100), 0.02),
]


@pytest.mark.parametrize(("kind", "answer", "drip_s"), ENDLESS, ids=[kind for kind, *_ in ENDLESS])
async def test_an_endless_answer_is_cut_and_counts_as_not_delivered(
    tmp_path: Path, opened: Make, kind: str, answer: bytes, drip_s: float
) -> None:
    loop = asyncio.get_running_loop()
    async with (
        raw_server(lambda _: answer, drip_s) as (url, _),
        bench(tmp_path, url, deadline_s=0.3, pace=Pace(workers=1, first_pause_s=30)) as desk,
    ):
        began = loop.time()
        await desk.commit(opened(1))
        await desk.until(lambda: as_condition(desk.dispatch.counters().get("retried") == 1))
        assert loop.time() - began < 2.0, kind
        assert (await desk.writer.counts())["pending"] == 1


async def test_the_token_is_sent_and_shown_nowhere(
    tmp_path: Path, opened: Make, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        raw_server(lambda _: http("500 Oops", b"")) as (url, requests),
        bench(tmp_path, url, token="canary-7") as desk,
    ):
        await desk.commit(opened(1))
        await desk.until(lambda: as_condition(desk.dispatch.health().state == "down"))
        shown = f"{desk.dispatch.health()} {desk.dispatch.counters()} {vars(desk.dispatch._transport)}"
    assert b"Authorization: Bearer canary-7" in requests[0]
    assert b"Accept-Encoding: identity" in requests[0]
    assert "canary-7" not in shown + caplog.text
