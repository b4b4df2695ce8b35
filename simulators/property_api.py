"""A property company's dispatch API that can be slow, failing, lossy or rude, on demand.

In process: `async with PropertyApi(token=...) as api: ...` and `api.be("slow", seconds=3)`. As a process of its own:
`python -m simulators.property_api --port 18080 --token T --journal FILE`, moods by `PUT /mood {"mood": "slow"}`.
"""

import argparse
import asyncio
import json
import random
import socket
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from simulators.order_book import OrderBook, Reply

MIXED = {
    "ok": 60,
    "lost_answer": 10,
    "error": 6,
    "down": 6,
    "bad_json": 5,
    "html_502": 5,
    "busy": 4,
    "slow": 4,
}
"""The moods that `mixed` draws from, with their weights."""

_NOT_STORED = {
    "error": (500, "text/plain", "Internal Server Error"),
    "html_502": (502, "text/html", "<html><h1>502 Bad Gateway</h1></html>"),
    "unauthorized": (401, "application/json", '{"error": "who are you"}'),
    "reject": (422, "application/json", '{"error": "cannot be processed"}'),
}
_STORED = {
    "bad_json": (200, "application/json", '{"work_order_id": "WO-'),
    "empty_200": (200, "text/plain", ""),
}
MOODS = {"ok", "slow", "lost_answer", *_STORED, "down", "busy", *_NOT_STORED, "mixed"}
"""Stored: ok, slow, and without a proper answer lost_answer, bad_json, empty_200. All others store nothing."""


@dataclass(frozen=True, slots=True)
class Mood:
    """How the API answers POSTs; `seconds` is the delay of slow and the Retry-After of busy."""

    name: str = "ok"
    seconds: float = 1.0


class PropertyApi:
    """The server. `book` is what it has stored; listing orders works in every mood."""

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, token: str = "", journal: Path | None = None, seed: int = 0
    ) -> None:
        self.book = OrderBook(journal)
        self.mood = Mood()
        self.port = port
        self._host = host
        self._token = token
        self._chance = random.Random(seed)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://{self._host}:{self.port}"

    def be(self, mood: str, seconds: float = 1.0) -> None:
        """Change the mood; raises ValueError if there is no such mood."""
        if mood not in MOODS:
            raise ValueError(f"no mood {mood!r}; there are {', '.join(sorted(MOODS))}")
        self.mood = Mood(mood, seconds)

    async def __aenter__(self) -> Self:
        """Listen; `port` 0 becomes a free one."""
        app = web.Application(middlewares=[self._only_friends])
        app.router.add_put("/mood", self._put_mood)
        app.router.add_get("/posts", self._get_posts)
        app.router.add_get("/work-orders", self._get_orders)
        app.router.add_get("/work-orders/{id}", self._get_order)
        app.router.add_get("/work-orders/{id}/events", self._get_events)
        app.router.add_post("/work-orders", self._post)
        app.router.add_post("/work-orders/{id}/events", self._post)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and drop open connections."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _only_friends(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self._token and request.headers.get("Authorization") != f"Bearer {self._token}":
            return web.json_response({"error": "wrong token"}, status=401)
        response: web.StreamResponse = await handler(request)
        return response

    async def _put_mood(self, request: web.Request) -> web.Response:
        wish = await request.json()
        try:
            self.be(wish["mood"], float(wish.get("seconds", 1.0)))
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        self._chance.seed(wish.get("seed", 0))
        return web.json_response({"mood": self.mood.name})

    async def _get_posts(self, request: web.Request) -> web.Response:
        return web.json_response(self.book.posts)

    async def _get_orders(self, request: web.Request) -> web.Response:
        wanted = request.query.get("external_id")
        orders = self.book.orders.values()
        return web.json_response([order.shown() for order in orders if wanted in {None, order.external_id}])

    async def _get_order(self, request: web.Request) -> web.Response:
        orders = self.book.orders.values()
        known = (o for o in orders if request.match_info["id"] in {o.external_id, o.work_order_id})
        order = next(known, None)
        return web.json_response({"error": "no such order"} if order is None else order.shown(), status=_found(order))

    async def _get_events(self, request: web.Request) -> web.Response:
        order = self.book.orders.get(request.match_info["id"])
        return web.json_response([] if order is None else order.events, status=_found(order))

    async def _post(self, request: web.Request) -> web.StreamResponse:
        key = request.headers.get("Idempotency-Key", "")
        mood = self._drawn()
        self.book.note_post(key, request.path, mood.name)
        if mood.name == "down":
            return _reset(request)
        if mood.name == "busy":
            return web.json_response({}, status=429, headers={"Retry-After": f"{mood.seconds:g}"})
        if mood.name in _NOT_STORED:
            return _canned(*_NOT_STORED[mood.name])
        return await self._stored(request, key, mood)

    async def _stored(self, request: web.Request, key: str, mood: Mood) -> web.StreamResponse:
        if mood.name == "slow":
            await asyncio.sleep(mood.seconds)
        reply = await self._store(request, key)
        if mood.name == "lost_answer":
            return _reset(request)
        if mood.name in _STORED:
            return _canned(*_STORED[mood.name])
        return web.json_response(reply.body, status=reply.status)

    async def _store(self, request: web.Request, key: str) -> Reply:
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not (key and isinstance(body, Mapping)):
            return Reply(400, {"error": "an Idempotency-Key and a JSON object are needed"})
        if external_id := request.match_info.get("id"):
            return self.book.add_event(external_id, key, body)
        return self.book.open(key, body)

    def _drawn(self) -> Mood:
        if self.mood.name != "mixed":
            return self.mood
        return Mood(self._chance.choices(list(MIXED), list(MIXED.values()))[0], self.mood.seconds)


def _found(order: object) -> int:
    return 404 if order is None else 200


def _canned(status: int, content_type: str, text: str) -> web.Response:
    return web.Response(status=status, content_type=content_type, text=text)


def _reset(request: web.Request) -> web.Response:
    """End the connection with a reset instead of an answer."""
    if request.transport is not None:
        line: socket.socket = request.transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()


async def _serve(api: PropertyApi) -> None:
    async with api:
        sys.stdout.write(json.dumps({"url": api.url}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted; the first line of output says where."""
    parser = argparse.ArgumentParser(prog="python -m simulators.property_api", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=18080)
    parser.add_argument("--token", default="")
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--mood", default="ok", choices=sorted(MOODS))
    parser.add_argument("--seconds", type=float, default=1.0, help="delay of slow, Retry-After of busy")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    api = PropertyApi(host=given.host, port=given.port, token=given.token, journal=given.journal, seed=given.seed)
    api.be(given.mood, given.seconds)
    try:
        asyncio.run(_serve(api))
    except KeyboardInterrupt:
        sys.exit(0)
    except OSError as error:
        sys.exit(f"error: cannot listen on {given.host}:{given.port}: {error.strerror}")


if __name__ == "__main__":
    main()
