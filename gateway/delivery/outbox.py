"""The outbox in the state file: which message is due, and what became of it. Inside the caller's transaction."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.core.types import Message
from gateway.delivery.records import Outgoing
from gateway.delivery.rows import OUTBOX, message_row, read_message

LONGEST_PAUSE_S = 3600.0
"""No retry is ever put off longer; a `next_at` further away means that the clock was set back, and is due."""

PATIENCE = 5
"""So often a message may fail, while others get through, before those about the same device no longer wait for it."""

NUMBERED = "work_order = coalesce(nullif(?, ''), work_order)"
"""The receiver's number; one that it did not repeat stays."""

_LONGEST_ANSWER = 300
_COLUMNS = ", ".join(OUTBOX.columns)
_MADE = "SELECT made.work_order FROM outbox AS made WHERE made.ticket = this.ticket AND made.number = 0"
_DUE_COLUMNS = ", ".join([*OUTBOX.columns[:-1], f"coalesce(({_MADE}), '')"])

# Updates about one device keep their order: one waits for those that were written before it, but a red one for no
# yellow one, and none for what is stuck. Rows are written in order, so only what was salvaged could make two wait for
# each other; `first.rowid > this.rowid` keeps them from it.
_DUE = f"""
    SELECT rowid, {_DUE_COLUMNS} FROM outbox AS this
    WHERE state = 'pending' AND (next_at <= :now OR next_at > :now + :longest) AND NOT EXISTS (
        SELECT 1 FROM outbox AS earlier WHERE earlier.ticket = this.ticket AND earlier.number < this.number
        AND (earlier.state = 'pending' OR (earlier.state = 'parked' AND earlier.number = 0)))
    AND (number = 0 OR device = '' OR NOT EXISTS (
        SELECT 1 FROM outbox AS earlier WHERE earlier.device = this.device AND earlier.state = 'pending'
        AND earlier.number > 0 AND earlier.rowid < this.rowid AND earlier.level <= this.level
        AND earlier.ticket != this.ticket AND earlier.attempts < {PATIENCE} AND NOT EXISTS (
            SELECT 1 FROM outbox AS first WHERE first.ticket = earlier.ticket AND first.number < earlier.number
            AND ((first.state = 'parked' AND first.number = 0) OR (first.state = 'pending'
                AND (first.attempts >= {PATIENCE} OR first.rowid > this.rowid))))))
    ORDER BY level, created_at, next_at, rowid LIMIT :limit
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


def trying(db: sqlite3.Connection, key: str, now: float) -> None:
    """A try begins that may arrive; the first such time is kept."""
    db.execute("UPDATE outbox SET tried_at = coalesce(tried_at, ?) WHERE key = ? AND state = 'pending'", (now, key))


def settle(db: sqlite3.Connection, key: str, change: str, values: tuple[object, ...], answer: str) -> None:
    """A try ended: note its answer and make the change to the row."""
    update = f"UPDATE outbox SET attempts = attempts + 1, {change}, last_answer = ? WHERE key = ? AND state = 'pending'"  # noqa: S608 - our own literals
    db.execute(update, (*values, answer[:_LONGEST_ANSWER], key))


def resend(db: sqlite3.Connection, ticket_id: str) -> bool:
    """Make a ticket's parked and waiting messages due, as if they had never failed; False if there are none."""
    again = "UPDATE outbox SET state = 'pending', next_at = 0, attempts = 0, work_order = ''"
    return db.execute(f"{again} WHERE ticket = ? AND state != 'sent'", (ticket_id,)).rowcount > 0


def hurry(db: sqlite3.Connection) -> None:
    """Make every waiting message due, as if it had never failed."""
    db.execute("UPDATE outbox SET next_at = 0, attempts = 0 WHERE state = 'pending' AND next_at > 0")


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
    state, attempts, next_at, first_at, last_answer, _, _, *later = row[width + 1 :]
    return Outgoing(read_message(row[width - 1]), state, attempts, next_at, first_at, last_answer, *later)


def passed(db: sqlite3.Connection, since: float) -> dict[str, tuple[float | None, float | None]]:
    """When the creation of each ticket since a site time was stored, in site time, and delivered, on the wall."""
    query = "SELECT ticket, stored_at, sent_at FROM outbox WHERE number = 0 AND created_at >= ?"
    return {ticket: (stored_at, sent_at) for ticket, stored_at, sent_at in db.execute(query, (since,)).fetchall()}
