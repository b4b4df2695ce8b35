import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulators.order_book import OrderBook, read_journal
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
    async with client.post(path, json=body, headers={"Idempotency-Key": key}) as response:
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
    assert await get(client, "/work-orders") == (200, [first[1]])
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
