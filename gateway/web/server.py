"""The local pages: health that says which part is degraded and why, metrics, tickets and what a person may do to them.

Bound to the loopback interface. Reading is open to this machine; changing anything needs the control token, which
only the owner of the state folder can read. The server decides nothing: it asks the `Window` that the daemon gives it.
"""

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from gateway.core.denial import Denied, Missing
from gateway.core.mark import HEADER, mark
from gateway.web.door import Door, Limits
from gateway.web.tickets import TicketPages
from gateway.web.window import Unavailable, Window

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 65_536
SLOWEST_REQUEST_S = 5.0
"""For the headers, for the body, and between two requests of one connection."""
SLOWEST_ANSWER_S = 30.0
MOST_CONNECTIONS = 32
STOP_S = 2.0

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:]*)(?::\d+)?", re.IGNORECASE)


class LocalWeb:
    """An aiohttp server on one address."""

    def __init__(self, bind: str, token: str, window: Window, registry: CollectorRegistry) -> None:
        host, _, port = bind.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._hosts = {host.lower(), "localhost", "127.0.0.1", "[::1]"}
        self._token = token
        self._window = window
        self._registry = registry
        self._door: Door | None = None

    def application(self) -> web.Application:
        """All pages, with who may see them."""
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._guard])
        app.on_response_prepare.append(self._sign)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/api/status", self._status)
        app.router.add_get("/api/why", self._why)
        app.router.add_post("/api/reload", self._reload)
        app.router.add_routes(TicketPages(self._window, SLOWEST_REQUEST_S).routes())
        return app

    async def start(self) -> None:
        """Listen. Raises OSError if the address is taken."""
        limits = Limits(MOST_CONNECTIONS, SLOWEST_REQUEST_S, STOP_S)
        self._door = Door(self._host, self._port, limits, log)
        await self._door.open(self.application())

    async def stop(self) -> None:
        """Close the address and finish what is under way."""
        if self._door is not None:
            await self._door.close()

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
        except Missing as nothing:
            raise web.HTTPNotFound(text=str(nothing)) from nothing
        except Denied as refused:
            said = {"error": str(refused), "kind": refused.kind, "words": refused.words}
            return web.json_response(said, status=409)

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

    async def _reload(self, request: web.Request) -> web.Response:
        return web.json_response(await self._window.reload())


def _is_our_fault(record: logging.LogRecord) -> bool:
    """Whoever sends what is no HTTP must not be able to fill the log."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


log.addFilter(_is_our_fault)
