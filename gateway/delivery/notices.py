"""Notices in the state file: which are due through which channel, and what became of them.

All functions work inside the caller's transaction; `Store.transaction` and `Writer.transaction` make one.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.core.casework import Notice
from gateway.core.types import Level
from gateway.delivery.outbox import LONGEST_PAUSE_S
from gateway.delivery.recovery import set_aside
from gateway.delivery.rows import NOTICES, DamagedRow, read_notice

_LONGEST_ANSWER = 300
_COLUMNS = ", ".join(NOTICES.columns)
_BODY = len(NOTICES.sealed) - 1
_DUE = f"""
    SELECT rowid, {_COLUMNS} FROM notices
    WHERE state = 'pending' AND channel = :channel AND (:level IS NULL OR level = :level)
    AND (next_at <= :now OR next_at > :now + :longest)
    ORDER BY level, created_at, rowid LIMIT :limit
"""  # noqa: S608 - our own column names


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that is due, and how often it was tried."""

    notice: Notice
    attempts: int


@dataclass(frozen=True, slots=True)
class Told:
    """How a notice's delivery stands; `answer` is the receipt once its state is sent."""

    notice: Notice
    state: str
    attempts: int
    next_at: float
    sent_at: float | None
    answer: str


def due(db: sqlite3.Connection, channel: str, now: float, limit: int, level: Level | None = None) -> list[Waiting]:
    """What is to be sent through a channel now: red first, then oldest. A damaged row is set aside."""
    query = {"channel": channel, "level": level, "now": now, "longest": LONGEST_PAUSE_S, "limit": limit}
    found = []
    for rowid, *row in db.execute(_DUE, query).fetchall():
        try:
            NOTICES.verify(row)
        except DamagedRow as reason:
            set_aside(db, NOTICES, rowid, tuple(row), str(reason))
            continue
        found.append(Waiting(read_notice(row[_BODY]), row[NOTICES.columns.index("attempts")]))
    return found


def next_at(db: sqlite3.Connection, channel: str, now: float, level: Level | None = None) -> float | None:
    """When the next notice that waits for its retry is due; None if none waits."""
    query = (
        "SELECT min(next_at) FROM notices WHERE state = 'pending' AND channel = :channel"
        " AND (:level IS NULL OR level = :level) AND next_at > :now"
    )
    (time,) = db.execute(query, {"channel": channel, "level": level, "now": now}).fetchone()
    return None if time is None else float(time)


def delivered(db: sqlite3.Connection, channel: str, keys: Iterable[str], now: float, receipt: str) -> None:
    """The provider has them; its words are the receipt of each."""
    _settle(db, channel, keys, "state = 'sent', next_at = 0, sent_at = ?", (now,), receipt)


def retry(db: sqlite3.Connection, channel: str, keys: Iterable[str], next_at: float, answer: str) -> None:
    """Not delivered; try again at `next_at`."""
    _settle(db, channel, keys, "next_at = ?", (next_at,), answer)


def park(db: sqlite3.Connection, channel: str, keys: Iterable[str], answer: str) -> None:
    """Refused for good; they wait for a person."""
    _settle(db, channel, keys, "state = 'parked', next_at = 0", (), answer)


def hurry(db: sqlite3.Connection, channel: str) -> None:
    """Make all that wait for the channel due: it is back."""
    db.execute("UPDATE notices SET next_at = 0 WHERE state = 'pending' AND channel = ? AND next_at > 0", (channel,))


def resend(db: sqlite3.Connection, ticket: str) -> bool:
    """Send a ticket's parked and waiting notices again, now; False if there are none."""
    again = "UPDATE notices SET state = 'pending', next_at = 0 WHERE ticket = ? AND state != 'sent'"
    return db.execute(again, (ticket,)).rowcount > 0


def sent_since(db: sqlite3.Connection, channel: str, since: float) -> list[tuple[float, Level]]:
    """When messages went out through a channel, and of which level; yellow ones of one time were one message."""
    query = (
        "SELECT sent_at, level FROM notices WHERE channel = ? AND state = 'sent' AND sent_at >= ?"
        " GROUP BY CASE level WHEN 'red' THEN key ELSE sent_at END ORDER BY sent_at"
    )
    return [(float(at), Level(level)) for at, level in db.execute(query, (channel, since)).fetchall()]


def counts(db: sqlite3.Connection) -> Mapping[str, Mapping[str, int]]:
    """Channel -> state -> number of notices; the states are pending, parked and sent."""
    found: defaultdict[str, dict[str, int]] = defaultdict(lambda: {"pending": 0, "parked": 0, "sent": 0})
    for channel, state, number in db.execute("SELECT channel, state, count(*) FROM notices GROUP BY channel, state"):
        found[channel][state] = number
    return dict(found)


def of_ticket(db: sqlite3.Connection, ticket: str) -> list[Told]:
    """All notices of one ticket, oldest first, with their receipts."""
    query = (
        "SELECT body, state, attempts, next_at, sent_at, last_answer FROM notices WHERE ticket = ?"
        " ORDER BY created_at, channel, key"
    )
    return [Told(read_notice(body), *rest) for body, *rest in db.execute(query, (ticket,)).fetchall()]


def _settle(
    db: sqlite3.Connection, channel: str, keys: Iterable[str], change: str, values: tuple[float, ...], answer: str
) -> None:
    update = (
        f"UPDATE notices SET attempts = attempts + 1, {change}, last_answer = ?"  # noqa: S608 - our own literals
        " WHERE channel = ? AND key = ? AND state = 'pending'"
    )
    db.executemany(update, [(*values, answer[:_LONGEST_ANSWER], channel, key) for key in keys])
