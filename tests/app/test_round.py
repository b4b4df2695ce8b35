"""What a round decides is stored once, in order, however often the disk refuses it and whoever is interrupted."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.app import round as round_module
from gateway.app.round import LONGEST_WAIT_S, Round
from gateway.core.clock import ManualClock
from gateway.core.types import Level, Status
from gateway.delivery.records import Changes
from gateway.delivery.writer import Writer
from tests.app.small_site import DRY, GOOD, LOW, T0, VERY_LOW, Disk, new_round, show


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "state")


@pytest.fixture
async def writer(disk: Disk) -> AsyncIterator[Writer]:
    writer = Writer(disk)
    yield writer
    await writer.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(T0)


@pytest.fixture
def stored() -> list[None]:
    """One entry for each time that the dispatch was told of news."""
    return []


@pytest.fixture
def round_(writer: Writer, clock: ManualClock, stored: list[None]) -> Round:
    return new_round(writer, clock, stored=lambda: stored.append(None))


async def test_a_full_disk_delays_tickets_and_loses_none(
    round_: Round, disk: Disk, clock: ManualClock, stored: list[None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.app")
    disk.failures = 3
    for second, pump in enumerate((LOW, VERY_LOW, GOOD), 1):
        clock.time = T0 + second
        show(round_, clock.time, pump, DRY)
        await round_.save()
        assert (round_.part.state, round_.part.since) == ("degraded", T0 + 1.0), "since the first failure"
        assert "disk is full" in round_.part.reason
    assert (round_.unsaved, len(stored), disk.load().open_tickets) == (4, 3, []), "the sender is told: it may go on"
    await round_.save()
    assert (round_.part.state, round_.part.since, round_.unsaved, len(stored)) == ("ok", None, 0, 4)
    low, dry = sorted(disk.load().open_tickets, key=lambda ticket: ticket.device)
    assert (low.level, low.cleared_at, low.messages) == (Level.RED, T0 + 3.0, 3), "the last state, once"
    assert [out.message.event for out in disk.messages(low.id)] == ["created", "escalated", "condition_cleared"]
    assert [out.message.event for out in disk.messages(dry.id)] == ["created"]
    states = {(state.rule, state.device): state.body["level"] for state in disk.load().rule_states}
    assert states == {("dry", "P-1"): "yellow"}
    lines = [record.message for record in caplog.records if record.message.startswith("storage")]
    assert [line.split()[1] for line in lines] == ["degraded", "ok"], "one line per change of state"


async def test_nothing_new_is_not_written(round_: Round, disk: Disk) -> None:
    show(round_, T0 + 1.0)
    await round_.save()
    assert disk.load().saved_at is None


@pytest.mark.parametrize("fails", [False, True])
async def test_who_is_cancelled_during_a_commit_loses_nothing(
    round_: Round, disk: Disk, monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    began, go_on = threading.Event(), threading.Event()
    commit = disk.commit

    def slow(changes: Changes) -> None:
        began.set()
        go_on.wait(5.0)
        commit(changes)

    monkeypatch.setattr(disk, "commit", slow)
    disk.failures = int(fails)
    show(round_, T0 + 1.0, LOW)
    saving = asyncio.create_task(round_.save())
    await asyncio.to_thread(began.wait)
    show(round_, T0 + 2.0, VERY_LOW)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    go_on.set()
    await round_.save()
    (ticket,) = disk.load().open_tickets
    assert (ticket.level, ticket.messages) == (Level.RED, 2)
    assert [out.message.number for out in disk.messages(ticket.id)] == [0, 1]
    assert round_.unsaved == 0


async def test_a_person_and_the_tick_may_save_at_the_same_moment(round_: Round, disk: Disk) -> None:
    show(round_, T0 + 1.0, LOW)
    await round_.save()
    (ticket,) = round_.desk.open_tickets
    show(round_, T0 + 2.0, VERY_LOW)
    acknowledged = round_.desk.acknowledge(ticket.id, "li", T0 + 2.0)
    closed = round_.desk.close(ticket.id, "li", T0 + 2.0)
    assert acknowledged is not None
    assert closed is not None
    await asyncio.gather(round_.decide(acknowledged), round_.save(), round_.decide(closed))
    ((kept, _),) = disk.tickets()
    assert (kept.status, kept.level) == (Status.CLOSED, Level.RED)
    events = [out.message.event for out in disk.messages(ticket.id)]
    assert events == ["created", "escalated", "acknowledged", "closed"]


async def test_timers_that_run_are_kept_and_forgotten_when_they_stop(round_: Round, disk: Disk) -> None:
    for second in range(1, 5):
        show(round_, T0 + second, (3.0, 9.5))
    round_.keep_pending()
    await round_.save()
    (state,) = disk.load().rule_states
    assert (state.rule, state.device, state.body["yellow_s"]) == ("overload", "P-0", 3.0)
    show(round_, T0 + 5.0)
    round_.keep_pending()
    await round_.save()
    assert disk.load().rule_states == []


async def test_a_flapping_sensor_does_not_fill_the_log(round_: Round, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gateway.app.round")
    for second in range(1, 65):
        show(round_, T0 + second, LOW if second % 2 else GOOD)
    assert round_.desk.open_tickets[0].occurrences == 32
    assert len([record for record in caplog.records if record.message.startswith("ticket=")]) == 12
    assert round_.counts["transition:fired"] == 32


async def test_the_watchdog_hears_of_every_round_even_if_the_tick_is_long(
    writer: Writer, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(round_module, "SHORTEST_WAIT_S", 0.0)
    enough, heard = asyncio.Event(), []

    def alive() -> None:
        heard.append(clock.time)
        if len(heard) == 20:
            enough.set()

    running = asyncio.create_task(new_round(writer, clock, alive=alive).run(60.0))
    await enough.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert max(clock.slept) <= LONGEST_WAIT_S
    assert heard[-1] - heard[0] == pytest.approx(19 * LONGEST_WAIT_S)
