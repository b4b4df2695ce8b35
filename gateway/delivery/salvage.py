"""Reads every row with a good seal out of a state file, whatever happened to the file.

First as SQLite reads it, from the front and from the back of each table; then under a fresh first page, if that is
what is missing; then page by page.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from gateway.delivery import pages
from gateway.delivery.rows import OUTBOX, TABLES, DamagedRow, Table
from gateway.delivery.statefile import PAGE_BYTES, connect, migrate, shape

UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)  # the latter from an error text that quotes the damage
_MISSES_UNTIL_END = 500


def good_rows(path: Path) -> Iterator[tuple[Table, tuple[Any, ...]]]:
    """Rows with a good seal, some twice: from the file as it is, under a fresh first page if need be, by page."""
    seen: set[str] = set()
    for fresh_first_page in (False, True):
        copy = _copy(path, fresh_first_page=fresh_first_page)
        with closing(connect(copy)) as db:
            for table in TABLES:
                for row in _readable(db, table):
                    with suppress(DamagedRow, TypeError, IndexError):
                        table.verify(row)
                        seen.add(table.label(row))
                        yield table, _with_known_state(table, row)
            is_readable = _has_tables(db)
        yield from [(table, _with_known_state(table, row)) for table, row in pages.scan(copy, seen)]
        for part in (copy, *parts(copy)):
            part.unlink(missing_ok=True)
        if is_readable:
            return


def _has_tables(db: sqlite3.Connection) -> bool:
    with suppress(*UNREADABLE), closing(connect(Path(":memory:"))) as fresh:
        migrate(fresh)
        return shape(db) == shape(fresh)
    return False


def _with_known_state(table: Table, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Free columns carry no seal: where they cannot be what was written, the message is simply due."""
    if table is not OUTBOX:
        return row
    width = len(OUTBOX.sealed) + 1
    state, attempts, next_at, first_at, answer, *others = row[width:]
    known = state in {"pending", "sent", "parked"} and isinstance(attempts, int) and isinstance(next_at, float)
    return row if known and isinstance(answer, str) else (*row[:width], "pending", 0, 0.0, first_at, "", *others)


def _readable(db: sqlite3.Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """Every row that can be reached: from the front, from the back, then one by one through what lies between."""
    first, last = 0, 1 << 62
    for order in ("ASC", "DESC"):
        try:
            for rowid, *row in db.execute(f"{select(table)} ORDER BY rowid {order}"):
                yield tuple(row)
                first, last = (rowid, last) if order == "ASC" else (first, rowid)
        except UNREADABLE:
            continue
        return
    misses = 0
    while (first := first + 1) < last and misses < _MISSES_UNTIL_END:
        misses += 1
        with suppress(*UNREADABLE):
            for _, *row in db.execute(f"{select(table)} WHERE rowid = ?", (first,)):
                yield tuple(row)
                misses = 0


def _copy(path: Path, *, fresh_first_page: bool) -> Path:
    """Copy the file and its log; the first page (header and list of tables) can be replaced by a new one."""
    copy = beside(path, "reading")
    shutil.copyfile(path, copy)
    log_file = path.with_name(path.name + "-wal")
    if log_file.exists():
        shutil.copyfile(log_file, copy.with_name(copy.name + "-wal"))
    if fresh_first_page:
        build(beside(path, "new"), [])
        _graft(copy, beside(path, "new").read_bytes())
    return copy


def _graft(copy: Path, blank: bytes) -> None:
    """Give `copy` the first page of an empty file, and the further pages that it has lost."""
    size = max(copy.stat().st_size, len(blank))
    page = bytearray(blank[:PAGE_BYTES])
    page[18:20] = b"\2\2"  # it has a write-ahead log
    page[28:32] = (size // PAGE_BYTES).to_bytes(4, "big")
    with copy.open("r+b") as file:
        file.write(page)
        file.seek(0, os.SEEK_END)
        file.write(blank[file.tell() :])


def select(table: Table) -> str:
    """A query for all of a table's rows, each with its rowid first."""
    return f"SELECT rowid, {', '.join(table.columns)} FROM {table.name} NOT INDEXED"  # noqa: S608 - our own names


def beside(path: Path, name: str) -> Path:
    """A file of that name beside the state file."""
    return path.with_name(f"{path.name}.{name}")


def parts(path: Path) -> tuple[Path, Path]:
    """The state file's log and the index of the log."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def build(path: Path, rows: list[tuple[Table, tuple[Any, ...]]]) -> None:
    """Make a new state file of these rows."""
    for part in (path, path.with_name(path.name + "-journal")):
        part.unlink(missing_ok=True)
    with closing(connect(path)) as db:
        migrate(db)
        db.execute("BEGIN IMMEDIATE")
        for table, row in rows:
            marks = ", ".join("?" * len(row))
            db.execute(f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})", row)  # noqa: S608
        db.execute("COMMIT")
