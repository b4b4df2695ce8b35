"""Ledger lines, notices, silences, callbacks and complaints in the state file, written with the tick that made them.

All functions work inside the caller's transaction.
"""

import sqlite3
from collections.abc import Iterable

from gateway.core.casework import Callback, Entry, Silence
from gateway.delivery.records import Changes
from gateway.delivery.rows import (
    COMPLAINTS,
    ENTRIES,
    HEARD,
    NOTICES,
    SILENCES,
    Table,
    complaint_row,
    entry_row,
    heard_row,
    notice_row,
    read_callback,
    read_entry,
    read_silence,
    silence_row,
)


def enter(db: sqlite3.Connection, changes: Changes) -> None:
    """Add what is new; what is there already stays as it is, but for silences, which may be ended early."""
    _add(db, ENTRIES, map(entry_row, changes.entries))
    _add(db, NOTICES, map(notice_row, changes.notices))
    _add(db, HEARD, map(heard_row, changes.heard))
    _add(db, COMPLAINTS, map(complaint_row, changes.complaints))
    _add(db, SILENCES, map(silence_row, changes.silences), "REPLACE")


def entries(db: sqlite3.Connection, ticket: str) -> list[Entry]:
    """A ticket's ledger, in order."""
    rows = db.execute("SELECT body FROM entries WHERE ticket = ? ORDER BY number", (ticket,)).fetchall()
    return [read_entry(body) for (body,) in rows]


def recent_entries(db: sqlite3.Connection, since: float) -> list[Entry]:
    """The ledger lines of all tickets since a site time, oldest first."""
    rows = db.execute("SELECT body FROM entries WHERE at >= ? ORDER BY at, ticket, number", (since,)).fetchall()
    return [read_entry(body) for (body,) in rows]


def silences(db: sqlite3.Connection, now: float) -> list[Silence]:
    """Silences that have not ended."""
    rows = db.execute("SELECT body FROM silences WHERE until > ? ORDER BY until", (now,)).fetchall()
    return [read_silence(body) for (body,) in rows]


def heard(db: sqlite3.Connection, callback: str) -> Callback | None:
    """A callback that was heard before, or None."""
    row = db.execute("SELECT body FROM heard WHERE id = ?", (callback,)).fetchone()
    return None if row is None else read_callback(row[0])


def _add(db: sqlite3.Connection, table: Table, rows: Iterable[tuple[object, ...]], otherwise: str = "IGNORE") -> None:
    columns = (*table.sealed, "seal")
    marks = ", ".join("?" * len(columns))
    db.executemany(f"INSERT OR {otherwise} INTO {table.name} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 - our own names
