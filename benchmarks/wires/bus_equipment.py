"""A serial bus, as a program: units on the far end of a pseudo-terminal that answer slowly, or never.

Prints the address of the near end as a line of JSON and serves until its standard input ends.
"""

import asyncio
import json
import os
import sys
import tty
from collections.abc import Collection, Sequence
from itertools import cycle

from pymodbus.framer import FramerRTU

from benchmarks.equipment import images

_REQUEST = 8


class Bus:
    """The units. A silent unit's question is dropped: the patience of whoever asked ends it."""

    def __init__(self, line: int, values: Sequence[bytes], answer_s: float, silent: Collection[int]) -> None:
        self._line, self._values, self._answer_s, self._silent = line, cycle(values), answer_s, silent
        self._rest = b""

    def read(self) -> None:
        """Answer what was asked, when the line has had time for it."""
        data = self._rest + os.read(self._line, 1024)
        while len(data) >= _REQUEST:
            question, data = data[:_REQUEST], data[_REQUEST:]
            if question[0] not in self._silent:
                asyncio.get_running_loop().call_later(self._answer_s, self._answer, question)
        self._rest = data

    def _answer(self, question: bytes) -> None:
        size = 2 * (question[4] << 8 | question[5])
        body = question[:2] + bytes([size]) + next(self._values)[:size]
        os.write(self._line, body + FramerRTU.compute_CRC(body).to_bytes(2, "big"))


async def serve(answer_s: float, silent: Collection[int]) -> None:
    """Open a line, say where its near end is, and go on until standard input ends."""
    loop, (far, near) = asyncio.get_running_loop(), os.openpty()
    tty.setraw(near)
    loop.add_reader(far, Bus(far, images(), answer_s, silent).read)
    print(json.dumps([f"rtu://{os.ttyname(near)}"]), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), frozenset(map(int, sys.argv[2:]))))
