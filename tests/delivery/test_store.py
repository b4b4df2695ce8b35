import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.core.types import Level, RuleState, Status
from gateway.delivery import statefile
from gateway.delivery.outbox import _DUE, LONGEST_PAUSE_S
from gateway.delivery.records import Changes, Delivery
from gateway.delivery.statefile import FILE, StateInUse, StorageFailed
from gateway.delivery.store import Store

Make = Callable[..., Any]
NOW = 2_000_000_000.0


def reopened(store: Store, folder: Path) -> Store:
    store.close()
    return Store(folder)


def keys(store: Store, now: float = NOW) -> list[str]:
    return [outgoing.message.key for outgoing in store.due(now, 100)]


def test_a_new_folder_is_empty_and_says_so(store: Store) -> None:
    saved = store.load()
    assert (saved.open_tickets, saved.rule_states, saved.saved_at, saved.damaged) == ([], [], None, [])
    assert store.counts() == {"pending": 0, "parked": 0, "sent": 0, "damaged": 0, "oldest_pending": 0}


def test_what_was_committed_is_there_after_a_restart(tmp_path: Path, ticket: Make, message: Make) -> None:
    state = RuleState("pump-dry", "P-1", "f00d", {"since": 12.5, "firing": True})
    store = Store(tmp_path)
    store.commit(Changes((ticket(1),), (message(ticket(1)),), (state,), saved_at=77.25))
    store = reopened(store, tmp_path)
    saved = store.load()
    assert saved.open_tickets == [ticket(1)]
    assert saved.rule_states == [state]
    assert saved.saved_at == 77.25
    (outgoing,) = store.due(NOW, 10)
    assert outgoing.message.key == ticket(1).id
    assert outgoing.message.body["ticket"]["title"] == "1号泵 干转"
    store.close()


def test_the_same_commit_twice_is_one(store: Store, opened: Make, ticket: Make) -> None:
    store.commit(opened(1))
    store.sent(ticket(1).id, NOW, "accepted")
    store.commit(opened(1))
    assert store.counts()["sent"] == 1
    assert keys(store) == []
    assert len(store.load().open_tickets) == 1


def test_a_closed_ticket_is_not_open_but_can_be_found(store: Store, ticket: Make, opened: Make) -> None:
    store.commit(opened(1))
    closed = replace(ticket(1), status=Status.CLOSED, closed_at=NOW)
    store.commit(Changes(tickets=(closed,)))
    assert store.load().open_tickets == []
    assert store.ticket(closed.id) == closed
    assert store.ticket("none") is None
    assert store.tickets(status=Status.CLOSED) == [(closed, Delivery(sent=0, pending=1, parked=0))]
    assert store.tickets(status=Status.OPEN) == []


def test_an_empty_rule_state_is_forgotten(store: Store) -> None:
    state = RuleState("r", "d", "f", {"since": 1.0})
    store.commit(Changes(rule_states=(state,)))
    store.commit(Changes(rule_states=(replace(state, body={}),)))
    assert store.load().rule_states == []


def test_unknown_numbers_in_evidence_become_null(store: Store, ticket: Make) -> None:
    odd = ticket(1, evidence={"flow": float("nan"), "head": float("inf")})
    store.commit(Changes(tickets=(odd,)))
    assert store.load().open_tickets[0].evidence == {"flow": None, "head": None}


def test_red_goes_first_then_the_oldest(store: Store, opened: Make, ticket: Make) -> None:
    for number, level in [(1, Level.YELLOW), (4, Level.RED), (3, Level.RED), (2, Level.YELLOW)]:
        store.commit(opened(number, level))
    assert keys(store) == [ticket(number).id for number in (3, 4, 1, 2)]
    assert len(store.due(NOW, 2)) == 2


def test_of_each_ticket_only_the_first_undelivered_message_is_due(store: Store, ticket: Make, message: Make) -> None:
    one = ticket(1)
    store.commit(Changes((one,), tuple(message(one, n, "escalated" if n else "created") for n in (2, 0, 1))))
    for number, key in enumerate([one.id, f"{one.id}:1", f"{one.id}:2"]):
        assert keys(store) == [key], number
        store.retry(key, NOW, NOW + 5, "busy")
        assert keys(store) == []
        assert store.next_at(NOW) == NOW + 5
        store.sent(key, NOW, "accepted")
    assert [outgoing.attempts for outgoing in store.messages(one.id)] == [2, 2, 2]


def test_a_parked_creation_holds_its_ticket_back_and_a_parked_event_does_not(
    store: Store, ticket: Make, message: Make
) -> None:
    one = ticket(1)
    store.commit(Changes((one,), (message(one), message(one, 1, "occurred_again"), message(one, 2, "closed"))))
    store.park(one.id, "422 no")
    assert keys(store) == []
    assert store.counts()["parked"] == 1
    assert store.resend(one.id)
    store.sent(one.id, NOW, "")
    store.park(f"{one.id}:1", "422 no")
    assert keys(store) == [f"{one.id}:2"]
    store.sent(f"{one.id}:2", NOW, "")
    assert store.resend(one.id), "the refused event is sent again"
    assert keys(store) == [f"{one.id}:1"], "what was delivered is not"
    store.sent(f"{one.id}:1", NOW, "")
    assert not store.resend(one.id)
    assert not store.resend("none")


