"""The local pages: health that says which part is degraded and why, metrics, tickets and what a person may do to them.

Bound to the loopback interface. Reading is open to this machine; changing anything needs the control token, which
only the owner of the state folder can read. The server decides nothing: it asks the `Window` that the daemon gives it.
"""

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from pydantic_core import from_json

from gateway.core.mark import HEADER, mark
from gateway.core.types import Verdict
from gateway.web.door import Door

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 65_536
SLOWEST_REQUEST_S = 5.0
"""For the headers, for the body, and between two requests of one connection."""
SLOWEST_ANSWER_S = 30.0
MOST_CONNECTIONS = 32
STOP_S = 2.0
ACTIONS = ("ack", "close", "resend")

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:]*)(?::\d+)?", re.IGNORECASE)
_LIMIT = re.compile(r"[1-9][0-9]{0,3}|10000")
_TICKET = re.compile(r"[A-Za-z0-9._:-]{1,255}")
_NOT_SHOWN = re.compile(r"[^\w .,:@/+'()-]")


class Unavailable(Exception):
    """What was asked for cannot be had now; ask again later."""


class Window(Protocol):
    """What the pages show of the daemon, as JSON types. Methods that reach for the disk may raise Unavailable."""

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

    def why(self, rule: str, device: str) -> Mapping[str, Any] | None:
        """How a rule stands on a device, part by part; None if it does not watch it."""
        ...

    async def act(self, ticket_id: str, action: str, by: str, verdict: Verdict) -> bool:
        """Acknowledge, close with a verdict, or send again; False if no such ticket is open."""
        ...

    async def reload(self) -> Mapping[str, Any]:
        """Take the configuration over as it is written now; what became of that."""
        ...


class LocalWeb:
    """An aiohttp server on one address."""

    def __init__(self, bind: str, token: str, window: Window, registry: CollectorRegistry) -> None:
        host, _, port = bind.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._hosts = {host.lower(), "localhost", "127.0.0.1", "[::1]"}
        self._token = token
        self._window = window
        self._registry = registry
        self._runner: web.AppRunner | None = None
        self._door: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises OSError if the address is taken."""
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._guard])
        app.on_response_prepare.append(self._sign)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/api/status", self._status)
        app.router.add_get("/api/why", self._why)
        app.router.add_get("/api/tickets", self._tickets)
        app.router.add_get("/api/tickets/{id}", self._ticket)
        app.router.add_post("/api/tickets/{id}/{action}", self._act)
        app.router.add_post("/api/reload", self._reload)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=log,
            handler_cancellation=True,
            keepalive_timeout=SLOWEST_REQUEST_S,
            lingering_time=STOP_S,
            shutdown_timeout=STOP_S,
        )
        await self._runner.setup()
        if self._runner.server is not None:
            door = Door(self._runner.server, MOST_CONNECTIONS)
            loop = asyncio.get_running_loop()
            self._door = await loop.create_server(door, self._host, self._port, backlog=MOST_CONNECTIONS)

    async def stop(self) -> None:
        """Close the address and finish what is under way."""
        if self._door is not None:
            self._door.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _sign(self, request: web.Request, response: web.StreamResponse) -> None:
        """Show whose pages these are, also when the answer is no."""
        response.headers[HEADER] = mark(self._token)

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Refuse browsers that were lured here (Host, Origin), changes without the token, and whoever dawdles."""
        host = _HOST.fullmatch(request.headers.get("Host", ""))
        if host is None or host[1].lower() not in self._hosts or "Origin" in request.headers:
            raise web.HTTPForbidden(text="this page is for this machine only")
        if request.method not in {"GET", "HEAD"}:
            given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
            if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
                raise web.HTTPUnauthorized(text="a control token is needed to change anything")
        try:
            async with asyncio.timeout(SLOWEST_ANSWER_S):
                return await handler(request)
        except (Unavailable, TimeoutError) as error:
            raise web.HTTPServiceUnavailable(text=str(error) or "this took too long") from error

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response(self._window.health())

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response(self._window.status())

    async def _why(self, request: web.Request) -> web.Response:
        found = self._window.why(request.query.get("rule", ""), request.query.get("device", ""))
        if found is None:
            raise web.HTTPNotFound(text="no such rule watches such a device")
        return web.json_response(found)

    async def _tickets(self, request: web.Request) -> web.Response:
        limit = request.query.get("limit", "100")
        if not _LIMIT.fullmatch(limit):
            raise web.HTTPBadRequest(text="limit must be a whole number from 1 to 10000")
        return web.json_response(await self._window.tickets(request.query.get("status"), int(limit)))

    async def _ticket(self, request: web.Request) -> web.Response:
        ticket = await self._window.ticket(_ticket_id(request))
        if ticket is None:
            raise web.HTTPNotFound(text="no such ticket")
        return web.json_response(ticket)

    async def _act(self, request: web.Request) -> web.Response:
        action = request.match_info["action"]
        if action not in ACTIONS:
            raise web.HTTPNotFound(text=f"no such action; there are {', '.join(ACTIONS)}")
        ticket, said = _ticket_id(request), await _said(request)
        if "verdict" in said and action != "close":
            raise web.HTTPBadRequest(text="only a closing has a verdict")
        if not await self._window.act(ticket, action, _by(said), _verdict(said)):
            raise web.HTTPNotFound(text="no such open ticket")
        return web.json_response({"done": action})

    async def _reload(self, request: web.Request) -> web.Response:
        return web.json_response(await self._window.reload())


def _is_our_fault(record: logging.LogRecord) -> bool:
    """Whoever sends what is no HTTP must not be able to fill the log."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


log.addFilter(_is_our_fault)


def _ticket_id(request: web.Request) -> str:
    ticket = request.match_info["id"]
    if not _TICKET.fullmatch(ticket):
        raise web.HTTPNotFound(text="no such ticket")
    return ticket


async def _said(request: web.Request) -> Mapping[str, Any]:
    """The body, a JSON object; nothing else says anything."""
    try:
        async with asyncio.timeout(SLOWEST_REQUEST_S):
            body = await request.read()
        said = from_json(body) if body else {}
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text="the body did not come") from error
    except ValueError as error:
        raise web.HTTPBadRequest(text="the body must be JSON") from error
    return said if isinstance(said, dict) else {}


def _by(said: Mapping[str, Any]) -> str:
    """Who asks, in characters that can stand in a log and in a letter; "local" if the body does not say."""
    return _NOT_SHOWN.sub("", str(said.get("by", "")))[:64].strip() or "local"


def _verdict(said: Mapping[str, Any]) -> Verdict:
    """What the ticket was; that the work is done, if the body does not say."""
    verdict = said.get("verdict", Verdict.DONE)
    if not isinstance(verdict, str) or verdict not in {*Verdict}:
        raise web.HTTPBadRequest(text=f"verdict must be one of {', '.join(Verdict)}")
    return Verdict(verdict)
