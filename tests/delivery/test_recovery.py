"""Whatever happened to the file: the gateway starts, keeps what is good, reports what is not, and invents nothing."""

import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.delivery import recovery
from gateway.delivery.records import Saved
from gateway.delivery.statefile import FILE, PAGE_BYTES
from gateway.delivery.store import Store
from tests.delivery.made import make_opened

Make = Callable[..., Any]
NOW = 2_000_000_000.0
TICKETS = 60


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A state file with `TICKETS` open tickets, each with one message."""
    folder = tmp_path_factory.mktemp("good")
    store = Store(folder)
    for number in range(TICKETS):
        store.commit(make_opened(number))
    store.close()
    return (folder / FILE).read_bytes()


def started(folder: Path, data: bytes) -> tuple[Saved, set[str]]:
    """Start on this file; returns what was loaded and the keys of the messages that are due."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / FILE).write_bytes(data)
    store = Store(folder)
    try:
        return store.load(), {outgoing.message.key for outgoing in store.due(NOW, 10 * TICKETS)}
    finally:
        store.close()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_one_flipped_byte_anywhere_is_found_or_harmless(
    tmp_path: Path, good: bytes, ticket: Make, place: float, flip: int
) -> None:
    data = bytearray(good)
    data[int(place * len(data))] ^= flip
    saved, due = started(tmp_path / "state", bytes(data))
    original = {one.id: one for one in map(ticket, range(TICKETS))}
    assert all(original[one.id] == one for one in saved.open_tickets), "a damaged ticket was taken for a good one"
    lost = 2 * TICKETS - len(saved.open_tickets) - len(due)
    assert lost == 0 or saved.damaged, "something is missing and nobody was told"
    assert lost <= 8, "more than one page of rows was lost"


@pytest.mark.parametrize("what", ["title", "number"])
def test_a_flipped_byte_in_a_row_sets_only_that_row_aside(tmp_path: Path, good: bytes, what: str) -> None:
    text = {"title": '"title":"7号'.encode(), "number": b'"number":0,"tick'}[what]
    assert text in good
    data = good.replace(text, bytes([*text[:-1], text[-1] ^ 1]), 1)
    saved, due = started(tmp_path / "state", data)
    assert len(saved.damaged) == 1
    assert len(saved.open_tickets) + len(due) == 2 * TICKETS - 1
    store = Store(tmp_path / "state")
    assert store.load().damaged == [], "it is reported once"
    assert store.counts()["damaged"] == 1, "and counted for good"
    store.close()


def test_a_row_damaged_while_running_is_never_sent(store: Store, opened: Make, ticket: Make) -> None:
    for number in (1, 2):
        store.commit(opened(number))
    store._db.execute("UPDATE outbox SET body = replace(body, '1号泵', '9号泵') WHERE key = ?", (ticket(1).id,))
    assert [outgoing.message.key for outgoing in store.due(NOW, 10)] == [ticket(2).id]
    assert store.counts()["damaged"] == 1


def test_an_unknown_delivery_state_means_send_it_again(tmp_path: Path, opened: Make) -> None:
    store = Store(tmp_path)
    store.commit(opened(1))
    store._db.execute("UPDATE outbox SET state = 'sont'")
    store.close()
    store = Store(tmp_path)
    assert len(store.due(NOW, 10)) == 1
    store.close()


HEADER_GONE = [("zeroed", b"\0" * PAGE_BYTES), ("noise", random.Random(1).randbytes(PAGE_BYTES))]


@pytest.mark.parametrize(("how", "page"), HEADER_GONE, ids=[how for how, _ in HEADER_GONE])
def test_a_lost_first_page_loses_no_row(tmp_path: Path, good: bytes, how: str, page: bytes) -> None:
    saved, due = started(tmp_path / "state", page + good[PAGE_BYTES:])
    assert (len(saved.open_tickets), len(due)) == (TICKETS, TICKETS), how
    assert "corrupt-1" in saved.damaged[0]
    assert (tmp_path / "state" / f"{FILE}.corrupt-1").read_bytes()[:PAGE_BYTES] == page, "kept as it was found"


@pytest.mark.parametrize("page", range(1, 12))
def test_one_zeroed_page_costs_at_most_that_page(tmp_path: Path, good: bytes, page: int) -> None:
    data = bytearray(good)
    data[page * PAGE_BYTES : (page + 1) * PAGE_BYTES] = bytes(PAGE_BYTES)
    saved, due = started(tmp_path / "state", bytes(data))
    assert saved.damaged
    assert len(saved.open_tickets) + len(due) >= 2 * TICKETS - 8, "also if it is the top page of a table"


@pytest.mark.parametrize("size", [0, 1, 99, 100, PAGE_BYTES, 3 * PAGE_BYTES + 17])
def test_a_truncated_file_starts(tmp_path: Path, good: bytes, size: int) -> None:
    saved, _ = started(tmp_path / "state", good[:size])
    assert saved.damaged


def test_a_log_outlives_a_file_that_was_cut_to_nothing(tmp_path: Path, opened: Make, ticket: Make) -> None:
    store = Store(tmp_path / "running")
    store.commit(opened(1))
    shutil.copytree(tmp_path / "running", tmp_path / "cut")  # as a power cut leaves it: the commit is in the log
    store.close()
    (tmp_path / "cut" / FILE).write_bytes(b"")
    store = Store(tmp_path / "cut")
    saved = store.load()
    assert saved.open_tickets == [ticket(1)]
    assert "cut to 0 bytes" in saved.damaged[0]
    store.close()


def test_garbage_starts_and_works(tmp_path: Path, opened: Make, ticket: Make) -> None:
    saved, due = started(tmp_path / "state", random.Random(2).randbytes(100_000))
    assert (saved.open_tickets, due) == ([], set())
    store = Store(tmp_path / "state")
    store.commit(opened(1))
    assert store.load().open_tickets == [ticket(1)]
    store.close()


@pytest.mark.parametrize("log", [b"", b"\0" * 8192, random.Random(3).randbytes(50_000)], ids=["empty", "zero", "noise"])
def test_a_bad_log_beside_a_good_file_starts(tmp_path: Path, good: bytes, log: bytes) -> None:
    (tmp_path / FILE).write_bytes(good)
    (tmp_path / f"{FILE}-wal").write_bytes(log)
    (tmp_path / f"{FILE}-shm").write_bytes(b"x" * 100)
    store = Store(tmp_path)
    assert len(store.load().open_tickets) == TICKETS
    store.close()


def test_a_log_without_its_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / f"{FILE}-wal").write_bytes(b"left over")
    store = Store(tmp_path)
    assert store.load().damaged == ["the state file was gone, its log was left"]
    store.close()


@pytest.mark.parametrize("renames", range(6))
def test_a_kill_between_any_two_steps_of_the_rescue_loses_nothing(
    tmp_path: Path, good: bytes, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    (tmp_path / FILE).write_bytes(b"\0" * PAGE_BYTES + good[PAGE_BYTES:])
    (tmp_path / f"{FILE}-wal").write_bytes(b"an old log")
    left = [renames]
    rename = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with suppress(KeyboardInterrupt):
        recovery.open_state(tmp_path / FILE)[0].close()
    monkeypatch.undo()
    store = Store(tmp_path)
    assert len(store.load().open_tickets) == TICKETS
    assert len(store.due(NOW, 10 * TICKETS)) == TICKETS
    store.close()


def test_several_rescues_keep_every_damaged_file(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / FILE).write_bytes(b"not a database at all")
        store = Store(tmp_path)
        assert (tmp_path / f"{FILE}.corrupt-{number}").exists()
        store.close()
