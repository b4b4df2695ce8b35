"""A state file of the version before, with messages that wait in it."""

from contextlib import closing
from pathlib import Path

from gateway.core.types import Level
from gateway.delivery.rows import message_row
from gateway.delivery.statefile import FILE, MIGRATIONS, connect
from gateway.delivery.store import Store
from tests.delivery.made import make_message, make_ticket


def test_what_failed_before_an_update_may_have_arrived_and_what_was_never_tried_has_not(tmp_path: Path) -> None:
    with closing(connect(tmp_path / FILE)) as db:
        for statement in (statement for step in MIGRATIONS[:2] for statement in step):
            db.execute(statement)
        db.execute("PRAGMA user_version = 2")
        for number, first_at in ((1, None), (2, 500.0)):
            row = message_row(make_message(make_ticket(number, Level.RED)))
            columns = "key, ticket, number, level, created_at, body, seal, attempts, first_at"
            db.execute(f"INSERT INTO outbox ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)", (*row, first_at))  # noqa: S608 - literals
    store = Store(tmp_path)
    never, failed = store.due(1e9, 10)
    assert store.load().damaged == []
    store.close()
    assert (never.message.ticket, never.tried_at) == (make_ticket(1).id, None)
    assert (failed.message.ticket, failed.tried_at) == (make_ticket(2).id, 500.0)
