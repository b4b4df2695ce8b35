"""Tickets, ledger lines, notices, silences, callbacks and complaints in the state file.

All functions work inside the caller's transaction.
"""

import json
import sqlite3
from collections.abc import Iterable

from gateway.core.casework import Callback, Complaint, Entry, Silence
from gateway.core.types import Status, Ticket
from gateway.delivery.records import Changes, Delivery
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
    read_complaint,
    read_entry,
    read_silence,
    read_ticket,
    silence_row,
)

_PRUNABLE = """
    SELECT id FROM tickets WHERE status = 'closed' AND closed_at < :before
    AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.ticket = tickets.id AND outbox.state != 'sent')
    ORDER BY closed_at LIMIT :limit
"""


_DELIVERY = ", ".join(
    f"(SELECT count(*) FROM outbox o WHERE o.ticket = t.id AND o.state = '{state}')"  # noqa: S608 - literals
    for state in ("sent", "pending", "parked")
)


def enter(db: sqlite3.Connection, changes: Changes) -> None:
    """Add what is new; what is there already stays as it is, but for silences, which may be ended early."""
    _add(db, ENTRIES, map(entry_row, changes.entries))
    _add(db, NOTICES, map(notice_row, changes.notices))
    _add(db, HEARD, map(heard_row, changes.heard))
    _add(db, COMPLAINTS, map(complaint_row, changes.complaints))
    _add(db, SILENCES, map(silence_row, changes.silences), "REPLACE")


def tickets(db: sqlite3.Connection, status: Status | None, limit: int) -> list[tuple[Ticket, Delivery]]:
    """Newest tickets first, with their delivery."""
    where = "" if status is None else "WHERE t.status = :status"
    query = f"SELECT t.body, {_DELIVERY} FROM tickets t {where} ORDER BY t.fired_at DESC, t.id LIMIT :limit"  # noqa: S608 - literals
    rows = db.execute(query, {"status": status, "limit": limit}).fetchall()
    return [(read_ticket(body), Delivery(*numbers)) for body, *numbers in rows]


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


def prune(db: sqlite3.Connection, before: float, limit: int) -> int:
    """Delete the longest closed tickets, and all that belongs to them; returns how many."""
    old = db.execute(_PRUNABLE, {"before": before, "limit": limit}).fetchall()
    db.executemany("DELETE FROM tickets WHERE id = ?", old)
    for table in ("outbox", "entries", "notices"):
        db.executemany(f"DELETE FROM {table} WHERE ticket = ?", old)  # noqa: S608 - literals
    return len(old)


def of_device(db: sqlite3.Connection, device: str, since: float) -> list[Ticket]:
    """The tickets of a device that are open or were closed since a site time."""
    likely = "SELECT body FROM tickets WHERE (status != 'closed' OR closed_at >= ?) AND instr(body, ?)"
    rows = db.execute(likely, (since, json.dumps(device, ensure_ascii=False).encode())).fetchall()
    return [ticket for (body,) in rows if (ticket := read_ticket(body)).device == device]


def raised_since(db: sqlite3.Connection, since: float, most: int) -> list[Ticket]:
    """The latest tickets that fired since a site time, latest first."""
    query = "SELECT body FROM tickets WHERE fired_at >= ? ORDER BY fired_at DESC LIMIT ?"
    return [read_ticket(body) for (body,) in db.execute(query, (since, most)).fetchall()]


def complaints(db: sqlite3.Connection, since: float) -> list[Complaint]:
    """Complaints since a site time, oldest first."""
    rows = db.execute("SELECT body FROM complaints WHERE at >= ? ORDER BY at, id", (since,)).fetchall()
    return [read_complaint(body) for (body,) in rows]


def _add(db: sqlite3.Connection, table: Table, rows: Iterable[tuple[object, ...]], otherwise: str = "IGNORE") -> None:
    columns = (*table.sealed, "seal")
    marks = ", ".join("?" * len(columns))
    db.executemany(f"INSERT OR {otherwise} INTO {table.name} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 - our own names
