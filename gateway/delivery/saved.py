"""What a start finds in the state file."""

import sqlite3
from collections.abc import Sequence

from gateway.delivery import casefile, ledger
from gateway.delivery.records import Saved
from gateway.delivery.rows import read_note, read_rule_state, read_ticket

LEDGER_S = 32 * 86400.0
"""How much of the tickets' ledger a start looks at: 30 days in which repeats count, and a bit."""
WATCHED_S = 7 * 86400.0
"""How long after a closing people may still speak of a ticket."""


def saved(db: sqlite3.Connection, damaged: Sequence[str]) -> Saved:
    """Everything that the desk and the engine need to go on, and what was found damaged."""
    at = _saved_at(db)
    tickets = db.execute("SELECT body FROM tickets WHERE status != 'closed' ORDER BY fired_at, id").fetchall()
    lately = "SELECT body FROM tickets WHERE status = 'closed' AND closed_at >= ? ORDER BY closed_at, id"
    closed = db.execute(lately, ((at or 0.0) - WATCHED_S,)).fetchall()
    states = db.execute("SELECT body FROM rule_states ORDER BY rule, device").fetchall()
    return Saved(
        open_tickets=[read_ticket(body) for (body,) in tickets],
        rule_states=[read_rule_state(body) for (body,) in states],
        closings=ledger.latest(db),
        saved_at=at,
        damaged=list(damaged),
        closed_lately=tuple(read_ticket(body) for (body,) in closed),
        silences=tuple(casefile.silences(db, at or 0.0)),
        entries=tuple(casefile.recent_entries(db, (at or 0.0) - LEDGER_S)),
    )


def _saved_at(db: sqlite3.Connection) -> float | None:
    row = db.execute("SELECT body FROM notes WHERE name = 'saved_at'").fetchone()
    value = None if row is None else read_note(row[0])
    return float(value) if isinstance(value, (int, float)) else None
