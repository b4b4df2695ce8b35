"""The outbox in the state file: which message is due, and what became of it. Inside the caller's transaction."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.core.types import Message
from gateway.delivery.records import Outgoing
from gateway.delivery.rows import OUTBOX, message_row, read_message

LONGEST_PAUSE_S = 3600.0
"""No retry is ever put off longer; a `next_at` further away means that the clock was set back, and is due."""

_LONGEST_ANSWER = 300
_COLUMNS = ", ".join(OUTBOX.columns)

_DUE = f"""
    SELECT rowid, {_COLUMNS} FROM outbox AS this
    WHERE state = 'pending' AND (next_at <= :now OR next_at > :now + :longest) AND NOT EXISTS (
        SELECT 1 FROM outbox AS earlier WHERE earlier.ticket = this.ticket AND earlier.number < this.number
        AND (earlier.state = 'pending' OR (earlier.state = 'parked' AND earlier.number = 0)))
    ORDER BY level, created_at, rowid LIMIT :limit
"""  # noqa: S608 - our own column names


def enter(db: sqlite3.Connection, messages: Iterable[Message], stored_at: float) -> None:
    """Add messages; one that is there already stays."""
    db.executemany(
        "INSERT INTO outbox (key, ticket, number, level, created_at, body, seal, device, stored_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
        [(*message_row(message), message.device, stored_at) for message in messages],
    )


def due(db: sqlite3.Connection, now: float, limit: int) -> list[tuple[Any, ...]]:
    """Rows to send now, each with its rowid first: red first, then oldest."""
    return db.execute(_DUE, {"now": now, "longest": LONGEST_PAUSE_S, "limit": limit}).fetchall()


def settle(db: sqlite3.Connection, key: str, change: str, values: tuple[float, ...], answer: str) -> None:
    """A try ended: note its answer and make the change to the row."""
    update = f"UPDATE outbox SET attempts = attempts + 1, {change}, last_answer = ? WHERE key = ? AND state = 'pending'"  # noqa: S608 - our own literals
    db.execute(update, (*values, answer[:_LONGEST_ANSWER], key))


def of_ticket(db: sqlite3.Connection, ticket_id: str) -> list[Outgoing]:
    """All messages of one ticket, in order."""
    query = f"SELECT {_COLUMNS} FROM outbox WHERE ticket = ? ORDER BY number, rowid"  # noqa: S608 - our own names
    return [outgoing(row) for row in db.execute(query, (ticket_id,)).fetchall()]


def counts(db: sqlite3.Connection) -> Mapping[str, int]:
    """Rows by state, and when the oldest waiting one was made, or 0."""
    by_state = dict(db.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall())
    (oldest,) = db.execute("SELECT min(created_at) FROM outbox WHERE state = 'pending'").fetchone()
    states = {state: int(by_state.get(state, 0)) for state in ("pending", "parked", "sent")}
    return {**states, "oldest_pending": int(oldest or 0)}


def outgoing(row: tuple[Any, ...]) -> Outgoing:
    """A row without its rowid."""
    width = len(OUTBOX.sealed)
    state, attempts, next_at, first_at, last_answer, _, _, tried_at, sent_at = row[width + 1 :]
    return Outgoing(read_message(row[width - 1]), state, attempts, next_at, first_at, last_answer, tried_at, sent_at)
