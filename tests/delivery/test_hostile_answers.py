"""A receiver that means harm, or is broken: nothing is followed, unpacked, waited for or believed."""

import asyncio
import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.core.types import Level
from gateway.delivery.dispatch import Pace
from simulators.moods import HOSTILE, bomb
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


@pytest.mark.parametrize("mood", sorted(HOSTILE))
async def test_an_answer_with_ill_will_costs_one_attempt_a_little_memory_and_no_other_ticket_anything(
    tmp_path: Path, api: PropertyApi, opened: Make, ticket: Make, mood: str
) -> None:
    """The memory is that of both sides: the server's part of it is its buffers."""
    poison = ticket(0).id
    async with bench(tmp_path, api.url, pace=Pace(deadline_s=0.5)) as desk:
        bomb()
        api.be(mood, seconds=0.02, only=poison)
        await desk.commit(opened(100), opened(101))
        await desk.until_counts(sent=2)
        tracemalloc.start()
        await desk.commit(opened(0, Level.RED), *map(opened, range(1, 20)))
        await desk.until_counts(sent=21, pending=1)
        await desk.until(lambda: as_condition(desk.dispatch.counters().get("retried", 0) >= 1))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        (waiting,) = await desk.writer.messages(poison)
    assert peak < 5 * 2**20
    assert set(api.book.orders) == {ticket(number).id for number in (*range(1, 20), 100, 101)}
    assert waiting.state == "pending"
    assert (waiting.tried_at is None) is (mood == "redirect"), "what was cut off may have arrived"
    reason = "timed_out" if "drip" in mood else "redirected" if mood == "redirect" else "bad_answer"
    assert waiting.last_answer.startswith(reason)


async def test_one_attempt_is_one_deadline_however_many_requests_it_takes(tmp_path: Path, opened: Make) -> None:
    """Each answer is in time for itself: a look-up before the POST would take two and a half deadlines."""

    def slow(request: bytes) -> bytes:
        return http("200 OK", b"[]" if b"GET" in request else b"")

    async with (
        raw_server(slow, drip_s=0.008) as (url, requests),
        bench(tmp_path, url, deadline_s=0.5, pace=Pace(workers=1, first_pause_s=0.0, deadline_s=0.5)) as desk,
    ):
        await desk.commit(opened(1))
        await desk.until(lambda: as_condition(desk.dispatch.counters().get("retried", 0) >= 3))
        assert desk.dispatch.counters()["reason:timed_out"] >= 2
        assert all(b"POST" not in request for request in requests[1:]), "nothing is sent without its look-up"


async def test_the_token_is_sent_and_shown_nowhere(
    tmp_path: Path, opened: Make, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        raw_server(lambda _: http("500 Oops", b"")) as (url, requests),
        bench(tmp_path, url, token="canary-7") as desk,
    ):
        await desk.commit(opened(1))
        await desk.until(lambda: as_condition(desk.dispatch.health().state == "down"))
        shown = f"{desk.dispatch.health()} {desk.dispatch.counters()} {vars(desk.dispatch._receiver)}"
    assert b"Authorization: Bearer canary-7" in requests[0]
    assert b"Accept-Encoding: identity" in requests[0]
    assert "canary-7" not in shown + caplog.text
