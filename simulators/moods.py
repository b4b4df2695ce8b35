"""The ways in which a simulated dispatch API can answer a POST, from politely to with ill will."""

import asyncio
import random
import socket
import struct
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache

from aiohttp import web

MIXED = {
    "ok": 60,
    "lost_answer": 10,
    "error": 5,
    "stored_500": 5,
    "down": 5,
    "bad_json": 4,
    "html_502": 4,
    "busy": 4,
    "slow": 3,
}
"""The moods that `mixed` draws from, with their weights."""

CANNED = {
    "error": (500, "text/plain", "Internal Server Error"),
    "html_502": (502, "text/html", "<html><h1>502 Bad Gateway</h1></html>"),
    "unauthorized": (401, "application/json", '{"error": "who are you"}'),
    "forbidden": (403, "application/json", '{"error": "not for you"}'),
    "not_found": (404, "text/html", "<html><h1>404 Not Found</h1></html>"),
    "too_large": (413, "text/plain", "Request Entity Too Large"),
    "reject": (422, "application/json", '{"error": "cannot be processed"}'),
    "wrong_key": (201, "application/json", '{"work_order_id": "WO-999999", "idempotency_key": "of-another"}'),
}
STORED = {
    "bad_json": (200, "application/json", '{"work_order_id": "WO-'),
    "empty_200": (200, "text/plain", ""),
    "stored_500": (500, "text/plain", "Internal Server Error"),
}
HOSTILE = {"drip_body", "drip_headers", "gzip_bomb", "huge", "redirect"}
MOODS = {"ok", "slow", "lost_answer", "down", "busy", "mixed", *CANNED, *STORED, *HOSTILE}
"""Stored: ok, slow, and without a proper answer lost_answer, bad_json, empty_200, stored_500. Others store nothing."""

_HUGE_BYTES = 100_000_000
_CHUNK = b" " * 65_536


@dataclass(frozen=True, slots=True)
class Mood:
    """How the API answers POSTs; `seconds` is the delay of slow, between bytes of a drip, the Retry-After of busy.

    It holds for keys that have `only` in them; all others are answered politely.
    """

    name: str = "ok"
    seconds: float = 1.0
    only: str = ""

    def towards(self, key: str, chance: random.Random) -> "Mood":
        """How a POST with that key is met: `mixed` stands for one of several."""
        if self.only not in key:
            return Mood()
        if self.name != "mixed":
            return self
        return Mood(chance.choices(list(MIXED), list(MIXED.values()))[0], self.seconds)


async def unstored(request: web.Request, mood: Mood) -> web.StreamResponse | None:
    """The answer of a mood in which nothing is stored; None in the others."""
    match mood.name:
        case "down":
            answer: web.StreamResponse | None = reset(request)
        case "busy":
            answer = web.json_response({}, status=429, headers={"Retry-After": f"{mood.seconds:g}"})
        case "redirect":
            answer = web.Response(status=307, headers={"Location": "/elsewhere"})
        case "gzip_bomb":
            headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
            answer = web.Response(body=bomb(), headers=headers)
        case "huge":
            answer = await _streamed(request, _huge())
        case "drip_body":
            answer = await _streamed(request, _drip(mood.seconds))
        case "drip_headers":
            answer = await _drip_headers(request, mood.seconds)
        case name:
            answer = canned(*CANNED[name]) if name in CANNED else None
    return answer


def canned(status: int, content_type: str, text: str) -> web.Response:
    """A fixed answer."""
    return web.Response(status=status, content_type=content_type, text=text)


def reset(request: web.Request) -> web.Response:
    """End the connection with a reset instead of an answer."""
    if request.transport is not None:
        line: socket.socket = request.transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()


async def _streamed(request: web.Request, parts: AsyncIterator[bytes]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(_HUGE_BYTES)})
    await response.prepare(request)
    async for part in parts:
        await response.write(part)
    return response


async def _huge() -> AsyncIterator[bytes]:
    for _ in range(_HUGE_BYTES // len(_CHUNK)):
        yield _CHUNK


async def _drip(seconds: float) -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(seconds)


async def _drip_headers(request: web.Request, seconds: float) -> web.Response:
    line = request.transport
    if line is not None:
        line.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not line.is_closing():
            line.write(b"x")
            await asyncio.sleep(seconds)
    return reset(request)


@cache
def bomb() -> bytes:
    """A hundred megabytes in a hundred kilobytes; made once, which takes a moment."""
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(_CHUNK) for _ in range(_HUGE_BYTES // len(_CHUNK))) + packer.flush()
