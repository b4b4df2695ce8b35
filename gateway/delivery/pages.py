"""Reads rows out of a state file page by page, for when the pages that lead to them are lost.

SQLite's own reading starts at the top of a table's tree; where that page is bad, all rows below it are out of reach
although they are whole. Here every leaf page is looked at for itself (https://sqlite.org/fileformat2.html). Which rows
are worth keeping their seal says.
"""

import struct
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from gateway.delivery.rows import TABLES, DamagedRow, Table
from gateway.delivery.statefile import PAGE_BYTES, connect, migrate

_MAGIC = b"SQLite format 3\0"
_LEAF = 0x0D
_LONGEST = 2**24  # bytes of a row; none of ours is near it
_MOST_LOCAL = PAGE_BYTES - 35
_LEAST_LOCAL = (PAGE_BYTES - 12) * 32 // 255 - 23
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_BROKEN = (IndexError, ValueError, struct.error, OverflowError, TypeError)


def scan(path: Path, seen: AbstractSet[str]) -> Iterator[tuple[Table, tuple[Any, ...]]]:
    """Every row with a good seal whose label was not seen, in a file without a log; none if its first page is lost.

    The first page says which pages are free. What those hold was deleted.
    """
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        return
    free = _free_pages(data)
    kinds = _kinds()
    for number in range(2, len(data) // PAGE_BYTES + 1):
        page = _page(data, number)
        if page[0] == _LEAF and number not in free:
            for values in _records(data, page):
                yield from _matching(values, kinds, seen)


def _matching(
    values: list[Any], kinds: Sequence[tuple[Table, list[str], list[Any]]], seen: AbstractSet[str]
) -> Iterator[tuple[Table, Any]]:
    for table, types, defaults in kinds:
        if len(table.sealed) < len(values) <= len(types):
            if table.label(values) in seen:
                return
            filled = [*values, *defaults[len(values) :]]
            row = tuple(
                float(value) if kind == "REAL" and isinstance(value, int) else value
                for value, kind in zip(filled, types, strict=True)
            )
            with suppress(DamagedRow, *_BROKEN):
                table.verify(row)
                yield table, row
                return


def _kinds() -> list[tuple[Table, list[str], list[Any]]]:
    """Of each table, its columns' types and defaults; rows that are older than a column lack it."""
    with closing(connect(Path(":memory:"))) as db:
        migrate(db)
        kinds = []
        for table in TABLES:
            columns = db.execute(f"PRAGMA table_info({table.name})").fetchall()
            defaults = [db.execute(f"SELECT {column[4] or 'NULL'}").fetchone()[0] for column in columns]
            kinds.append((table, [column[2] for column in columns], defaults))
        return kinds


def _free_pages(data: bytes) -> set[int]:
    free: set[int] = set()
    trunk = int.from_bytes(data[32:36], "big")
    while trunk and trunk not in free and trunk <= len(data) // PAGE_BYTES:
        free.add(trunk)
        page = _page(data, trunk)
        trunk, count = struct.unpack_from(">II", page)
        count = min(count, PAGE_BYTES // 4 - 2)
        free.update(struct.unpack_from(f">{count}I", page, 8))
    return free


def _page(data: bytes, number: int) -> bytes:
    if number < 1:
        raise ValueError("no page")
    return data[(number - 1) * PAGE_BYTES : number * PAGE_BYTES]


def _records(data: bytes, page: bytes) -> Iterator[list[Any]]:
    (cells,) = struct.unpack_from(">H", page, 3)
    for cell in range(min(cells, PAGE_BYTES // 4)):
        with suppress(*_BROKEN):
            (at,) = struct.unpack_from(">H", page, 8 + 2 * cell)
            size, at = _varint(page, at)
            _, at = _varint(page, at)
            yield _values(_payload(data, page, at, size))


def _payload(data: bytes, page: bytes, at: int, size: int) -> bytes:
    """A row's bytes, the further pages that it needs included."""
    if size > _LONGEST:
        raise ValueError("longer than any row")
    if size <= _MOST_LOCAL:
        return page[at : at + size]
    local = _LEAST_LOCAL + (size - _LEAST_LOCAL) % (PAGE_BYTES - 4)
    local = local if local <= _MOST_LOCAL else _LEAST_LOCAL
    payload = page[at : at + local]
    (further,) = struct.unpack_from(">I", page, at + local)
    while len(payload) < size:
        page = _page(data, further)
        (further,) = struct.unpack_from(">I", page)
        payload += page[4 : 4 + size - len(payload)]
    return payload


def _values(record: bytes) -> list[Any]:
    end, at = _varint(record, 0)
    values, body = [], end
    while at < end:
        kind, at = _varint(record, at)
        value, body = _value(record, kind, body)
        values.append(value)
    if body != len(record):
        raise ValueError("not a record")
    return values


def _value(record: bytes, kind: int, at: int) -> tuple[Any, int]:
    if kind == 0:
        return None, at
    if kind in _INTEGERS:
        end = at + _INTEGERS[kind]
        return int.from_bytes(record[at:end], "big", signed=True), end
    if kind == 7:
        return struct.unpack_from(">d", record, at)[0], at + 8
    if kind in {8, 9}:
        return kind - 8, at
    end = at + (kind - 12) // 2
    raw = record[at:end]
    return (raw.decode("utf-8", "surrogateescape") if kind % 2 else raw), end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for read in range(9):
        byte = data[at + read]
        if read == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + read + 1
    raise AssertionError
