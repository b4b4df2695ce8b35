"""A TCP server for a test, gone with all that it has opened when the block ends."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_MADE_BY = 3  # turns of the loop, from a connection that is accepted to one that is made


class _Line(asyncio.StreamReaderProtocol):
    """One connection; what `open_lines` holds is known even where its task has not begun."""

    def __init__(self, serve: Serve, open_lines: set[asyncio.Transport]) -> None:
        super().__init__(asyncio.StreamReader(), serve)
        self._open_lines = open_lines

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._open_lines.add(cast("asyncio.Transport", transport))  # uvloop's are none by their class
        super().connection_made(transport)


@asynccontextmanager
async def listening(serve: Serve, *, tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[int]:
    """Serve every connection while the block lasts; yields the port. A connection that ends in between is no error."""
    busy: set[asyncio.Task[None]] = set()
    lines: set[asyncio.Transport] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        busy.add(task)
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass
        finally:
            busy.discard(task)
            writer.transport.abort()

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Line(served, lines), "127.0.0.1", port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.remove_reader(server.sockets[0].fileno())
        for _ in range(_MADE_BY):  # a closed server would drop, and never close, what asyncio has accepted by now
            await asyncio.sleep(0)
        server.close()
        for task in tuple(busy):
            task.cancel()
        if busy:
            await asyncio.wait(busy)
        for line in lines:
            line.abort()
        await asyncio.sleep(0)  # transports are closed by the loop
