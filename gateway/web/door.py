"""Lets in only so many connections at a time, so that a flood cannot take the files that polling needs."""

import asyncio

from aiohttp import web


class Door:
    """Makes the protocol of each new connection to a server."""

    def __init__(self, server: web.Server, most: int) -> None:
        self._server = server
        self._most = most

    def __call__(self) -> asyncio.Protocol:
        """Let in, or shut at once."""
        return self._server() if len(self._server.connections) < self._most else _Shut()


class _Shut(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
