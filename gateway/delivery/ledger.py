"""The ledger in the state file: one row for each closing, written with the closing itself and kept for long.

It can be read beside a running daemon, without its lock: a backtest and `gateway tickets ledger` do.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from gateway.core.types import Closing
from gateway.delivery.rows import CLOSINGS, DamagedRow, closing_row, read_closing
from gateway.delivery.statefile import FILE, StorageFailed, connect

KEEP_S = 2 * 365 * 86400.0
"""How long a closing is kept: two of each season."""
MOST = 100_000
"""Closings kept at most, about 40 MB: a hundred a day for almost three years."""
LATEST = 10_000
"""Closings that a start looks at. It needs those since the last checkpoint, and of alerts that still fire."""

_COLUMNS = ", ".join(CLOSINGS.columns)


def enter(db: sqlite3.Connection, closings: Iterable[Closing]) -> None:
    """Add closings, inside the caller's transaction; one that is there already stays."""
    marks = ", ".join("?" * len(CLOSINGS.columns))
    statement = f"INSERT INTO closings ({_COLUMNS}) VALUES ({marks}) ON CONFLICT (ticket) DO NOTHING"  # noqa: S608 - our own names
    db.executemany(statement, map(closing_row, closings))


def latest(db: sqlite3.Connection) -> list[Closing]:
    """The last ones, oldest first."""
    rows = db.execute("SELECT body FROM closings ORDER BY closed_at DESC LIMIT ?", (LATEST,)).fetchall()
    return [read_closing(body) for (body,) in reversed(rows)]


def forget(db: sqlite3.Connection, before: float, most: int) -> int:
    """Drop closings from before that site time, and all but the latest `most`; returns how many."""
    old = db.execute("DELETE FROM closings WHERE closed_at < ?", (before,)).rowcount
    beyond = "SELECT rowid FROM closings ORDER BY closed_at DESC LIMIT -1 OFFSET ?"
    return old + db.execute(f"DELETE FROM closings WHERE rowid IN ({beyond})", (most,)).rowcount  # noqa: S608 - a literal


def read_ledger(folder: Path) -> tuple[Closing, ...] | None:
    """All closings in a state folder, oldest first, damaged rows left out; None if nothing was ever kept there.

    Raises StorageFailed.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with closing(connect(path)) as db:
            db.execute("PRAGMA query_only = ON")
            if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (CLOSINGS.name,)).fetchone():
                return None
            rows = db.execute(f"SELECT {_COLUMNS} FROM closings ORDER BY closed_at, ticket").fetchall()  # noqa: S608 - our own names
    except sqlite3.Error as error:
        raise StorageFailed(str(error)) from error
    found = []
    for row in rows:
        with suppress(DamagedRow):
            CLOSINGS.verify(row)
            found.append(read_closing(row[CLOSINGS.sealed.index("body")]))
    return tuple(found)
