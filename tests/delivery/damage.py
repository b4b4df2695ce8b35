"""Ways in which a state file can be damaged, and what a start may make of it: it keeps rows or names them."""

import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.core.types import Status
from gateway.delivery.records import Changes
from gateway.delivery.rows import TABLES
from gateway.delivery.statefile import FILE, PAGE_BYTES
from gateway.delivery.store import Store
from tests.delivery.made import make_ticket, make_whole

Rows = Mapping[tuple[str, ...], tuple[Any, ...]]


def whole_file(folder: Path, ticks: int) -> tuple[bytes, Rows]:
    """A state file with rows in all tables, some of which were changed or deleted again, and the rows."""
    store = Store(folder)
    for tick in range(ticks + ticks // 5):
        store.commit(make_whole(tick))
    for tick in range(ticks // 2):
        closed = make_ticket(tick, status=Status.CLOSED, closed_at=1.0 + tick, advice="x" * 10 * tick)
        store.commit(Changes((closed,)))
        if tick < ticks // 5:
            for message in make_whole(tick).messages:
                store.sent(message.key, 2.0, "")
    assert store.prune(before=1000.0, limit=ticks) == ticks // 5
    rows = rows_of(store)
    store.close()
    return (folder / FILE).read_bytes(), rows


def rows_of(store: Store) -> Rows:
    """The sealed columns of every row, by table and key."""
    found = {}
    for table in TABLES:
        for row in store._db.execute(f"SELECT {', '.join(table.sealed)} FROM {table.name}"):  # noqa: S608 - our own names
            found[table.name, *map(str, row[: len(table.key)])] = row
    return found


@dataclass(frozen=True, slots=True)
class Start:
    """What a start on a damaged file found."""

    kept: int
    lost: int
    named: list[str]


def start(folder: Path, data: bytes, rows: Rows) -> Start:
    """Start on this file twice; fails if a row was invented, or lost without a word, or lost later."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / FILE).write_bytes(data)
    store = Store(folder)
    kept, named = rows_of(store), store.load().damaged
    store.close()
    assert kept.items() <= rows.items(), f"invented: {list(dict(kept.items() - rows.items()))[:3]}"
    assert named or len(kept) == len(rows), f"lost without a word: {list(rows.keys() - kept.keys())[:3]}"
    again = Store(folder)
    assert (rows_of(again), again.load().damaged) == (kept, []), "the next start finds all in order"
    again.close()
    return Start(len(kept), len(rows) - len(kept), named)


def flip(data: bytearray, chance: random.Random) -> None:
    """One byte is another."""
    data[chance.randrange(len(data))] ^= chance.randrange(1, 256)


def zero(data: bytearray, chance: random.Random) -> None:
    """One page is empty."""
    data[_page(data, chance)] = bytes(PAGE_BYTES)


def noise(data: bytearray, chance: random.Random) -> None:
    """One page is garbage."""
    data[_page(data, chance)] = chance.randbytes(PAGE_BYTES)


def tear(data: bytearray, chance: random.Random) -> None:
    """Of one page only the first sectors were written."""
    page = _page(data, chance)
    at = page.start + 512 * chance.randrange(1, PAGE_BYTES // 512)
    data[at : page.stop] = data[_page(data, chance)][: page.stop - at]


def misplace(data: bytearray, chance: random.Random) -> None:
    """One page was written over another."""
    data[_page(data, chance)] = data[_page(data, chance)]


def cut(data: bytearray, chance: random.Random) -> None:
    """The end is missing."""
    del data[chance.randrange(len(data)) :]


def garbage(data: bytearray, chance: random.Random) -> None:
    """Nothing is as it was."""
    data[:] = chance.randbytes(len(data))


ONE_PAGE: tuple[Callable[[bytearray, random.Random], None], ...] = (flip, zero, noise, tear, misplace)
KINDS = (*ONE_PAGE, cut, garbage)


def _page(data: bytearray, chance: random.Random) -> slice:
    start = PAGE_BYTES * chance.randrange(len(data) // PAGE_BYTES)
    return slice(start, start + PAGE_BYTES)
