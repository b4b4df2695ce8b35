"""Opens the state file whatever happened to it: sets a damaged file or row aside, keeps every row whose seal is good.

A damaged file is rebuilt beside itself and swapped in by renames, each of which may be the last thing that happens:
the rebuilt file gets the name `.salvaged` only when it is complete, and the next start finishes the swap.
"""

import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.delivery import ballast
from gateway.delivery.rows import TABLES, DamagedRow, Table
from gateway.delivery.salvage import UNREADABLE, beside, build, good_rows, parts, select
from gateway.delivery.statefile import (
    PAGE_BYTES,
    DamagedFile,
    StorageFull,
    check,
    connect,
    failure,
    migrate,
    sync_folder,
)

log = logging.getLogger(__name__)

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}


def open_state(path: Path) -> tuple[sqlite3.Connection, list[str]]:
    """Open or create the state file; returns it with what was found damaged, for people. Raises StorageFailed."""
    try:
        return _open_state(path)
    except StorageFull:
        if not ballast.let_go(path.parent):
            raise
        return _open_state(path)


def _open_state(path: Path) -> tuple[sqlite3.Connection, list[str]]:
    try:
        damaged = _finish_swap(path) + _create(path)
        try:
            db, bad_rows = _open(path)
        except (DamagedFile, *UNREADABLE) as error:
            if not _is_damage(path, error):
                raise
            damaged += _salvage(path, str(error))
            db, bad_rows = _open(path)
        return db, damaged + bad_rows
    except (sqlite3.Error, OSError) as error:
        raise failure(f"cannot open {path}: ", error) from error


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
    for rowid, *row in db.execute(select(table)):
        try:
            table.verify(row)
        except DamagedRow as reason:
            yield rowid, tuple(row), str(reason)


def _create(path: Path) -> list[str]:
    """Make a new file under its name in one step, so that one without a full page can only be a damaged one."""
    if path.exists():
        return []
    stray = [part for part in parts(path) if part.exists()]
    if stray:
        _move_aside(path)
    build(beside(path, "new"), [])
    beside(path, "new").replace(path)
    sync_folder(path.parent)
    return ["the state file was gone, its log was left"] if stray else []


def _salvage(path: Path, reason: str) -> list[str]:
    log.error("file=%s damaged=%r salvaging", path.name, reason)
    rows: dict[str, tuple[Table, tuple[Any, ...]]] = {}
    for table, row in good_rows(path):
        rows.setdefault(table.label(row), (table, row))
    build(beside(path, "new"), list(rows.values()))
    beside(path, "new").replace(beside(path, "salvaged"))
    sync_folder(path.parent)
    return [f"{note} ({reason}; {len(rows)} rows kept)" for note in _finish_swap(path)]


def _finish_swap(path: Path) -> list[str]:
    salvaged = beside(path, "salvaged")
    if not salvaged.exists():
        return []
    kept = _move_aside(path)  # the log before the file: an old log must never meet a new file
    salvaged.replace(path)
    sync_folder(path.parent)
    return [f"the state file was damaged and is kept as {kept}"]


def _move_aside(path: Path) -> str:
    number = 1
    while beside(path, f"corrupt-{number}").exists():
        number += 1
    kept = beside(path, f"corrupt-{number}")
    for suffix in ("-shm", "-wal", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(kept.with_name(kept.name + suffix))
    return kept.name
