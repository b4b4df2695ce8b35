"""The ledger: written with the closing itself, kept for long, and there after an upgrade and after damage."""

import random
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.types import RuleState, Status, Verdict
from gateway.delivery import ledger, rows, statefile
from gateway.delivery.ledger import read_ledger
from gateway.delivery.records import Changes
from gateway.delivery.statefile import FILE
from gateway.delivery.store import Store
from gateway.delivery.writer import merged
from tests.delivery.made import make_closing, make_message, make_opened, make_ticket

STATE = RuleState("pump-dry", "P-1", "f00d", {"level": "red"})


def closed(number: int, verdict: Verdict = Verdict.DONE) -> Changes:
    """All that a closing changes."""
    said = make_closing(number, verdict)
    ticket = replace(make_ticket(number), status=Status.CLOSED, closed_at=said.closed_at)
    return Changes((ticket,), (make_message(ticket, 1, "closed"),), closings=(said,), saved_at=said.closed_at)


def test_a_closing_is_there_after_a_restart_and_twice_is_once(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store:
        store.commit(closed(2, Verdict.FALSE))
        store.commit(closed(1, Verdict.NORMAL))
        store.commit(closed(2, Verdict.FALSE))
    with closing(Store(tmp_path)) as store:
        assert store.load().closings == [make_closing(1, Verdict.NORMAL), make_closing(2, Verdict.FALSE)]
        assert store.load().damaged == []


def test_commits_that_share_a_transaction_keep_all_closings() -> None:
    assert merged([closed(1), closed(2)]).closings == (make_closing(1), make_closing(2))


@given(fails_at=st.integers(1, 40), seed=st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_a_closing_and_its_line_are_one_transaction(
    tmp_path_factory: pytest.TempPathFactory, fails_at: int, seed: int
) -> None:
    """The disk fails after so many steps of the machine: both are there or neither."""
    folder, verdict = tmp_path_factory.mktemp("state"), random.Random(seed).choice([*Verdict])
    with closing(Store(folder)) as store:
        store.commit(make_opened(1))
        left = fails_at

        def step() -> int:
            nonlocal left
            left -= 1
            return int(left < 0)

        store._db.set_progress_handler(step, 5)
        with suppress(statefile.StorageFailed):
            store.commit(closed(1, verdict))
        store._db.set_progress_handler(None, 0)
    with closing(Store(folder)) as store:
        is_open = bool(store.load().open_tickets)
        assert [said.verdict for said in store.load().closings] == ([] if is_open else [verdict])
        assert [out.message.event for out in store.messages(make_ticket(1).id)][1:] == ([] if is_open else ["closed"])


def test_an_old_state_file_opens_and_keeps_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as past:
        past.setattr(statefile, "MIGRATIONS", statefile.MIGRATIONS[:1])
        db = statefile.connect(tmp_path / FILE)
        statefile.migrate(db)
        db.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
    assert read_ledger(tmp_path) is None
    _fill_as_the_old_version_did(tmp_path)
    with closing(Store(tmp_path)) as store:
        saved = store.load()
        assert (saved.open_tickets, saved.rule_states, saved.closings) == ([make_ticket(1)], [STATE], [])
        assert (saved.damaged, saved.saved_at) == ([], 77.0)
        assert [out.message.key for out in store.due(2e9, 9)] == [make_ticket(1).id]
        store.commit(closed(1))
    assert read_ledger(tmp_path) == (make_closing(1),)


def _fill_as_the_old_version_did(folder: Path) -> None:
    with closing(statefile.connect(folder / FILE)) as db:
        for table, row in (
            ("tickets", rows.ticket_row(make_ticket(1))),
            ("rule_states", rows.rule_state_row(STATE)),
            ("notes", rows.note_row("saved_at", 77.0)),
        ):
            db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - literals
        sealed = rows.message_row(make_message(make_ticket(1)))
        columns = ", ".join((*rows.OUTBOX.sealed, "seal"))
        marks = ", ".join("?" * len(sealed))
        db.execute(f"INSERT INTO outbox ({columns}) VALUES ({marks})", sealed)  # noqa: S608 - our own names


def test_old_closings_are_forgotten_and_only_so_many_kept(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store:
        store.commit(Changes(closings=tuple(make_closing(number) for number in range(10))))
        assert store.forget_closings(make_closing(3).closed_at, 100) == 3
        assert store.forget_closings(0.0, 4) == 3
        assert [said.ticket for said in store.load().closings] == [make_ticket(number).id for number in (6, 7, 8, 9)]


def test_a_start_looks_at_the_last_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "LATEST", 2)
    with closing(Store(tmp_path)) as store:
        store.commit(Changes(closings=tuple(make_closing(number) for number in (2, 3, 1))))
        assert store.load().closings == [make_closing(2), make_closing(3)]
    assert [said.ticket for said in read_ledger(tmp_path) or ()] == [make_ticket(number).id for number in (1, 2, 3)]


def test_a_flipped_byte_is_found_and_a_ruined_file_is_salvaged(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store:
        store.commit(closed(1))
        store.commit(closed(2, Verdict.FALSE))
        store._db.execute("UPDATE closings SET closed_at = 7 WHERE ticket = ?", (make_ticket(1).id,))
    with closing(Store(tmp_path)) as store:
        assert store.load().damaged == [f"closings {make_ticket(1).id}: checksum"]
        assert store.load().closings == [make_closing(2, Verdict.FALSE)]
    raw = bytearray((tmp_path / FILE).read_bytes())
    raw[:100] = bytes(100)
    (tmp_path / FILE).write_bytes(raw)
    with closing(Store(tmp_path)) as store:
        assert "rows kept" in store.load().damaged[0]
        assert store.load().closings == [make_closing(2, Verdict.FALSE)]
