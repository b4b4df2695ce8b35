"""Keeps tickets, the outbox and rule state in one SQLite file and says what is due; sending is dispatch's.

Synchronous and safe to call from any one thread at a time; the daemon calls it through `writer.Writer`. A commit that
returned has reached the disk. A commit that raised StorageFailed changed nothing and may simply be repeated.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gateway.core.casework import Callback, Entry
from gateway.core.types import Status, Ticket
from gateway.delivery import casefile, ledger, outbox
from gateway.delivery.records import Changes, Delivery, Outgoing, Saved
from gateway.delivery.recovery import open_state, set_aside
from gateway.delivery.rows import (
    OUTBOX,
    DamagedRow,
    note_row,
    read_note,
    read_rule_state,
    read_ticket,
    rule_state_row,
    ticket_row,
)
from gateway.delivery.statefile import FILE, StateInUse, StorageFailed, lock

__all__ = ["Changes", "Delivery", "Outgoing", "Saved", "StateInUse", "StorageFailed", "Store"]

LEDGER_S = 32 * 86400.0
"""How much of the tickets' ledger a start looks at: 30 days in which repeats count, and a bit."""
WATCHED_S = 7 * 86400.0
"""How long after a closing a ticket's readings may still be watched."""


class Store:
    """The state of one gateway. Opening always succeeds unless the disk fails or another process has it.

    Raises StateInUse or StorageFailed when opened; every method may raise StorageFailed.
    """

    def __init__(self, folder: Path) -> None:
        self._guard = threading.RLock()
        self._lock = lock(folder)
        try:
            self._db, self._damaged = open_state(folder / FILE)
        except StorageFailed:
            os.close(self._lock)
            raise

    def load(self) -> Saved:
        """Everything that the desk and the engine need to go on."""
        with self._reading() as db:
            saved_at = self._saved_at(db)
            tickets = db.execute("SELECT body FROM tickets WHERE status != 'closed' ORDER BY fired_at, id").fetchall()
            lately = "SELECT body FROM tickets WHERE status = 'closed' AND closed_at >= ? ORDER BY closed_at, id"
            closed = db.execute(lately, ((saved_at or 0.0) - WATCHED_S,)).fetchall()
            states = db.execute("SELECT body FROM rule_states ORDER BY rule, device").fetchall()
            return Saved(
                open_tickets=[read_ticket(body) for (body,) in tickets],
                rule_states=[read_rule_state(body) for (body,) in states],
                closings=ledger.latest(db),
                saved_at=saved_at,
                damaged=list(self._damaged),
                closed_lately=tuple(read_ticket(body) for (body,) in closed),
                silences=tuple(casefile.silences(db, saved_at or 0.0)),
                entries=tuple(casefile.recent_entries(db, (saved_at or 0.0) - LEDGER_S)),
            )

    def commit(self, changes: Changes) -> None:
        """Save all changes in one transaction. A ticket replaces its older self; a message already there stays."""
        forgotten = [(state.rule, state.device) for state in changes.rule_states if not state.body]
        kept = [rule_state_row(state) for state in changes.rule_states if state.body]
        with self._writing() as db:
            db.executemany(
                "INSERT INTO tickets (id, status, fired_at, closed_at, body, seal) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET status = excluded.status, fired_at = excluded.fired_at,"
                " closed_at = excluded.closed_at, body = excluded.body, seal = excluded.seal",
                [ticket_row(ticket) for ticket in changes.tickets],
            )
            outbox.enter(db, changes.messages, changes.saved_at)
            db.executemany("INSERT OR REPLACE INTO rule_states (rule, device, body, seal) VALUES (?, ?, ?, ?)", kept)
            db.executemany("DELETE FROM rule_states WHERE rule = ? AND device = ?", forgotten)
            ledger.enter(db, changes.closings)
            casefile.enter(db, changes)
            note = note_row("saved_at", changes.saved_at)
            db.execute("INSERT OR REPLACE INTO notes (name, body, seal) VALUES (?, ?, ?)", note)

    def due(self, now: float, limit: int) -> list[Outgoing]:
        """Messages to send now: red first, then oldest, and of each ticket only the first that is not delivered.

        A refused creation holds its ticket's later messages back, since the receiver does not know the ticket; a
        refused event is stepped over, since a receiver that cannot read "occurred again" should still learn "closed".
        """
        with self._reading() as db:
            return [outbox.outgoing(row[1:]) for row in outbox.due(db, now, limit) if self._is_whole(row)]

    def next_at(self, now: float) -> float | None:
        """When the next message that waits for its retry is due; None if none waits."""
        with self._reading() as db:
            query = "SELECT min(next_at) FROM outbox WHERE state = 'pending' AND next_at > ?"
            (time,) = db.execute(query, (now,)).fetchone()
            return _number(time)

    def sent(self, key: str, now: float, answer: str) -> None:
        """The receiver has it."""
        self._settle(
            "state = 'sent', next_at = 0, first_at = coalesce(first_at, ?), sent_at = ?", (now, now), key, answer
        )

    def retry(self, key: str, now: float, next_at: float, answer: str) -> None:
        """Not delivered; try again at `next_at`."""
        self._settle("next_at = ?, first_at = coalesce(first_at, ?)", (next_at, now), key, answer)

    def park(self, key: str, answer: str) -> None:
        """Refused for good; it waits for a person."""
        self._settle("state = 'parked', next_at = 0", (), key, answer)

    def resend(self, ticket_id: str) -> bool:
        """Send a ticket's parked and waiting messages again, now; False if there are none."""
        with self._writing() as db:
            again = "UPDATE outbox SET state = 'pending', next_at = 0 WHERE ticket = ? AND state != 'sent'"
            return db.execute(again, (ticket_id,)).rowcount > 0

    def hurry(self) -> None:
        """Make every waiting message due: the receiver is back."""
        with self._writing() as db:
            db.execute("UPDATE outbox SET next_at = 0 WHERE state = 'pending' AND next_at > 0")

    def tickets(self, *, status: Status | None = None, limit: int = 100) -> list[tuple[Ticket, Delivery]]:
        """Newest tickets first, with their delivery."""
        where = "" if status is None else "WHERE t.status = :status"
        query = f"SELECT t.body, {_DELIVERY} FROM tickets t {where} ORDER BY t.fired_at DESC, t.id LIMIT :limit"  # noqa: S608
        with self._reading() as db:
            rows = db.execute(query, {"status": status, "limit": limit}).fetchall()
            return [(read_ticket(body), Delivery(*numbers)) for body, *numbers in rows]

    def ticket(self, ticket_id: str) -> Ticket | None:
        """One ticket, or None."""
        with self._reading() as db:
            row = db.execute("SELECT body FROM tickets WHERE id = ?", (ticket_id,)).fetchone()
            return None if row is None else read_ticket(row[0])

    def messages(self, ticket_id: str) -> list[Outgoing]:
        """All messages of one ticket, in order."""
        with self._reading() as db:
            return outbox.of_ticket(db, ticket_id)

    def counts(self) -> Mapping[str, int]:
        """Rows pending, parked, sent, damaged; `oldest_pending` is when the oldest waiting one was made, or 0."""
        with self._reading() as db:
            (damaged,) = db.execute("SELECT count(*) FROM damaged").fetchone()
            return {**outbox.counts(db), "damaged": damaged}

    def prune(self, before: float, limit: int) -> int:
        """Delete up to `limit` tickets closed before that site time and wholly delivered; returns how many."""
        with self._writing() as db:
            old = db.execute(_PRUNABLE, {"before": before, "limit": limit}).fetchall()
            db.executemany("DELETE FROM outbox WHERE ticket = ?", old)
            for table in ("tickets", "entries", "notices"):
                named = "id" if table == "tickets" else "ticket"
                db.executemany(f"DELETE FROM {table} WHERE {named} = ?", old)  # noqa: S608 - literals
            return len(old)

    def forget_closings(self, before: float, most: int) -> int:
        """Drop closings from before that site time, and all but the latest `most`; returns how many."""
        with self._writing() as db:
            return ledger.forget(db, before, most)

    def close(self) -> None:
        """Write the log back into the file and let the folder go."""
        with self._guard:
            self._db.close()
            os.close(self._lock)

    def entries(self, ticket_id: str) -> list[Entry]:
        """A ticket's ledger, in order."""
        with self._reading() as db:
            return casefile.entries(db, ticket_id)

    def heard(self, callback_id: str) -> Callback | None:
        """A callback that was heard before, or None."""
        with self._reading() as db:
            return casefile.heard(db, callback_id)

    def _saved_at(self, db: sqlite3.Connection) -> float | None:
        row = db.execute("SELECT body FROM notes WHERE name = 'saved_at'").fetchone()
        return None if row is None else _number(read_note(row[0]))

    def _settle(self, change: str, values: tuple[float, ...], key: str, answer: str) -> None:
        with self._writing() as db:
            outbox.settle(db, key, change, values, answer)

    def _is_whole(self, row: tuple[Any, ...]) -> bool:
        try:
            OUTBOX.verify(row[1:])
        except DamagedRow as reason:
            with self._writing() as db:
                self._damaged.append(set_aside(db, OUTBOX, row[0], row[1:], str(reason)))
            return False
        return True

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    with suppress(sqlite3.Error):  # what made it fail is already on its way up
                        db.execute("ROLLBACK")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            try:
                yield self._db
            except (sqlite3.Error, DamagedRow) as error:
                raise StorageFailed(str(error)) from error


_DELIVERY = ", ".join(
    f"(SELECT count(*) FROM outbox o WHERE o.ticket = t.id AND o.state = '{state}')"  # noqa: S608 - literals
    for state in ("sent", "pending", "parked")
)

_PRUNABLE = """
    SELECT id FROM tickets WHERE status = 'closed' AND closed_at < :before
    AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.ticket = tickets.id AND outbox.state != 'sent') LIMIT :limit
"""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
