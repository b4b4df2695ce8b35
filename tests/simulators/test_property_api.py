import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from simulators.order_book import OrderBook, read_journal
from simulators.order_hooks import Hooks
from simulators.property_api import MIXED, MOODS, PropertyApi

ORDER = {"external_id": "t-1", "title": "pump dry", "level": "yellow"}


@pytest.fixture
async def api() -> AsyncIterator[PropertyApi]:
    async with PropertyApi(token="t") as server:
        yield server


@pytest.fixture
async def client(api: PropertyApi) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(api.url, headers={"Authorization": "Bearer t"}) as session:
        yield session


async def post(client: aiohttp.ClientSession, key: str, body: Any, path: str = "/work-orders") -> tuple[int, Any]:
    headers = {"Idempotency-Key": key}
    async with client.post(path, json=body, headers=headers, allow_redirects=False) as response:
        text = await response.text()
        return response.status, json.loads(text) if text.startswith(("{", "[")) else text


async def get(client: aiohttp.ClientSession, path: str) -> tuple[int, Any]:
    async with client.get(path) as response:
        return response.status, await response.json()


async def test_an_order_is_made_once_per_key(client: aiohttp.ClientSession) -> None:
    first = await post(client, "k", ORDER)
    assert first[0] == 201
    assert await post(client, "k", ORDER) == (200, first[1])
    assert (await post(client, "k", {**ORDER, "title": "other"}))[0] == 409
    assert (await post(client, "other", ORDER))[0] == 409
    assert await get(client, "/work-orders?external_id=t-1") == (200, [first[1]])
    assert await get(client, "/work-orders") == (200, [{**first[1], "order": ORDER}])
    assert await get(client, "/work-orders?external_id=none") == (200, [])
    assert await get(client, f"/work-orders/{first[1]['work_order_id']}") == (200, first[1])
    assert await get(client, "/work-orders/t-1") == (200, first[1])
    assert (await get(client, "/work-orders/none"))[0] == 404
    assert await get(client, "/posts") == (200, {"k": 3, "other": 1})


async def test_an_event_belongs_to_an_order_and_happens_once(client: aiohttp.ClientSession) -> None:
    closed = {"event": "closed", "level": "red"}
    assert (await post(client, "k", ORDER))[0] == 201
    assert (await post(client, "e", closed, "/work-orders/none/events"))[0] == 404
    assert (await post(client, "e", closed, "/work-orders/t-1/events"))[0] == 201
    assert (await post(client, "e", closed, "/work-orders/t-1/events"))[0] == 200
    assert (await post(client, "e", {"event": "other"}, "/work-orders/t-1/events"))[0] == 409
    _, events = await get(client, "/work-orders/t-1/events")
    assert [event["body"] for event in events] == [closed]
    assert await get(client, "/work-orders/t-1/events?idempotency_key=e") == (200, [{"idempotency_key": "e"}])
    assert await get(client, "/work-orders/t-1/events?idempotency_key=f") == (200, [])
    _, order = await get(client, "/work-orders/t-1")
    assert (order["state"], order["level"]) == ("closed", "red")


async def test_what_is_no_order_is_refused(client: aiohttp.ClientSession) -> None:
    assert (await post(client, "", ORDER))[0] == 400
    assert (await post(client, "k", [1]))[0] == 400
    assert (await post(client, "k", {"external_id": "t-1"}))[0] == 422


async def test_a_stranger_is_refused(api: PropertyApi) -> None:
    async with aiohttp.ClientSession(api.url) as stranger:
        assert (await post(stranger, "k", ORDER))[0] == 401
        assert (await get(stranger, "/work-orders"))[0] == 401
    assert not api.book.posts


@pytest.mark.parametrize(
    ("mood", "status", "stored"),
    [
        ("ok", 201, True),
        ("slow", 201, True),
        ("bad_json", None, True),
        ("empty_200", 200, True),
        ("lost_answer", None, True),
        ("down", None, False),
        ("error", 500, False),
        ("busy", 429, False),
        ("html_502", 502, False),
        ("unauthorized", 401, False),
        ("reject", 422, False),
        ("stored_500", 500, True),
        ("forbidden", 403, False),
        ("not_found", 404, False),
        ("too_large", 413, False),
        ("redirect", 307, False),
        ("wrong_key", 201, False),
    ],
)
async def test_moods(
    api: PropertyApi, client: aiohttp.ClientSession, mood: str, status: int | None, *, stored: bool
) -> None:
    async with client.put("/mood", json={"mood": mood, "seconds": 0.01}) as response:
        assert response.status == 200
    try:
        answer = await post(client, "k", ORDER)
    except (aiohttp.ClientError, ValueError):
        assert status is None
    else:
        assert answer[0] == status
    assert ("t-1" in api.book.orders) is stored
    assert api.book.posts == {"k": 1}


