"""On a full disk tickets still find room. That a real disk behaves like this is shown by `scripts/soak storage`."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.core.types import Status
from gateway.delivery import ballast, recovery
from gateway.delivery.records import Changes
from gateway.delivery.statefile import FILE, StorageFailed, StorageFull
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from tests.delivery.made import make_message, make_opened, make_ticket

PLENTY = 2**30


class SmallDisk:
    """A disk of which the file may only use what the ballast leaves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.free = PLENTY
        self._ballast = folder / ballast.FILE
        monkeypatch.setattr(ballast, "free_bytes", lambda _: self.free)

    def fill(self, store: Store) -> None:
        """Leave nothing but the ballast; `store` is to learn of it as SQLite would tell."""
        self.free = 0
        (pages,) = store._db.execute("PRAGMA page_count").fetchone()
        store._db.execute(f"PRAGMA max_page_count = {pages}")

    def follow(self, store: Store) -> None:
        """What was the ballast's is free."""
        if not self._ballast.exists():
            self.free = ballast.SIZE
            store._db.execute(f"PRAGMA max_page_count = {2**30}")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SmallDisk:
    return SmallDisk(monkeypatch, tmp_path / "state")


@pytest.fixture
async def writer(disk: SmallDisk, store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Writer]:
    let_go = ballast.let_go

    def followed(folder: Path) -> bool:
        gone = let_go(folder)
        disk.follow(store)
        return gone

    monkeypatch.setattr(ballast, "let_go", followed)
    writer = Writer(store)
    yield writer
    writer._thread.shutdown()


async def test_the_ballast_takes_real_room(writer: Writer, store: Store) -> None:
    file = store.folder / ballast.FILE
    assert (file.stat().st_size, writer.trouble) == (ballast.SIZE, "")
    assert file.stat().st_blocks * 512 >= ballast.SIZE, "a file of holes would keep nothing free"


async def test_on_a_full_disk_tickets_are_stored_in_the_room_of_the_ballast(
    writer: Writer, store: Store, disk: SmallDisk
) -> None:
    await writer.commit(make_opened(0))
    disk.fill(store)
    for number in range(1, 101):
        await writer.commit(make_opened(number))
    assert "full" in writer.trouble
    assert len(store.load().open_tickets) == 101
    assert (store.folder / f"{FILE}-wal").stat().st_size == 0, "the log is folded in after each"
    disk.free = PLENTY
    await writer.commit(make_opened(101))
    assert not writer.trouble, "the room is taken back as soon as there is plenty"


async def test_what_is_closed_and_delivered_makes_way_oldest_first(
    writer: Writer, store: Store, disk: SmallDisk
) -> None:
    for number in range(60):
        closed = make_ticket(number, status=Status.CLOSED, closed_at=1000.0 - number)
        await writer.commit(Changes((closed,), (make_message(closed),)))
        if number != 59:
            await writer.sent(closed.id, 2000.0, "")
    disk.fill(store)
    await writer.commit(make_opened(100))
    assert len(store.tickets(limit=1000)) == 61, "nothing goes while there is room"
    disk.free = 0
    await writer.commit(make_opened(101))
    left = {ticket.id for ticket, _ in store.tickets(limit=1000)}
    assert len(left) == 62 - 20
    assert make_ticket(59).id in left, "what is not delivered stays, however old"
    assert not left & {make_ticket(number).id for number in range(39, 59)}


async def test_other_changes_find_room_too(writer: Writer, store: Store, monkeypatch: Any) -> None:
    await writer.commit(make_opened(0))
    answers = iter([StorageFull("full")])
    sent = store.sent

    def once_full(*args: Any) -> None:
        for answer in answers:
            raise answer
        sent(*args)

    monkeypatch.setattr(store, "sent", once_full)
    await writer.sent(make_ticket(0).id, 2000.0, "")
    assert store.counts()["sent"] == 1
    assert not (store.folder / ballast.FILE).exists()


async def test_without_ballast_a_full_disk_is_reported(writer: Writer, store: Store, disk: SmallDisk) -> None:
    (store.folder / ballast.FILE).unlink()
    disk.fill(store)
    many = [make_ticket(number) for number in range(100)]
    with pytest.raises(StorageFull):
        await writer.commit(Changes(tuple(many)))
    assert store.load().open_tickets == []


def test_a_start_on_a_full_disk_lets_the_ballast_go(
    tmp_path: Path, monkeypatch: Any, opened: Callable[..., Any]
) -> None:
    Store(tmp_path).close()
    (tmp_path / ballast.FILE).write_bytes(b"room")
    monkeypatch.setattr("gateway.delivery.recovery._open", _full_while(tmp_path / ballast.FILE))
    store = Store(tmp_path)
    store.commit(opened(1))
    store.close()
    assert not (tmp_path / ballast.FILE).exists()


def test_a_start_on_a_full_disk_without_ballast_fails(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("gateway.delivery.recovery._open", _full_while(tmp_path))
    with pytest.raises(StorageFailed, match="No space left"):
        Store(tmp_path)


def _full_while(file: Path) -> Callable[..., Any]:
    really = recovery._open

    def opened(path: Path) -> tuple[sqlite3.Connection, list[str]]:
        if file.exists():
            raise OSError(28, "No space left on device")
        return really(path)

    return opened


async def test_a_small_disk_has_no_ballast_and_says_so(disk: SmallDisk, store: Store) -> None:
    disk.free = ballast.SIZE
    writer = Writer(store)
    await writer.commit(replace(make_opened(1), saved_at=1.0))
    assert "full" in writer.trouble
    assert len(store.load().open_tickets) == 1
    writer._thread.shutdown()
