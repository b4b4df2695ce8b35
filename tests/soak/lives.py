"""Gateways reduced to what is stored, each a process of its own that says what it was told is on the disk."""

import asyncio
import os
import struct
import time
from pathlib import Path

from gateway.delivery.statefile import StorageFailed
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from tests.delivery.made import make_whole

_WORD = struct.Struct("<Id")
_AT_ONCE = 3


class Life:
    """A process that commits tick after tick, several at once, from number `first` on."""

    def __init__(self, folder: Path, first: int) -> None:
        self._said, said = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._said)
            _live(folder, first, said)
        os.close(said)

    def end(self) -> list[tuple[int, float]]:
        """kill -9; returns the numbers that were acknowledged as stored, and when (of the machine's steady clock)."""
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        said = b""
        while part := os.read(self._said, 1 << 20):
            said += part
        os.close(self._said)
        return [(number, at) for number, at in _WORD.iter_unpack(said[: len(said) // _WORD.size * _WORD.size])]


def _live(folder: Path, first: int, said: int) -> None:
    status = 1
    try:
        asyncio.run(_commit_for_ever(folder, first, said))
    except StorageFailed:
        status = 0  # the power was cut
    finally:
        os._exit(status)


async def _commit_for_ever(folder: Path, first: int, said: int) -> None:
    writer = Writer(Store(folder))

    async def commit(number: int) -> None:
        while True:
            await writer.commit(make_whole(number))
            os.write(said, _WORD.pack(number, time.monotonic()))
            number += _AT_ONCE

    await asyncio.gather(*(commit(first + turn) for turn in range(_AT_ONCE)))


def missing(store: Store, numbers: list[int]) -> list[str]:
    """Rows of these ticks that are not in the store as they were written."""
    db = store._db
    have = {table: {key for (key,) in db.execute(f"SELECT {column} FROM {table}")} for table, column in _KEYS.items()}  # noqa: S608 - literals
    lost = []
    for number in numbers:
        whole = make_whole(number)
        (ticket,) = whole.tickets
        wanted = {
            "tickets": {ticket.id},
            "outbox": {message.key for message in whole.messages},
            "entries": {ticket.id},
            "notices": {ticket.id},
            "closings": {ticket.id},
            "silences": {f"{number}"},
            "heard": {f"{number}"},
            "complaints": {f"{number}"},
        }
        lost += [f"{table} {key}" for table, keys in wanted.items() for key in keys - have[table]]
    return lost


_KEYS = {
    "tickets": "id",
    "outbox": "key",
    "entries": "ticket",
    "notices": "key",
    "closings": "ticket",
    "silences": "id",
    "heard": "id",
    "complaints": "id",
}


def opened(folder: Path) -> tuple[Store, float]:
    """The store, and the seconds that opening took."""
    began = time.monotonic()
    return Store(folder), time.monotonic() - began
