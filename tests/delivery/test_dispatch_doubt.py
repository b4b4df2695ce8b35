"""Answers that are lost, doubtful or late, disks that fail and kills: the sender still delivers each message once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.core.types import Level, Member, Message
from gateway.delivery.answers import LONGEST_ANSWER_BYTES
from gateway.delivery.dispatch import Pace
from gateway.delivery.mapping import wire
from gateway.delivery.records import Changes
from gateway.delivery.rows import canonical
from gateway.delivery.statefile import StorageFailed
from simulators.property_api import PropertyApi
from tests.delivery.bench import SITE, as_condition, bench

Make = Callable[..., Any]


@pytest.mark.parametrize("mood", ["down", "error", "busy", "html_502", "wrong_key", "not_found", "mixed"])
async def test_no_mood_of_the_api_loses_or_doubles_anything(
    tmp_path: Path, api: PropertyApi, ticket: Make, message: Make, mood: str
) -> None:
    api.be(mood, seconds=0)
    tickets = [ticket(number, Level.RED if number % 3 == 0 else Level.YELLOW) for number in range(12)]
    async with bench(tmp_path, api.url) as desk:
        for one in tickets:
            await desk.commit(Changes((one,), (message(one), message(one, 1, "occurred_again"))))
        if mood != "mixed":
            await desk.until(lambda: as_condition(desk.dispatch.health().state in {"down", "refused"}))
            assert (await desk.writer.counts())["sent"] == 0
            api.be("ok")
            await desk.writer.hurry()
            desk.dispatch.wake()
        await desk.until_counts(sent=24, pending=0)
        assert desk.dispatch.health().state == "up"
    assert set(api.book.orders) == {one.id for one in tickets}
    assert all(len(order.events) == 1 for order in api.book.orders.values())
    assert sum(api.book.posts.values()) >= 24


@pytest.mark.parametrize("mood", ["lost_answer", "bad_json", "empty_200", "stored_500"])
async def test_what_was_made_without_an_acknowledgement_is_found_and_never_sent_again(
    tmp_path: Path, api: PropertyApi, ticket: Make, message: Make, mood: str
) -> None:
    api.be(mood)
    async with bench(tmp_path, api.url) as desk:
        for one in map(ticket, range(6)):
            await desk.commit(Changes((one,), (message(one), message(one, 1, "occurred_again"))))
        await desk.until_counts(sent=12, pending=0)
        assert desk.dispatch.counters()["reason:already_known"] == 12
        first, *_ = await desk.writer.messages(ticket(0).id)
        assert first.work_order == api.book.orders[ticket(0).id].work_order_id
    assert set(api.book.posts.values()) == {1}
    assert len(api.book.posts) == 12


async def test_a_key_that_the_receiver_may_have_forgotten_is_looked_up_first(
    tmp_path: Path, api: PropertyApi, ticket: Make, message: Make
) -> None:
    one = ticket(1)
    pace = Pace(first_pause_s=0.01, longest_pause_s=0.02)
    async with bench(tmp_path, api.url, pace=pace, key_window_s=0.0) as desk:
        for number in (0, 1):
            api.be("lost_answer")
            await desk.commit(Changes((one,), (message(one, number, "closed" if number else "created"),)))
            await desk.until_counts(sent=number + 1)
    assert set(api.book.posts.values()) == {1}, "stored at the first try, found at the second"


async def test_a_disk_that_fails_stops_neither_sending_nor_the_sender(
    tmp_path: Path, api: PropertyApi, opened: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path, api.url) as desk:

        async def full(*_: object) -> None:
            raise StorageFailed("disk full")

        with monkeypatch.context() as disk:
            disk.setattr(desk.writer, "sent", full)
            await desk.commit(opened(1, Level.RED))
            await desk.until(lambda: as_condition(desk.dispatch.counters().get("storage_failed", 0) > 3))
        await desk.until_counts(sent=1)
        assert set(api.book.posts.values()) == {1}, "what was acknowledged is remembered until the disk takes it"


async def test_a_disk_that_takes_nothing_does_not_keep_a_ticket_from_going_out(
    tmp_path: Path, api: PropertyApi, opened: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path, api.url) as desk:

        async def full(*_: object) -> None:
            raise StorageFailed("disk full")

        monkeypatch.setattr(desk.writer, "trying", full)
        await desk.commit(opened(1, Level.RED))
        await desk.until_counts(sent=1)
        assert desk.dispatch.counters()["storage_failed"] == 1


async def test_what_was_under_way_at_a_kill_is_looked_for_after_it(
    tmp_path: Path, api: PropertyApi, ticket: Make, message: Make
) -> None:
    api.be("slow", seconds=3600)
    async with bench(tmp_path, api.url) as desk:
        await desk.commit(Changes((ticket(1),), (message(ticket(1)),)))
        await desk.until(lambda: as_condition(sum(api.book.posts.values()) == 1))
        (waiting,) = await desk.writer.messages(ticket(1).id)
        assert (waiting.state, waiting.attempts) == ("pending", 0)
        assert waiting.tried_at is not None
    api.be("ok")
    sent: Message = message(ticket(1))
    api.book.open(sent.key, wire(sent, SITE).json)
    async with bench(tmp_path, api.url) as desk:
        await desk.until_counts(sent=1)
        assert desk.dispatch.counters()["reason:already_known"] == 1
    assert sum(api.book.posts.values()) == 1


async def test_a_common_cause_of_seven_hundred_devices_is_acknowledged_and_found(
    tmp_path: Path, api: PropertyApi, ticket: Make, message: Make
) -> None:
    """Its work order is longer than any answer may be."""
    members = tuple(Member(f"t-{n}", f"EL-{n}", "lift.stop", Level.RED, float(n)) for n in range(700))
    large = ticket(1, Level.RED, cause="feeder:F-1", members=members, advice="x" * LONGEST_ANSWER_BYTES)
    async with bench(tmp_path, api.url) as desk:
        await desk.commit(Changes((large,), (message(large),)))
        await desk.until_counts(sent=1)
        api.be("lost_answer")
        await desk.commit(Changes((large,), (message(large, 1, "members"), message(large, 2, "restored"))))
        await desk.until_counts(sent=3)
    order = api.book.orders[large.id]
    assert order.body["group"]["count"] == 700
    assert len(canonical(order.body)) > LONGEST_ANSWER_BYTES
    assert set(api.book.posts.values()) == {1}
