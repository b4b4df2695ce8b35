"""The local pages of tickets and silences: what stands there, and what a person may do."""

import asyncio
import re
from typing import TypeVar

from aiohttp import web
from pydantic import ValidationError
from pydantic_core import from_json

from gateway.web.deeds import ON_TICKETS, Deed, Hush, wrong
from gateway.web.window import Window

ACTIONS = (*ON_TICKETS, "resend")

_LIMIT = re.compile(r"[1-9][0-9]{0,3}|10000")
_ID = re.compile(r"[A-Za-z0-9._:-]{1,255}")
_Deed = TypeVar("_Deed", bound=Deed)


class TicketPages:
    """Handlers; whoever may not ask has been sent away before."""

    def __init__(self, window: Window, slowest_body_s: float) -> None:
        self._window, self._slowest_body_s = window, slowest_body_s

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [
            web.get("/api/tickets", self._tickets),
            web.get("/api/tickets/{id}", self._ticket),
            web.post("/api/tickets/{id}/{action}", self._act),
            web.get("/api/silences", self._silences),
            web.post("/api/silences", self._silence),
            web.post("/api/silences/{id}/end", self._unsilence),
        ]

    async def _tickets(self, request: web.Request) -> web.Response:
        limit = request.query.get("limit", "100")
        if not _LIMIT.fullmatch(limit):
            raise web.HTTPBadRequest(text="limit must be a whole number from 1 to 10000")
        return web.json_response(await self._window.tickets(request.query.get("status"), int(limit)))

    async def _ticket(self, request: web.Request) -> web.Response:
        ticket = await self._window.ticket(_id(request, "ticket"))
        if ticket is None:
            raise web.HTTPNotFound(text="no such ticket")
        return web.json_response(ticket)

    async def _act(self, request: web.Request) -> web.Response:
        action = request.match_info["action"]
        if action not in ACTIONS:
            raise web.HTTPNotFound(text=f"no such action; there are {', '.join(ACTIONS)}")
        ticket = _id(request, "ticket")
        if action == "resend":
            await self._said(request, Deed)
            if not await self._window.resend(ticket):
                raise web.HTTPNotFound(text="no message of that ticket waits or was refused")
        else:
            event, kind = ON_TICKETS[action]
            await self._window.act((await self._said(request, kind)).callback(ticket, event))
        return web.json_response({"done": action})

    async def _silences(self, request: web.Request) -> web.Response:
        return web.json_response(self._window.silences())

    async def _silence(self, request: web.Request) -> web.Response:
        asked = await self._said(request, Hush)
        return web.json_response(await self._window.silence(asked.silence(), asked.for_s))

    async def _unsilence(self, request: web.Request) -> web.Response:
        silence, said = _id(request, "silence"), await self._said(request, Deed)
        await self._window.unsilence(silence, said.by)
        return web.json_response({"done": "end"})

    async def _said(self, request: web.Request, kind: type[_Deed]) -> _Deed:
        """The body, a JSON object; nothing else says anything."""
        try:
            async with asyncio.timeout(self._slowest_body_s):
                body = await request.read()
            said = from_json(body) if body else {}
        except TimeoutError as error:
            raise web.HTTPRequestTimeout(text="the body did not come") from error
        except ValueError as error:
            raise web.HTTPBadRequest(text="the body must be JSON") from error
        try:
            return kind.model_validate(said if isinstance(said, dict) else {})
        except ValidationError as error:
            raise web.HTTPBadRequest(text=wrong(error, kind)) from error


def _id(request: web.Request, what: str) -> str:
    found = request.match_info["id"]
    if not _ID.fullmatch(found):
        raise web.HTTPNotFound(text=f"no such {what}")
    return found