async def test_an_unknown_mood_is_an_error(api: PropertyApi, client: aiohttp.ClientSession) -> None:
    async with client.put("/mood", json={"mood": "sulking"}) as response:
        assert response.status == 400
        assert "sulking" in (await response.json())["error"]
    assert api.mood.name == "ok"
    assert set(MIXED) < MOODS


def test_the_journal_survives_a_kill(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    book = OrderBook(journal)
    book.note_post("k", "/work-orders", "ok")
    assert book.open("k", ORDER).status == 201
    assert book.add_event("t-1", "e", {"event": "closed"}).status == 201
    with journal.open("a", encoding="utf-8") as file:
        file.write('{"happened": "or')
    assert len(read_journal(journal)) == 3
    again = OrderBook(journal)
    assert again.posts == {"k": 1}
    assert again.open("k", ORDER).status == 200
    assert again.orders["t-1"] == book.orders["t-1"]


async def test_a_person_at_the_property_company_moves_an_order(client: aiohttp.ClientSession) -> None:
    await post(client, "k", ORDER)
    said = {"by": "Wang", "state": "on_site", "handler": "Wang", "progress_pct": 40, "eta_min": 20}
    async with client.put("/work-orders/t-1", json=said) as response:
        assert response.status == 200
    _, order = await get(client, "/work-orders/t-1")
    assert (order["state"], order["state_by"], order["handler"]) == ("on_site", "Wang", "Wang")
    assert (order["progress_pct"], order["eta_min"]) == (40, 20)
    await post(client, "e", {"event": "verified", "status": "verified"}, "/work-orders/t-1/events")
    _, order = await get(client, "/work-orders/t-1")
    assert (order["state"], order["state_by"], order["handler"]) == ("verified", "gateway", "Wang")
    for path, body, status in (("none", said, 404), ("t-1", [1], 400)):
        async with client.put(f"/work-orders/{path}", json=body) as response:
            assert response.status == status


async def test_the_gateway_is_called_back_signed_until_it_takes_it() -> None:
    heard: list[tuple[str, dict[str, Any]]] = []

    async def hear(request: web.Request) -> web.Response:
        body = await request.read()
        stamp = request.headers["X-Timestamp"]
        digest = hmac.new(b"secret", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert request.headers["X-Signature"] == digest
        heard.append((request.raw_path, json.loads(body)))
        return web.Response(status=503 if len(heard) == 1 else 200)

    gateway = web.Application()
    gateway.router.add_post("/v1/tickets/{id}/events", hear)
    server = TestServer(gateway)
    await server.start_server()
    hooks = Hooks(str(server.make_url("")), "secret", pause_s=0.0)
    async with PropertyApi(hooks=hooks) as api, aiohttp.ClientSession(api.url) as client:
        await post(client, "k", {**ORDER, "external_id": "site:P/1"})
        body = {"by": "Wang", "state": "in_progress", "progress_pct": 40, "evidence": ["photo-1"]}
        await client.put("/work-orders/site:P%2F1", json=body)
        await client.put("/work-orders/site:P%2F1", json={"event": "survey", "by": "resident", "score": 60})
        await client.put("/work-orders/site:P%2F1", json={"handler": "Li"})
        await hooks.drained()
    await server.close()
    assert sorted(hooks.answers) == [200, 200, 503]
    assert {path for path, _ in heard} == {"/v1/tickets/site%3AP%2F1/events"}
    told = {body["event"]: body for _, body in heard}
    assert (told["progress"]["by"], told["progress"]["evidence"]) == ("Wang", ["photo-1"])
    assert told["survey"]["score"] == 60
    assert len({body["id"] for _, body in heard}) == 2, "the same callback keeps its id"


def test_a_key_that_was_forgotten_makes_a_second_order(tmp_path: Path) -> None:
    now = [1000.0]
    book = OrderBook(tmp_path / "journal.jsonl", remembers_s=60.0, clock=lambda: now[0])
    book.open("k", ORDER)
    book.add_event("t-1", "e", {"event": "closed"})
    now[0] += 60.0
    assert book.open("k", ORDER).status == 200
    assert not book.twice
    now[0] += 1.0
    assert book.open("k", ORDER).status == 201
    assert book.add_event("t-1", "e", {"event": "closed"}).status == 201
    assert [order.work_order_id for order in book.twice] == ["WO-000002"]
    assert len(book.orders["t-1"].events) == 2
