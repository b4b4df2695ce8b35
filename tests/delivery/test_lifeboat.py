"""While the disk fails: what cannot be stored is sent from memory, once, in order, and stored when it can be."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.core.types import Level
from gateway.delivery import lifeboat
from gateway.delivery.lifeboat import Lifeboat
from gateway.delivery.records import Changes
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.store import Store
from simulators.property_api import PropertyApi
from tests.delivery.bench import bench
from tests.delivery.made import make_message, make_opened, make_ticket

NOW = 2_000_000_000.0


class BadDisk(Store):
    """A store on a disk that turns read-only, or dies altogether."""

    mood = "well"

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self.mood != "well":
            raise StorageFailed("attempt to write a readonly database")
        with super()._writing() as db:
            yield db

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self.mood == "dead":
            raise StorageFailed("disk I/O error")
        with super()._reading() as db:
            yield db


@pytest.fixture
def disk(tmp_path: Path) -> BadDisk:
    return BadDisk(tmp_path / "state")


@pytest.fixture
async def boat(disk: BadDisk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lifeboat]:
    monkeypatch.setattr(lifeboat, "LOOK_AGAIN_S", 0.0)
    boat = Lifeboat(disk, patience_s=0.0)
    yield boat
    disk.mood = "well"
    await boat.close()


async def refused(boat: Lifeboat, *changes: Changes) -> None:
    for each in changes:
        with pytest.raises(StorageFailed):
            await boat.commit(each)


async def keys(boat: Lifeboat, now: float = NOW) -> list[str]:
    return [outgoing.message.key for outgoing in await boat.due(now, 100)]


@pytest.mark.parametrize("mood", ["read-only", "dead"])
async def test_what_cannot_be_stored_is_due_red_first(boat: Lifeboat, disk: BadDisk, mood: str) -> None:
    disk.mood = mood
    await refused(boat, make_opened(1), make_opened(2, Level.RED))
    assert await keys(boat) == [make_ticket(2).id, make_ticket(1).id]


async def test_what_was_stored_before_goes_on_too(boat: Lifeboat, disk: BadDisk) -> None:
    await boat.commit(make_opened(1))
    disk.mood = "read-only"
    await refused(boat, make_opened(2))
    assert await keys(boat) == [make_ticket(1).id, make_ticket(2).id]
    for number in (1, 2):
        await boat.sent(make_ticket(number).id, NOW, "accepted")
    assert await keys(boat) == [], "what was sent is known without a disk"
    disk.mood = "well"
    await boat.commit(make_opened(2))
    assert await keys(boat) == []
    assert disk.counts()["sent"] == 2, "and the store learns of it"


async def test_one_failed_commit_is_no_reason(disk: BadDisk) -> None:
    boat = Lifeboat(disk)
    disk.mood = "read-only"
    await refused(boat, make_opened(1))
    assert await keys(boat) == []
    disk.mood = "well"
    await boat.commit(make_opened(1))
    assert await keys(boat) == [make_ticket(1).id]
    await boat.close()


async def test_a_ticket_keeps_its_order(boat: Lifeboat, disk: BadDisk) -> None:
    one, two = make_ticket(1), make_ticket(2)
    await boat.commit(make_opened(1))
    disk.mood = "read-only"
    later = tuple(make_message(ticket, n, "occurred_again") for ticket in (one, two) for n in (1, 2))
    await refused(boat, Changes((one, two), (make_message(two), *later)))
    for number in range(3):
        due = [make_message(ticket, number).key for ticket in (one, two)]
        assert await keys(boat) == due
        for key in due:
            await boat.sent(key, NOW, "")
    assert await keys(boat) == []


async def test_a_refused_creation_holds_its_ticket_back(boat: Lifeboat, disk: BadDisk) -> None:
    disk.mood = "read-only"
    ticket = make_ticket(1)
    await refused(boat, Changes((ticket,), (make_message(ticket), make_message(ticket, 1, "closed"))))
    await boat.park(ticket.id, "422")
    assert await keys(boat) == []
    disk.mood = "well"
    await boat.commit(Changes((ticket,), (make_message(ticket), make_message(ticket, 1, "closed"))))
    assert (await keys(boat), disk.counts()["parked"]) == ([], 1)


async def test_without_a_store_nobody_knows_what_went_before(boat: Lifeboat, disk: BadDisk) -> None:
    ticket = make_ticket(1)
    await boat.commit(make_opened(1))
    disk.mood = "dead"
    await refused(boat, Changes((ticket,), (make_message(ticket, 1, "closed"),)))
    assert await keys(boat) == []
    assert await boat.next_at(NOW) == NOW + lifeboat.LOOK_AGAIN_S


async def test_a_failed_try_waits_and_counts(boat: Lifeboat, disk: BadDisk) -> None:
    disk.mood = "read-only"
    await refused(boat, make_opened(1))
    for attempt in range(1, 4):
        await boat.retry(make_ticket(1).id, NOW + attempt, NOW + 10 * attempt, "503")
        assert await keys(boat, NOW + 10 * attempt - 1) == []
        (outgoing,) = await boat.due(NOW + 10 * attempt, 1)
        assert (outgoing.attempts, outgoing.first_at) == (attempt, NOW + 1)
    await boat.hurry()
    assert await keys(boat, NOW) == [make_ticket(1).id]


async def test_a_dead_disk_with_nothing_aboard_is_reported(boat: Lifeboat, disk: BadDisk) -> None:
    disk.mood = "dead"
    for call in (boat.due(NOW, 1), boat.next_at(NOW), boat.hurry()):
        with pytest.raises(StorageFailed):
            await call


async def test_what_goes_from_memory_is_bounded_and_red_first(
    boat: Lifeboat, disk: BadDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifeboat, "MOST", 3)
    disk.mood = "read-only"
    tickets = [make_ticket(number, Level.RED if number > 5 else Level.YELLOW) for number in range(8)]
    await refused(boat, Changes(tuple(tickets), tuple(map(make_message, tickets))))
    assert await keys(boat) == [make_ticket(number).id for number in (6, 7, 0)]


async def test_a_receiver_gets_all_of_it_once(
    disk: BadDisk, api: PropertyApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifeboat, "LOOK_AGAIN_S", 0.02)
    boat = Lifeboat(disk, patience_s=0.0)
    async with bench(tmp_path, api.url, writer=boat) as running:
        await running.commit(make_opened(0))
        disk.mood = "read-only"
        unsaved = [make_opened(number, Level.RED) for number in range(1, 30)]
        await refused(boat, *unsaved)
        running.dispatch.wake()

        async def arrived() -> bool:
            return len(api.book.orders) == 30

        await running.until(arrived)
        disk.mood = "well"
        await running.commit(*unsaved)
        await running.until_counts(sent=30, pending=0)
    assert set(api.book.posts.values()) == {1}, "nothing was even posted twice"