def test_a_retry_far_in_the_future_means_that_the_clock_was_set_back(store: Store, opened: Make, ticket: Make) -> None:
    store.commit(opened(1))
    store.retry(ticket(1).id, NOW, NOW + LONGEST_PAUSE_S, "busy")
    assert keys(store, NOW) == []
    assert keys(store, NOW - 1) == [ticket(1).id]


def test_hurry_makes_all_that_waits_due(store: Store, opened: Make, ticket: Make) -> None:
    for number in (1, 2, 3):
        store.commit(opened(number))
        store.retry(ticket(number).id, NOW, NOW + 300, "down")
    store.park(ticket(3).id, "no")
    store.hurry()
    assert keys(store) == [ticket(1).id, ticket(2).id]


def test_prune_takes_only_what_is_closed_old_and_delivered(store: Store, opened: Make, ticket: Make) -> None:
    for number in range(4):
        store.commit(opened(number))
    closed = [replace(ticket(number), status=Status.CLOSED, closed_at=100.0 * number) for number in (1, 2, 3)]
    store.commit(Changes(tickets=tuple(closed)))
    store.sent(ticket(1).id, NOW, "")
    store.sent(ticket(3).id, NOW, "")
    assert store.prune(before=250.0, limit=10) == 1
    assert [t.id for t, _ in store.tickets()] == [ticket(n).id for n in (3, 2, 0)]
    assert store.counts()["sent"] == 1


def test_a_second_instance_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(StateInUse, match="another gateway"):
        Store(tmp_path)
    code = f"from gateway.delivery.store import Store; from pathlib import Path; Store(Path({str(tmp_path)!r}))"
    other = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert "StateInUse" in other.stderr
    store.close()
    Store(tmp_path).close()


def test_a_full_disk_is_reported_changes_nothing_and_may_be_repeated(store: Store, opened: Make) -> None:
    store.commit(opened(1))
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    many = Changes(
        tuple(opened(n).tickets[0] for n in range(2, 100)), tuple(opened(n).messages[0] for n in range(2, 100))
    )
    with pytest.raises(StorageFailed, match="full"):
        store.commit(many)
    held = store.counts()["pending"]
    assert (held, len(store.load().open_tickets)) == (1, 1)
    store._db.execute("PRAGMA max_page_count = 100000")
    store.commit(many)
    assert store.counts()["pending"] == 99


def test_a_folder_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="state folder"):
        Store(tmp_path / "file")
    (tmp_path / "folder" / FILE).mkdir(parents=True)
    with pytest.raises(StorageFailed):
        Store(tmp_path / "folder")
    (tmp_path / "folder" / FILE).rmdir()
    Store(tmp_path / "folder").close()


def test_commits_are_synced_and_the_log_is_written_ahead(store: Store) -> None:
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_migration_is_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Make, ticket: Make
) -> None:
    store = Store(tmp_path)
    store.commit(opened(1))
    store.close()
    step = ("ALTER TABLE tickets ADD COLUMN later TEXT", "CREATE INDEX later ON tickets (later)")
    monkeypatch.setattr(statefile, "MIGRATIONS", (*statefile.MIGRATIONS, step))
    for _ in range(2):
        store = Store(tmp_path)
        assert store._db.execute("PRAGMA user_version").fetchone() == (len(statefile.MIGRATIONS),)
        saved = store.load()
        assert (saved.damaged, saved.open_tickets) == ([], [ticket(1)])
        store.close()


def test_a_failed_migration_leaves_the_old_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path).close()
    monkeypatch.setattr(
        statefile, "MIGRATIONS", (*statefile.MIGRATIONS, ("CREATE TABLE later (x)", "SELECT nonsense("))
    )
    db = statefile.connect(tmp_path / FILE)
    with pytest.raises(sqlite3.OperationalError):
        statefile.migrate(db)
    db.close()
    monkeypatch.undo()
    store = Store(tmp_path)
    assert store.load().damaged == []
    store.close()


def test_ten_thousand_waiting_messages_do_not_make_asking_slow(store: Store, ticket: Make, message: Make) -> None:
    """A yellow backlog that waits for its retry, and one red ticket: the plan walks the index in order of dispatch."""
    many = [ticket(number) for number in range(10_000)]
    store.commit(Changes(tuple(many), tuple(message(one) for one in many)))
    args = {"now": NOW, "longest": LONGEST_PAUSE_S, "limit": 4}
    plan = " ".join(str(row[3]) for row in store._db.execute("EXPLAIN QUERY PLAN " + _DUE, args))
    assert "outbox_due" in plan
    assert "TEMP B-TREE" not in plan
    assert "outbox_by_device (device=? AND rowid<?)" in plan
    assert len(store.due(NOW, 4)) == 4
