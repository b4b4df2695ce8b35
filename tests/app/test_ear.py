"""What is heard is on the disk before it is answered, is heard once, and never waits for a delivery."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gateway.app.ear import NOT_NOW, DeskEar
from gateway.core.casework import Callback, Complaint, Happening
from gateway.core.clock import ManualClock
from gateway.core.hearing import Heard, Reply
from gateway.core.types import Status
from gateway.delivery.records import Changes
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from gateway.tickets.decision import Decision, Reason
from tests.delivery.made import T0, make_ticket

TICKET = make_ticket(1)


@dataclass
class FakeDesk:
    """Knows one ticket."""

    heard: list[tuple[Callback, float]] = field(default_factory=list)
    reason: str = Reason.ACKNOWLEDGED

    def hear(self, callback: Callback, now: float) -> Decision | None:
        if callback.ticket != TICKET.id:
            return None
        self.heard.append((callback, now))
        return Decision(self.reason, replace(TICKET, status=Status.ACKNOWLEDGED))  # type: ignore[arg-type] # a reason of a later desk


@dataclass
class FakeRound:
    """Keeps what cannot be stored, as the real one."""

    writer: Writer
    waiting: list[Changes] = field(default_factory=list)
    fails: bool = False

    async def decide(self, decision: Decision, callback: Callback | None = None) -> None:
        tickets = () if decision.ticket is None else (decision.ticket,)
        self.waiting.append(Changes(tickets=tickets, heard=() if callback is None else (callback,), saved_at=T0))
        await self.save()

    async def complain(self, complaint: Complaint) -> None:
        self.waiting.append(Changes(complaints=(complaint,), saved_at=T0))
        await self.save()

    async def save(self) -> None:
        while self.waiting and not self.fails:
            await self.writer.commit(self.waiting.pop(0))


@dataclass
class Site:
    desk: FakeDesk
    round: FakeRound
    store: Store
    clock: ManualClock
    ear: DeskEar


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    store = Store(tmp_path)
    writer = Writer(store)
    await writer.commit(Changes(tickets=(TICKET,), saved_at=T0))
    desk, round_, clock = FakeDesk(), FakeRound(writer), ManualClock(T0 + 100.0)
    yield Site(desk, round_, store, clock, DeskEar(desk, round_, writer, ["P-1", "P-2"], clock))
    await writer.close()


def said(**other: object) -> Callback:
    return replace(Callback("e-1", TICKET.id, Happening.ACCEPTED, T0 + 50.0, "li"), **other)  # type: ignore[arg-type] # fields of any type


async def test_what_is_taken_is_on_the_disk_with_what_it_changed(site: Site) -> None:
    assert await site.ear.hear(said()) == Reply(Heard.TAKEN)
    assert site.store.heard("e-1") == said()
    kept = site.store.ticket(TICKET.id)
    assert kept is not None
    assert kept.status is Status.ACKNOWLEDGED
    assert site.ear.told_at(TICKET.id) == T0 + 100.0


async def test_a_repetition_changes_nothing_even_after_a_restart(site: Site) -> None:
    await site.ear.hear(said())
    assert await site.ear.hear(said()) == Reply(Heard.KNOWN)
    again = DeskEar(site.desk, site.round, site.round.writer, [], site.clock)
    assert await again.hear(said()) == Reply(Heard.KNOWN)
    assert len(site.desk.heard) == 1


async def test_ten_at_once_are_one(site: Site) -> None:
    replies = await asyncio.gather(*(site.ear.hear(said()) for _ in range(10)))
    assert sorted(str(reply.heard) for reply in replies) == ["known"] * 9 + ["taken"]
    assert len(site.desk.heard) == 1


@pytest.mark.parametrize("other", [{"event": Happening.CLOSED}, {"ticket": "another"}])
async def test_an_id_that_was_something_else_is_refused(site: Site, other: dict[str, object]) -> None:
    await site.ear.hear(said())
    reply = await site.ear.hear(said(**other))
    assert reply == Reply(Heard.REFUSED, "the id e-1 was used for something else")
    assert len(site.desk.heard) == 1


async def test_a_ticket_that_is_not_there(site: Site) -> None:
    assert (await site.ear.hear(said(ticket="none"))).heard is Heard.UNKNOWN
    assert site.store.heard("e-1") is None
    assert site.ear.told_at("none") is None


async def test_a_ticket_that_was_closed_long_ago_is_there_but_takes_nothing(site: Site) -> None:
    old = make_ticket(2, status=Status.CLOSED, closed_at=T0)
    site.store.commit(Changes(tickets=(old,), saved_at=T0))
    assert await site.ear.hear(said(ticket=old.id)) == Reply(Heard.REFUSED, "the ticket is closed")
    assert site.store.heard("e-1") is None


async def test_what_the_desk_refuses_may_be_said_again_with_what_was_missing(site: Site) -> None:
    site.desk.reason = "closing needs evidence"
    assert await site.ear.hear(said(event=Happening.CLOSED)) == Reply(Heard.REFUSED, "closing needs evidence")
    assert site.store.heard("e-1") is None
    site.desk.reason = Reason.CLOSED
    whole = said(event=Happening.CLOSED, evidence=("photo:1",))
    assert (await site.ear.hear(whole)).heard is Heard.TAKEN


async def test_a_sender_whose_clock_is_ahead_tells_of_now(site: Site) -> None:
    await site.ear.hear(said(at=T0 + 4000.0))
    assert [callback.at for callback, _ in site.desk.heard] == [T0 + 100.0]


async def test_while_the_disk_fails_nothing_is_promised_and_nothing_decided_twice(site: Site) -> None:
    site.round.fails = True
    assert await site.ear.hear(said()) == Reply(Heard.BUSY, NOT_NOW)
    assert await site.ear.hear(said()) == Reply(Heard.BUSY, NOT_NOW)
    assert site.ear.told_at(TICKET.id) is None
    site.round.fails = False
    assert (await site.ear.hear(said())).heard is Heard.KNOWN
    assert len(site.desk.heard) == 1
    assert site.store.heard("e-1") == said()


async def test_a_state_file_that_cannot_be_read_is_busy(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StorageFailed("disk I/O error")

    monkeypatch.setattr(site.store, "heard", fail)
    monkeypatch.setattr(site.store, "transaction", fail)
    assert await site.ear.hear(said()) == Reply(Heard.BUSY, "disk I/O error")
    assert await site.ear.complain(Complaint("c-1", "P-1", T0)) == Reply(Heard.BUSY, "disk I/O error")
    assert site.desk.heard == []


async def test_what_was_found_by_asking_is_not_being_told(site: Site) -> None:
    assert (await site.ear.hear(said(id="poll/x"))).heard is Heard.TAKEN
    assert site.ear.told_at(TICKET.id) is None


async def test_complaints_are_matched_stored_and_counted(site: Site) -> None:
    assert await site.ear.complain(Complaint("c-1", "P-1", T0 + 61.0, "没水")) == Reply(Heard.TAKEN)
    assert await site.ear.complain(Complaint("c-1", "P-1", T0 + 61.0, "没水")) == Reply(Heard.TAKEN)
    assert await site.ear.complain(Complaint("c-2", "P-2", T0 + 61.0)) == Reply(Heard.TAKEN)
    assert (site.ear.lead().complaints, site.ear.lead().missed, site.ear.lead().median_s) == (2, 1, 60.0)
    again = DeskEar(site.desk, site.round, site.round.writer, [], site.clock)
    await again.recall()
    assert again.lead() == site.ear.lead()


async def test_complaints_about_what_is_not_there_or_cannot_be_stored(site: Site) -> None:
    assert (await site.ear.complain(Complaint("c-1", "P-9", T0))).heard is Heard.UNKNOWN
    site.round.fails = True
    assert await site.ear.complain(Complaint("c-1", "P-1", T0)) == Reply(Heard.BUSY, NOT_NOW)
    site.round.fails = False
    assert await site.ear.complain(Complaint("c-1", "P-1", T0)) == Reply(Heard.TAKEN)
    assert site.ear.lead().complaints == 1


async def test_an_old_complaint_is_stored_too(site: Site) -> None:
    assert await site.ear.complain(Complaint("c-1", "P-1", T0 - 40 * 86400.0)) == Reply(Heard.TAKEN)
    assert site.ear.lead().complaints == 0
