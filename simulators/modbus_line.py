"""Opens a line and answers on it: a TCP port, or one end of a pseudo-terminal."""

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import cast

from simulators.modbus_frames import Framing, NotModbusError

_PIECE = 4096
_PTS = "/dev/pts/"

Write = Callable[[bytes], None]


class _Pace:
    """How fast a line is: the answer has arrived when both its bytes and those of the question have passed it.

    Without a time per byte it comes at once.
    """

    def __init__(self, byte_s: float) -> None:
        self._byte_s = byte_s
        self._free_at = 0.0

    def send(self, write: Write, asked: int, answer: bytes) -> None:
        """Write an answer to a request of `asked` bytes in its time."""
        if not self._byte_s:
            write(answer)
            return
        loop = asyncio.get_running_loop()
        self._free_at = max(self._free_at, loop.time()) + self._byte_s * (asked + len(answer))
        loop.call_at(self._free_at, write, answer)


class _Wire(asyncio.Protocol):
    """One client's TCP connection."""

    def __init__(self, framing: Framing, byte_s: float, wires: set[asyncio.Transport]) -> None:
        self._framing, self._pace, self._wires = framing, _Pace(byte_s), wires
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # a stream server makes no other
        self._wires.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wires.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        try:
            for asked, answer in self._framing.answers(data, asyncio.get_running_loop().time()):
                self._pace.send(self._write, asked, answer)
        except NotModbusError:
            self._transport.close()

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


@asynccontextmanager
async def tcp_line(framing: Callable[[], Framing], byte_s: float, host: str, port: int) -> AsyncIterator[int]:
    """Answer on a TCP port while the block runs; yields the port. Raises OSError."""
    wires: set[asyncio.Transport] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Wire(framing(), byte_s, wires), host, port)
    try:
        opened: int = server.sockets[0].getsockname()[1]
        yield opened
    finally:
        server.close()
        for each in tuple(wires):
            each.abort()
        await server.wait_closed()


@asynccontextmanager
async def serial_line(framing: Framing, byte_s: float, path: str) -> AsyncIterator[str]:
    """Answer on a pseudo-terminal while the block runs; yields the path of its far end.

    If there is nothing at `path` and a link can be made there, it leads to the far end for as long.
    """
    near, far = os.openpty()
    try:
        tty.setraw(far)
        os.set_blocking(near, False)
        with _answered(near, framing, _Pace(byte_s)), _linked(Path(path), os.ttyname(far)):
            yield os.ttyname(far)
    finally:
        os.close(near)
        os.close(far)


@contextmanager
def _answered(near: int, framing: Framing, pace: _Pace) -> Iterator[None]:
    loop, closing = asyncio.get_running_loop(), asyncio.Event()

    def write(answer: bytes) -> None:
        if not closing.is_set():
            with suppress(BlockingIOError):  # nobody reads, and the line holds no more
                os.write(near, answer)

    def ready() -> None:
        for asked, answer in framing.answers(os.read(near, _PIECE), loop.time()):
            pace.send(write, asked, answer)

    loop.add_reader(near, ready)
    try:
        yield
    finally:
        loop.remove_reader(near)
        closing.set()


@contextmanager
def _linked(path: Path, name: str) -> Iterator[None]:
    """Have `path` lead to a terminal while the block runs, unless something is there."""
    with suppress(OSError):  # taken, or not ours to write: the terminal's own name does as well
        if _is_left_behind(path):
            path.unlink()
        path.symlink_to(name)
    try:
        yield
    finally:
        with suppress(OSError):
            if path.is_symlink() and str(path.readlink()) == name:
                path.unlink()


def _is_left_behind(path: Path) -> bool:
    """Whether an earlier run was killed and could not take its link away."""
    return path.is_symlink() and str(path.readlink()).startswith(_PTS) and not path.exists()
