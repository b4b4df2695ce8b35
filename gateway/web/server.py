"""The local pages: health that says which part is degraded and why, metrics, tickets and what a person may do to them.

Bound to the loopback interface. Reading is open to this machine; changing anything needs the control token, which
only the owner of the state folder can read. The server decides nothing: it asks the `Window` that the daemon gives it.
"""

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

MAX_BODY_BYTES = 65_536
ACTIONS = ("ack", "close", "resend")


class Window(Protocol):
    """What the pages show of the daemon, as JSON types."""

    def health(self) -> Mapping[str, Any]:
        """The health report."""
        ...

    def status(self) -> Mapping[str, Any]:
        """Health, devices and counts."""
        ...

    async def tickets(self, status: str | None, limit: int) -> list[Mapping[str, Any]]:
        """Tickets, newest first."""
        ...

    async def ticket(self, ticket_id: str) -> Mapping[str, Any] | None:
        """One ticket with its messages, or None."""
        ...

    async def act(self, ticket_id: str, action: str, by: str) -> bool:
        """Acknowledge, close or send again; False if no such ticket is open."""
        ...


class LocalWeb:
    """An aiohttp server on one address."""

    def __init__(self, bind: str, token: str, window: Window, registry: CollectorRegistry) -> None:
        host, _, port = bind.rpartition(":")
        self._host, self._port = host, int(port)
        self._token = token
        self._window = window
        self._registry = registry
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen. Raises OSError if the address is taken."""
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._guard])
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/api/status", self._status)
        app.router.add_get("/api/tickets", self._tickets)
        app.router.add_get("/api/tickets/{id}", self._ticket)
        app.router.add_post("/api/tickets/{id}/{action}", self._act)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def stop(self) -> None:
        """Close the address and finish what is under way."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Refuse browsers that were lured here (Host, Origin), and changes without the token."""
        host = request.host.rpartition(":")[0] or request.host
        if host not in {self._host, "localhost", "127.0.0.1", "[::1]"} or "Origin" in request.headers:
            raise web.HTTPForbidden(text="this page is for this machine only")
        if request.method != "GET":
            given = request.headers.get("Authorization", "").encode()
            if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
                raise web.HTTPUnauthorized(text="a control token is needed to change anything")
        return await handler(request)

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response(self._window.health())

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response(self._window.status())

    async def _tickets(self, request: web.Request) -> web.Response:
        limit = request.query.get("limit", "100")
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= 10_000):
            raise web.HTTPBadRequest(text="limit must be a whole number from 1 to 10000")
        return web.json_response(await self._window.tickets(request.query.get("status"), int(limit)))

    async def _ticket(self, request: web.Request) -> web.Response:
        ticket = await self._window.ticket(request.match_info["id"])
        if ticket is None:
            raise web.HTTPNotFound(text="no such ticket")
        return web.json_response(ticket)

    async def _act(self, request: web.Request) -> web.Response:
        action = request.match_info["action"]
        if action not in ACTIONS:
            raise web.HTTPNotFound(text=f"no such action; there are {', '.join(ACTIONS)}")
        by = "local"
        with suppress(json.JSONDecodeError, UnicodeDecodeError):
            body = await request.json()
            by = str(body.get("by", by))[:64] if isinstance(body, dict) else by
        if not await self._window.act(request.match_info["id"], action, by):
            raise web.HTTPNotFound(text="no such open ticket")
        return web.json_response({"done": action})
