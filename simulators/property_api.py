"""A property company's dispatch API that can be slow, failing, lossy or rude, on demand.

In process: `async with PropertyApi(token=...) as api: ...` and `api.be("slow", seconds=3)`. As a process of its own:
`python -m simulators.property_api --port 18080 --token T --journal FILE`, moods by `PUT /mood {"mood": "slow"}`.
Its people write to an order by `PUT /work-orders/ID {"by": "Wang", "state": "on_site", "handler": "Wang"}`; with a
callback address the gateway is called back then.
"""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from simulators.moods import MIXED, MOODS, STORED, Mood, canned, reset, unstored
from simulators.order_book import OrderBook, Reply
from simulators.order_hooks import EVENTS, Hooks

__all__ = ["MIXED", "MOODS", "Mood", "PropertyApi"]


class PropertyApi:
    """The server. `book` is what it has stored; listing orders works in every mood."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = "",
        book: OrderBook | None = None,
        seed: int = 0,
        hooks: Hooks | None = None,
    ) -> None:
        self.book = book or OrderBook()
        self.hooks = hooks
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

    def be(self, mood: str, seconds: float = 1.0, only: str = "") -> None:
        """Change the mood, towards keys with `only` in them; raises ValueError if there is no such mood."""
        if mood not in MOODS:
            raise ValueError(f"no mood {mood!r}; there are {', '.join(sorted(MOODS))}")
        self.mood = Mood(mood, seconds, only)

    async def __aenter__(self) -> Self:
        """Listen; `port` 0 becomes a free one."""
        app = web.Application(middlewares=[self._only_friends])
        app.router.add_put("/mood", self._put_mood)
        app.router.add_get("/posts", self._get_posts)
        app.router.add_get("/session", self._get_session)
        app.router.add_get("/work-orders", self._get_orders)
        app.router.add_get("/work-orders/{id}", self._get_order)
        app.router.add_put("/work-orders/{id}", self._put_order)
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
        if self.hooks is not None:
            await self.hooks.close()
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
            self.be(wish["mood"], float(wish.get("seconds", 1.0)), str(wish.get("only", "")))
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        self._chance.seed(wish.get("seed", 0))
        return web.json_response({"mood": self.mood.name})

    async def _get_posts(self, request: web.Request) -> web.Response:
        return web.json_response(self.book.posts)

    async def _get_session(self, request: web.Request) -> web.Response:
        return web.json_response({"session": "good"})

    async def _get_orders(self, request: web.Request) -> web.Response:
        wanted = request.query.get("external_id")
        orders = [*self.book.orders.values(), *self.book.twice]
        if wanted is None:  # a person looks: with all that the client said
            return web.json_response([{**order.shown(), "order": order.body} for order in orders])
        return web.json_response([order.shown() for order in orders if order.external_id == wanted])

    async def _get_order(self, request: web.Request) -> web.Response:
        order = self.book.find(request.match_info["id"])
        return web.json_response({"error": "no such order"} if order is None else order.shown(), status=_found(order))

    async def _put_order(self, request: web.Request) -> web.Response:
        """A person at the property company writes: `state`, `by`, and whatever else an event of theirs may say."""
        order, said = self.book.find(request.match_info["id"]), await _object(request)
        if order is None or said is None:
            return web.json_response({"error": "no such order, or no JSON object"}, status=400 if order else 404)
        by = str(said.pop("by", ""))
        event = said.pop("event", EVENTS.get(str(said.get("state")), ""))
        self.book.change(order, by, said)
        if self.hooks is not None and event:
            told = {name: value for name, value in said.items() if name not in {"state", "handler"}}
            self.hooks.tell(order.external_id, event, {"by": by or said.get("handler", ""), **told})
        return web.json_response(order.shown())

    async def _get_events(self, request: web.Request) -> web.Response:
        order, wanted = self.book.orders.get(request.match_info["id"]), request.query.get("idempotency_key")
        events = [] if order is None else order.events
        if wanted is not None:
            keys = [event["idempotency_key"] for event in events]
            events = [{"idempotency_key": key} for key in keys if key == wanted]
        return web.json_response(events, status=_found(order))

    async def _post(self, request: web.Request) -> web.StreamResponse:
        key = request.headers.get("Idempotency-Key", "")
        mood = self.mood.towards(key, self._chance)
        self.book.note_post(key, request.path, mood.name)
        answer = await unstored(request, mood)
        return await self._stored(request, key, mood) if answer is None else answer

    async def _stored(self, request: web.Request, key: str, mood: Mood) -> web.StreamResponse:
        if mood.name == "slow":
            await asyncio.sleep(mood.seconds)
        reply = await self._store(request, key)
        if mood.name == "lost_answer":
            return reset(request)
        if mood.name in STORED:
            return canned(*STORED[mood.name])
        return web.json_response(reply.body, status=reply.status)

    async def _store(self, request: web.Request, key: str) -> Reply:
        body = await _object(request)
        if not key or body is None:
            return Reply(400, {"error": "an Idempotency-Key and a JSON object are needed"})
        if external_id := request.match_info.get("id"):
            return self.book.add_event(external_id, key, body)
        return self.book.open(key, body)


async def _object(request: web.Request) -> dict[str, Any] | None:
    try:
        body = await request.json()
    except ValueError:
        return None
    return dict(body) if isinstance(body, Mapping) else None


def _found(order: object) -> int:
    return 404 if order is None else 200


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
    parser.add_argument("--remembers", type=float, default=float("inf"), help="seconds until a key is forgotten")
    parser.add_argument("--callback-url", help="the gateway's address for callbacks")
    parser.add_argument("--callback-secret", default="")
    given = parser.parse_args()
    hooks = Hooks(given.callback_url, given.callback_secret) if given.callback_url else None
    book = OrderBook(given.journal, given.remembers)
    api = PropertyApi(host=given.host, port=given.port, token=given.token, book=book, seed=given.seed, hooks=hooks)
    api.be(given.mood, given.seconds)
    try:
        asyncio.run(_serve(api))
    except KeyboardInterrupt:
        sys.exit(0)
    except OSError as error:
        sys.exit(f"error: cannot listen on {given.host}:{given.port}: {error.strerror}")


if __name__ == "__main__":
    main()
