"""A start that is killed while it makes or renews the state file leaves one that the next start takes."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gateway.delivery import statefile
from gateway.delivery.rows import message_row, ticket_row
from gateway.delivery.statefile import MIGRATIONS, connect, migrate
from tests.delivery.made import make_message, make_ticket

ROOT = Path(__file__).parents[2]
TICKETS = 20


def old_file(path: Path, version: int) -> Path:
    """A state file as the gateway of that version left it."""
    with pytest.MonkeyPatch.context() as patch, closing(connect(path)) as db:
        patch.setattr(statefile, "MIGRATIONS", MIGRATIONS[:version])
        db.execute("PRAGMA journal_mode = WAL")
        migrate(db)
        for ticket in map(make_ticket, range(TICKETS)):
            db.execute("INSERT INTO tickets VALUES (?, ?, ?, ?, ?, ?)", ticket_row(ticket))
            marks = "(key, ticket, number, level, created_at, body, seal) VALUES (?, ?, ?, ?, ?, ?, ?)"
            db.execute(f"INSERT INTO outbox {marks}", message_row(make_message(ticket)))
    return path


@pytest.mark.parametrize("version", [0, len(MIGRATIONS) - 1], ids=["new", "old"])
def test_a_start_killed_at_any_statement_is_made_good_by_the_next(tmp_path: Path, version: int) -> None:
    command: list[str | Path] = [sys.executable, ROOT / "tests" / "delivery" / "start_child.py", tmp_path / "state"]
    if version:
        command.append(old_file(tmp_path / "old.sqlite", version))
    child = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    starts = child.stdout.splitlines()
    tickets = TICKETS if version else 0
    assert len(starts) > 20, "there are more statements than that to die at"
    assert set(starts) == {f"{tickets} {tickets} {len(MIGRATIONS)} []"}
