"""Equipment to poll, as cheap as it gets: a Modbus TCP server that answers FC3 from images made beforehand.

Run as a program of its own, so that its CPU is nobody else's. It prints its ports as a line of JSON and serves until
its standard input ends. It is no simulator: whatever address and unit is asked, the same noisy floats come back. On the
last ports, as many as asked for, it listens and never says a word.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import cast

import numpy as np

from benchmarks.window import runner

IMAGES = 61
"""So many answers take turns; a prime number, so that no device always gets the same one."""
MEAN, NOISE = 50.0, 2.0
_REQUEST = 12
_READ_HOLDING = 3


class Wire(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, images: Sequence[bytes]) -> None:
        self._images = cycle(images)
        self._rest = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are of no class of asyncio's

    def data_received(self, data: bytes) -> None:
        """Answer every whole request. What is no FC3 request ends the connection."""
        data = self._rest + data if self._rest else data
        whole = len(data) - len(data) % _REQUEST
        for i in range(0, whole, _REQUEST):
            if data[i + 7] != _READ_HOLDING:
                self._transport.close()
                return
            self._transport.write(answer(data[i : i + _REQUEST], next(self._images)))
        self._rest = data[whole:]


def answer(question: bytes, image: bytes) -> bytes:
    """The frame that answers an FC3 request with the beginning of an image."""
    size = 2 * (question[10] << 8 | question[11])
    head = b"%b%c%c%b%c" % (question[:4], (size + 3) >> 8, (size + 3) & 255, question[6:8], size)
    return head + image[:size]


class Silence(asyncio.Protocol):
    """A connection on which nobody answers."""


def images() -> list[bytes]:
    """The registers 0 to 125 of different moments: big-endian float32."""
    values = np.random.default_rng(7).normal(MEAN, NOISE, (IMAGES, 63))
    return [row.tobytes() for row in values.astype(">f4")]


async def serve(ports: int, silent: int) -> None:
    """Listen on so many free ports of the loopback, say which, and go on until standard input ends."""
    loop = asyncio.get_running_loop()
    answers = images()
    kinds: list[Callable[[], asyncio.Protocol]] = [lambda: Wire(answers)] * ports + [Silence] * silent
    servers = [await loop.create_server(kind, "127.0.0.1", 0, backlog=4096) for kind in kinds]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with runner() as loop:
        loop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
