"""An address that serves a web application, and lets in only so many connections at a time.

A flood must not take the files that polling needs. Connections count from the moment they are accepted, since a TLS
handshake that never ends costs a file too.
"""

import asyncio
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from logging import Logger

from aiohttp import web

BACKLOG = 128
"""Connections that the system keeps for us until their turn comes; beyond, their owners must try again."""
BURST = 32
"""Connections that are accepted before the rest of the program has its turn."""
NO_FILES_S = 0.5
"""The pause after a connection that could not be accepted: mostly the process is out of files."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one address gives to strangers."""

    most_connections: int = 32
    slowest_request_s: float = 5.0
    """For the TLS handshake, for the headers, and between two requests of one connection."""
    stop_s: float = 2.0


class Door:
    """Opens an address for an application and closes it again."""

    def __init__(self, host: str, port: int, limits: Limits, log: Logger, tls: ssl.SSLContext | None = None) -> None:
        self._host, self._port = host, port
        self._limits, self._log, self._tls = limits, log, tls
        self._runner: web.AppRunner | None = None
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._greeting: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """How many connections are open; one that has just shaken hands counts twice for a moment, never not at all."""
        server = self._runner.server if self._runner else None
        return len(self._greeting) + (len(server.connections) if server else 0)

    async def open(self, app: web.Application) -> None:
        """Listen. Raises OSError if the address cannot be had."""
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=self._log,
            handler_cancellation=True,
            keepalive_timeout=self._limits.slowest_request_s,
            lingering_time=self._limits.stop_s,
            shutdown_timeout=self._limits.stop_s,
        )
        await self._runner.setup()
        for family, address in await self._addresses():
            listening = socket.create_server(address, family=family, backlog=BACKLOG)
            listening.settimeout(0)  # as the event loop wants it
            self._sockets.append(listening)
        self._tasks = {asyncio.create_task(self._let_in(each)) for each in self._sockets}

    async def close(self) -> None:
        """Close the address and finish what is under way."""
        waiting = [*self._tasks, *self._greeting]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for listening in self._sockets:
            listening.close()
        self._sockets.clear()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _addresses(self) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._host or None, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return list(dict.fromkeys((family, (str(address[0]), int(address[1]))) for family, _, _, _, address in found))

    async def _let_in(self, listening: socket.socket) -> None:
        """Accept for ever, a burst in each turn of the loop at most."""
        loop = asyncio.get_running_loop()
        for number in count(1):
            try:
                client, _ = await loop.sock_accept(listening)
            except OSError:
                await asyncio.sleep(NO_FILES_S)
                continue
            if self.connections >= self._limits.most_connections:
                client.close()
            else:
                greeting = loop.create_task(self._greet(client))
                self._greeting.add(greeting)
                greeting.add_done_callback(self._greeting.discard)
            if number % BURST == 0:
                await asyncio.sleep(0)

    async def _greet(self, client: socket.socket) -> None:
        """Shake hands and hand over to the application; whoever cannot is shut out without a word."""
        server = self._runner.server if self._runner else None
        if server is None:
            client.close()
            return
        patience_s = self._limits.slowest_request_s if self._tls else None
        with suppress(OSError):  # the transport closes itself
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(server, client, ssl=self._tls, ssl_handshake_timeout=patience_s)
