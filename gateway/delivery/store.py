"""Keeps tickets, the outbox and rule state in one SQLite file and says what is due; sending is dispatch's.

Synchronous and safe to call from any one thread at a time; the daemon calls it through `writer.Writer`. A commit that
returned has reached the disk. A commit that raised StorageFailed changed nothing and may simply be repeated.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from gateway.core.casework import Callback, Entry
from gateway.core.types import Status, Ticket
from gateway.delivery import casefile, ledger, outbox
from gateway.delivery.records import Changes, Delivery, Outgoing, Saved
from gateway.delivery.recovery import open_state, set_aside
from gateway.delivery.rows import (
    OUTBOX,
    DamagedRow,
    note_row,
    read_ticket,
    rule_state_row,
    ticket_row,
)
from gateway.delivery.saved import saved
from gateway.delivery.statefile import FILE, PAGE_BYTES, StateInUse, StorageFailed, failure, lock

__all__ = ["Changes", "Delivery", "Outgoing", "Saved", "StateInUse", "StorageFailed", "Store"]

_Result = TypeVar("_Result")


class Store:
    """The state of one gateway. Opening always succeeds unless the disk fails or another process has it.

    Raises StateInUse or StorageFailed when opened; every method may raise StorageFailed.
    """

    trouble = ""  # what is wrong although changes can be saved

    def __init__(self, folder: Path) -> None:
        self.folder = folder
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
            return saved(db, self._damaged)

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
            return float(time) if isinstance(time, (int, float)) else None

    def trying(self, key: str, now: float) -> None:
        """A try begins that may arrive: from now on the message is looked for before it is sent again."""
        with self._writing() as db:
            outbox.trying(db, key, now)

    def sent(self, key: str, now: float, answer: str, work_order: str = "") -> None:
        """The receiver has it, under that number of its own."""
        change = "state = 'sent', next_at = 0, first_at = coalesce(first_at, ?), sent_at = ?, " + outbox.NUMBERED
        self._settle(change, (now, now, work_order), key, answer)

    def retry(
        self, key: str, now: float, next_at: float, answer: str, tried_at: float | None = None, work_order: str = ""
    ) -> None:
        """Not delivered, as far as we know; try again at `next_at`. Without `tried_at` it surely has not arrived."""
        change = "next_at = ?, first_at = coalesce(first_at, ?), tried_at = ?, " + outbox.NUMBERED
        self._settle(change, (next_at, now, tried_at, work_order), key, answer)

    def park(self, key: str, answer: str) -> None:
        """Refused for good; it waits for a person."""
        self._settle("state = 'parked', next_at = 0", (), key, answer)

    def resend(self, ticket_id: str) -> bool:
        """Send a ticket's parked and waiting messages again, now; False if there are none.

        A person's word also counts where the receiver said a number and has no such order.
        """
        with self._writing() as db:
            return outbox.resend(db, ticket_id)

    def hurry(self) -> None:
        """Make every waiting message due: the receiver is back, and what failed until now tells nothing of any."""
        with self._writing() as db:
            outbox.hurry(db)

    def tickets(self, *, status: Status | None = None, limit: int = 100) -> list[tuple[Ticket, Delivery]]:
        """Newest tickets first, with their delivery."""
        with self._reading() as db:
            return casefile.tickets(db, status, limit)

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
            return casefile.prune(db, before, limit)

    def forget_closings(self, before: float, most: int) -> int:
        """Drop closings from before that site time, and all but the latest `most`; returns how many."""
        with self._writing() as db:
            return ledger.forget(db, before, most)

    def probe(self) -> None:
        """Raise StorageFailed if the folder cannot be written; costs no sync."""
        try:
            os.utime(self._lock)
        except OSError as error:
            raise failure("", error) from error

    def fold_log(self) -> None:
        """Write the log back into the file and give its room away."""
        with self._reading() as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def spare_bytes(self) -> int:
        """Bytes of the file that nothing is in."""
        with self._reading() as db:
            return int(db.execute("PRAGMA freelist_count").fetchone()[0]) * PAGE_BYTES

    def transaction(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Do one thing of a table's own module, such as `notices.due`, wholly or not at all."""
        with self._writing() as db:
            return work(db)

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

    def _settle(self, change: str, values: tuple[object, ...], key: str, answer: str) -> None:
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
                raise failure("", error) from error
