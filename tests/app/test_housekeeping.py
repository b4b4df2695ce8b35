"""Old tickets go, refused messages show, what was learnt is kept; and a disk that fails stops none of it for good."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gateway.app import housekeeping
from gateway.app.build import checkpoint_file
from gateway.app.housekeeping import KEEP_CLOSED_S, Housekeeping
from gateway.core.clock import ManualClock
from gateway.core.types import Block, Status, Ticket
from gateway.delivery.records import Changes
from gateway.delivery.store import StorageFailed, Store
from gateway.delivery.writer import Writer
from tests.app.small_site import T0, Disk, new_engine, until
from tests.app.test_checkpoint import detector
from tests.delivery.made import make_message, make_ticket

NOW = T0 + 200 * 86400.0


class SlowDays(ManualClock):
    """A clock on which a day goes by only when the test says so."""

    def __init__(self) -> None:
        super().__init__(NOW)
        self.next_day = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await self.next_day.wait()
        self.next_day.clear()
        self.time += seconds


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "state")


@pytest.fixture
async def writer(disk: Disk) -> AsyncIterator[Writer]:
    writer = Writer(disk)
    yield writer
    await writer.close()


@pytest.fixture
async def clock() -> SlowDays:
    return SlowDays()


@pytest.fixture
def chores(tmp_path: Path, writer: Writer, clock: SlowDays, monkeypatch: pytest.MonkeyPatch) -> Housekeeping:
    monkeypatch.setattr(housekeeping, "LOOK_EVERY_S", 0.01)
    return Housekeeping(tmp_path / "state", [new_engine(("usual", detector(2)))], writer, clock)


@asynccontextmanager
async def running(chores: Housekeeping) -> AsyncIterator[None]:
    task = asyncio.create_task(chores.run())
    yield
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def keep(store: Store, number: int, *, closed_at: float | None, delivered: bool = True) -> Ticket:
    status = Status.OPEN if closed_at is None else Status.CLOSED
    ticket = replace(make_ticket(number), status=status, closed_at=closed_at)
    message = make_message(ticket)
    store.commit(Changes((ticket,), (message,), saved_at=T0))
    if delivered:
        store.sent(message.key, NOW, "ok")
    return ticket


def kept(store: Store) -> set[str]:
    return {ticket.device for ticket, _ in store.tickets(limit=10_000)}


async def test_what_was_closed_and_delivered_long_ago_is_forgotten(disk: Disk, chores: Housekeeping) -> None:
    long_ago = NOW - KEEP_CLOSED_S - 1.0
    keep(disk, 1, closed_at=long_ago)
    keep(disk, 2, closed_at=NOW - KEEP_CLOSED_S + 1.0)
    keep(disk, 3, closed_at=long_ago, delivered=False)
    keep(disk, 4, closed_at=None)
    async with running(chores):
        await until(lambda: kept(disk) == {"P-2", "P-3", "P-4"})
    assert disk.counts()["sent"] == 2


async def test_every_day_in_small_portions(
    disk: Disk, chores: Housekeeping, clock: SlowDays, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "PRUNE_AT_ONCE", 3)
    for number in range(1, 11):
        keep(disk, number, closed_at=NOW - KEEP_CLOSED_S + (-1.0 if number <= 7 else 3600.0))
    async with running(chores):
        await until(lambda: len(kept(disk)) == 3)
        clock.next_day.set()
        await until(lambda: kept(disk) == set())


async def test_a_disk_that_fails_is_asked_again_the_next_day(
    disk: Disk, chores: Housekeeping, clock: SlowDays, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keep(disk, 1, closed_at=NOW - KEEP_CLOSED_S - 1.0)
    prune, failures = disk.prune, iter([True])

    def fails_once(before: float, limit: int) -> int:
        if next(failures, False):
            raise StorageFailed("disk I/O error")
        return prune(before, limit)

    monkeypatch.setattr(disk, "prune", fails_once)
    async with running(chores):
        await until(lambda: "another day: disk I/O error" in caplog.text)
        assert kept(disk) == {"P-1"}
        clock.next_day.set()
        await until(lambda: kept(disk) == set())


async def test_refused_messages_show_until_somebody_sees_to_them(disk: Disk, chores: Housekeeping) -> None:
    ticket = keep(disk, 1, closed_at=None, delivered=False)
    async with running(chores):
        await until(lambda: chores.outbox.get("pending") == 1)
        assert chores.health().state == "ok"
        disk.park(ticket.id, "422")
        await until(lambda: chores.health().state == "degraded")
        part = chores.health()
        assert (part.name, part.since) == ("outbox", NOW)
        assert part.reason.startswith("1 messages were refused")
        disk.resend(ticket.id)
        await until(lambda: chores.health().state == "ok")


async def test_an_outbox_that_cannot_be_read_is_looked_at_again(
    disk: Disk, chores: Housekeeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts, failures = disk.counts, iter([True, True])

    def fails_twice() -> dict[str, int]:
        if next(failures, False):
            raise StorageFailed("disk I/O error")
        return dict(counts())

    monkeypatch.setattr(disk, "counts", fails_twice)
    async with running(chores):
        await until(lambda: "pending" in chores.outbox)


async def test_what_was_learnt_is_kept_every_few_minutes(
    tmp_path: Path, chores: Housekeeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "CHECKPOINT_EVERY_S", 0.01)
    (engine,) = chores.engines
    engine.learn(Block(engine.fleet, np.array([T0]), np.ones((1, 2, 2)), np.zeros((1, 2, 2))))
    async with running(chores):
        await until(checkpoint_file(tmp_path / "state", engine.fleet).exists)
