"""A serial bus behind a Modbus TCP gateway, as a program: one answer at a time, each slow, and units that are silent.

Prints its port as a line of JSON and serves until its standard input ends.
"""

import asyncio
import json
import sys
from collections.abc import Collection, Sequence
from itertools import cycle
from typing import cast

from benchmarks.equipment import answer, images
from benchmarks.window import runner

_REQUEST = 12


class Bus(asyncio.Protocol):
    """One client's connection. A silent unit's question is dropped: the client's patience ends it."""

    def __init__(self, values: Sequence[bytes], answer_s: float, silent: Collection[int]) -> None:
        self._values, self._answer_s, self._silent = cycle(values), answer_s, silent
        self._rest = b""
        self._free_at = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are of no class of asyncio's

    def data_received(self, data: bytes) -> None:
        """Answer every whole question when the line has had time for it."""
        data = self._rest + data
        while len(data) >= _REQUEST:
            question, data = data[:_REQUEST], data[_REQUEST:]
            if question[6] not in self._silent:
                self._answer(question)
        self._rest = data

    def _answer(self, question: bytes) -> None:
        loop = asyncio.get_running_loop()
        self._free_at = max(self._free_at, loop.time()) + self._answer_s
        loop.call_at(self._free_at, self._write, answer(question, next(self._values)))

    def _write(self, frame: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(frame)


async def serve(answer_s: float, silent: Collection[int]) -> None:
    """Listen on a free port of the loopback, say which, and go on until standard input ends."""
    loop, values = asyncio.get_running_loop(), images()
    server = await loop.create_server(lambda: Bus(values, answer_s, silent), "127.0.0.1", 0)
    print(json.dumps([server.sockets[0].getsockname()[1]]), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with runner() as loop:
        loop.run(serve(float(sys.argv[1]), frozenset(map(int, sys.argv[2:]))))
