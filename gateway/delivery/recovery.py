"""Opens the state file whatever happened to it: sets a damaged file or row aside, keeps every row whose seal is good.

A damaged file is rebuilt beside itself and swapped in by renames, each of which may be the last thing that happens:
the rebuilt file gets the name `.salvaged` only when it is complete, and the next start finishes the swap.
"""

import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from gateway.delivery.rows import OUTBOX, TABLES, DamagedRow, Table
from gateway.delivery.statefile import (
    PAGE_BYTES,
    DamagedFile,
    StorageFailed,
    check,
    connect,
    migrate,
    sync_folder,
)

log = logging.getLogger(__name__)

_MISSES_UNTIL_END = 500
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
_UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)  # the latter from an error text that quotes the damage


def open_state(path: Path) -> tuple[sqlite3.Connection, list[str]]:
    """Open or create the state file; returns it with what was found damaged, for people. Raises StorageFailed."""
    try:
        damaged = _finish_swap(path) + _create(path)
        try:
            db, bad_rows = _open(path)
        except (DamagedFile, *_UNREADABLE) as error:
            if not _is_damage(path, error):
                raise
            damaged += _salvage(path, str(error))
            db, bad_rows = _open(path)
        return db, damaged + bad_rows
    except (sqlite3.Error, OSError) as error:
        raise StorageFailed(f"cannot open {path}: {error}") from error


def set_aside(db: sqlite3.Connection, table: Table, rowid: int, row: tuple[Any, ...], reason: str) -> str:
    """Move one damaged row out of the way, inside the caller's transaction; returns its name for people."""
    what = table.label(row).encode("utf-8", "replace").decode()
    body = row[len(table.sealed) - 1]
    db.execute("INSERT INTO damaged (what, reason, body) VALUES (?, ?, ?)", (what, reason, body))
    db.execute(f"DELETE FROM {table.name} WHERE rowid = ?", (rowid,))  # noqa: S608 - our own table names
    log.error("row=%r set_aside=%s", what, reason)
    return f"{what}: {reason}"


def _open(path: Path) -> tuple[sqlite3.Connection, list[str]]:
    if (size := path.stat().st_size) < PAGE_BYTES:  # SQLite would take it for a new file and drop its log
        raise DamagedFile(f"cut to {size} bytes")
    db = connect(path)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        migrate(db)
        check(db)
        return db, _set_rows_aside(db)
    except BaseException:
        db.close()
        raise


def _is_damage(path: Path, error: Exception) -> bool:
    """Tell a bad file from a bad disk. A damaged header can also claim that a writable file is read-only."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    claims_read_only = code == sqlite3.SQLITE_READONLY and os.access(path, os.W_OK)
    return isinstance(error, (DamagedFile, UnicodeDecodeError)) or code in _DAMAGE or claims_read_only


def _set_rows_aside(db: sqlite3.Connection) -> list[str]:
    bad = [(table, *found) for table in TABLES for found in _bad_rows(db, table)]
    db.execute("BEGIN IMMEDIATE")
    damaged = [set_aside(db, table, rowid, row, reason) for table, rowid, row, reason in bad]
    for table in ("outbox", "notices"):
        db.execute(f"UPDATE {table} SET state = 'pending' WHERE state NOT IN ('pending', 'sent', 'parked')")  # noqa: S608 - literals
    db.execute("COMMIT")
    return damaged


def _bad_rows(db: sqlite3.Connection, table: Table) -> Iterator[tuple[int, tuple[Any, ...], str]]:
    for rowid, *row in db.execute(_select(table)):
        try:
            table.verify(row)
        except DamagedRow as reason:
            yield rowid, tuple(row), str(reason)


def _create(path: Path) -> list[str]:
    """Make a new file under its name in one step, so that one without a full page can only be a damaged one."""
    if path.exists():
        return []
    stray = [part for part in _parts(path) if part.exists()]
    if stray:
        _move_aside(path)
    _build(_beside(path, "new"), [])
    _beside(path, "new").replace(path)
    sync_folder(path.parent)
    return ["the state file was gone, its log was left"] if stray else []


def _salvage(path: Path, reason: str) -> list[str]:
    log.error("file=%s damaged=%r salvaging", path.name, reason)
    rows: dict[str, tuple[Table, tuple[Any, ...]]] = {}
    for table in TABLES:
        for row in _good_rows(path, table):
            rows.setdefault(table.label(row), (table, row))
    _build(_beside(path, "new"), list(rows.values()))
    _beside(path, "new").replace(_beside(path, "salvaged"))
    sync_folder(path.parent)
    return [f"{note} ({reason}; {len(rows)} rows kept)" for note in _finish_swap(path)]


def _finish_swap(path: Path) -> list[str]:
    salvaged = _beside(path, "salvaged")
    if not salvaged.exists():
        return []
    kept = _move_aside(path)  # the log before the file: an old log must never meet a new file
    salvaged.replace(path)
    sync_folder(path.parent)
    return [f"the state file was damaged and is kept as {kept}"]


def _move_aside(path: Path) -> str:
    number = 1
    while _beside(path, f"corrupt-{number}").exists():
        number += 1
    kept = _beside(path, f"corrupt-{number}")
    for suffix in ("-shm", "-wal", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(kept.with_name(kept.name + suffix))
    return kept.name


def _build(path: Path, rows: list[tuple[Table, tuple[Any, ...]]]) -> None:
    for part in (path, path.with_name(path.name + "-journal")):
        part.unlink(missing_ok=True)
    with closing(connect(path)) as db:
        migrate(db)
        db.execute("BEGIN IMMEDIATE")
        for table, row in rows:
            marks = ", ".join("?" * len(row))
            db.execute(f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})", row)  # noqa: S608
        db.execute("COMMIT")


def _good_rows(path: Path, table: Table) -> Iterator[tuple[Any, ...]]:
    """Rows with a good seal, some twice: from the file as it is, then from the file under a fresh first page."""
    for fresh_first_page in (False, True):
        copy = _copy(path, fresh_first_page=fresh_first_page)
        with closing(connect(copy)) as db:
            for row in _readable(db, table):
                with suppress(DamagedRow, TypeError, IndexError):
                    table.verify(row)
                    yield _with_known_state(table, row)
        for part in (copy, *_parts(copy)):
            part.unlink(missing_ok=True)


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
            for rowid, *row in db.execute(f"{_select(table)} ORDER BY rowid {order}"):
                yield tuple(row)
                first, last = (rowid, last) if order == "ASC" else (first, rowid)
        except _UNREADABLE:
            continue
        return
    misses = 0
    while (first := first + 1) < last and misses < _MISSES_UNTIL_END:
        misses += 1
        with suppress(*_UNREADABLE):
            for _, *row in db.execute(f"{_select(table)} WHERE rowid = ?", (first,)):
                yield tuple(row)
                misses = 0


def _copy(path: Path, *, fresh_first_page: bool) -> Path:
    """Copy the file and its log; the first page (header and list of tables) can be replaced by a new one."""
    copy = _beside(path, "reading")
    shutil.copyfile(path, copy)
    log_file = path.with_name(path.name + "-wal")
    if log_file.exists():
        shutil.copyfile(log_file, copy.with_name(copy.name + "-wal"))
    if fresh_first_page:
        _build(_beside(path, "new"), [])
        _graft(copy, _beside(path, "new").read_bytes())
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


def _select(table: Table) -> str:
    return f"SELECT rowid, {', '.join(table.columns)} FROM {table.name} NOT INDEXED"  # noqa: S608 - our own names


def _beside(path: Path, name: str) -> Path:
    return path.with_name(f"{path.name}.{name}")


def _parts(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")
