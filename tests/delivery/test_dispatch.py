"""The sender against the real simulated API, on sockets."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.core.clock import ManualClock, SystemClock
from gateway.core.types import Level
from gateway.delivery.dispatch import Pace
from gateway.delivery.records import Changes
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from simulators.property_api import PropertyApi
from tests.delivery.bench import as_condition, bench

Make = Callable[..., Any]


async def test_a_ticket_and_its_events_arrive_once_and_in_order(
    tmp_path: Path, api: PropertyApi, ticket: Make, message: Make
) -> None:
    one = ticket(1)
    events = ["created", "escalated", "condition_cleared", "closed"]
    async with bench(tmp_path, api.url) as desk:
        await desk.commit(Changes((one,), tuple(message(one, n, event) for n, event in enumerate(events))))
        await desk.until_counts(sent=4)
        assert desk.dispatch.health().state == "up"
        assert desk.dispatch.counters()["sent"] == 4
        (newest,) = await desk.writer.tickets()
        assert newest[1].sent == 4
    order = api.book.orders[one.id]
    assert order.body["title"] == "1号泵 干转"
    assert [event["body"]["event"] for event in order.events] == events[1:]
    assert set(api.book.posts.values()) == {1}


async def test_a_new_red_ticket_goes_within_tens_of_milliseconds(
    tmp_path: Path, api: PropertyApi, opened: Make
) -> None:
    loop = asyncio.get_running_loop()
    async with bench(tmp_path, api.url) as desk:
        await desk.commit(opened(0))
        await desk.until_counts(sent=1)
        waits = []
        for number in range(1, 6):
            began = loop.time()
            await desk.commit(opened(number, Level.RED))
            while len(api.book.orders) <= number:  # noqa: ASYNC110
                await asyncio.sleep(0)
            waits.append(loop.time() - began)
        assert min(waits) < 0.05


async def test_a_refusal_is_kept_reported_and_delivered_once_the_token_is_right(
    tmp_path: Path, api: PropertyApi, opened: Make
) -> None:
    async with bench(tmp_path, api.url, token="wrong") as desk:
        await desk.commit(opened(1))
        await desk.until(lambda: as_condition(desk.dispatch.health().state == "refused"))
        (outgoing,) = await desk.writer.messages((await desk.writer.tickets())[0][0].id)
        assert outgoing.next_at > SystemClock().now() + 25, "slowly"
        assert "wrong token" in outgoing.last_answer
    store = Store(tmp_path)
    store.hurry()
    store.close()
    async with bench(tmp_path, api.url) as desk:
        await desk.until_counts(sent=1)


async def test_a_rejected_ticket_is_parked_and_the_others_go_on(
    tmp_path: Path, api: PropertyApi, opened: Make, ticket: Make
) -> None:
    async with bench(tmp_path, api.url) as desk:
        api.be("reject")
        await desk.commit(opened(1, Level.RED))
        await desk.until_counts(parked=1)
        api.be("ok")
        await desk.commit(opened(2))
        await desk.until_counts(sent=1)
        assert set(api.book.orders) == {ticket(2).id}
        assert await desk.writer.resend(ticket(1).id)
        desk.dispatch.wake()
        await desk.until_counts(sent=2, parked=0)


async def test_a_message_that_is_no_ticket_is_parked(tmp_path: Path, api: PropertyApi, opened: Make) -> None:
    changes = opened(1)
    broken = Changes(changes.tickets, (type(changes.messages[0])("k", "t", 0, "created", Level.RED, {}, 1.0),))
    async with bench(tmp_path, api.url) as desk:
        await desk.commit(broken, opened(2))
        await desk.until_counts(parked=1, sent=1)


async def test_one_slow_answer_delays_no_other_ticket(tmp_path: Path, api: PropertyApi, opened: Make) -> None:
    async with bench(tmp_path, api.url) as desk:
        api.be("slow", seconds=3)
        await desk.commit(opened(0, Level.RED))
        await desk.until(lambda: as_condition(sum(api.book.posts.values()) == 1))
        api.be("ok")
        await desk.commit(*(opened(number) for number in range(1, 20)))
        await desk.until_counts(sent=19, pending=1)
        assert len(api.book.orders) == 19


async def test_while_the_api_is_down_tries_are_spaced_and_all_goes_when_it_is_back(
    tmp_path: Path, api: PropertyApi, opened: Make
) -> None:
    """Forty tickets, fifteen minutes on a clock that the test moves: one try a second at most, none lost."""
    clock = ManualClock(1_000_000.0)
    api.be("down")
    async with bench(tmp_path, api.url, clock=clock, pace=Pace()) as desk:
        await desk.commit(*(opened(number) for number in range(40)))
        await desk.until(lambda: as_condition(clock.time > 1_000_900.0))
        lasted_s = clock.time - 1_000_000.0
        assert sum(api.book.posts.values()) <= lasted_s + 10
        api.be("ok")
        await desk.until_counts(sent=40)
    assert len(api.book.orders) == 40


async def test_the_pause_that_the_api_asks_for_is_kept(tmp_path: Path, api: PropertyApi, opened: Make) -> None:
    clock = ManualClock(1_000_000.0)
    api.be("busy", seconds=120)
    async with bench(tmp_path, api.url, clock=clock, pace=Pace(workers=1)) as desk:
        await desk.commit(opened(1))
        await desk.until(lambda: as_condition(sum(api.book.posts.values()) >= 3))
        posts = sum(api.book.posts.values())
        assert clock.time >= 1_000_000.0 + 120.0 * (posts - 1)


async def test_a_red_update_passes_a_yellow_one_that_waits(
    tmp_path: Path, api: PropertyApi, ticket: Make, message: Make
) -> None:
    yellow, red = ticket(1), ticket(2, Level.RED)
    async with bench(tmp_path, api.url, pace=Pace(first_pause_s=3600)) as desk:
        await desk.commit(Changes(messages=(message(yellow), message(red))))
        await desk.until_counts(sent=2)
        api.be("busy", seconds=3600)
        await desk.commit(Changes(messages=(replace(message(yellow, 1, "occurred_again"), device="EL-1"),)))
        await desk.until(lambda: as_condition(desk.dispatch.counters().get("retried") == 1))
        api.be("ok")
        late = ticket(3)
        updates = [replace(message(one, 1, "escalated"), device="EL-1") for one in (red, late)]
        await desk.commit(Changes(messages=(message(late), *updates)))
        await desk.until_counts(sent=4, pending=2)
    assert len(api.book.orders[red.id].events) == 1
    assert api.book.orders[late.id].events == [], "it is yellow, and waits for its turn"


async def test_commits_of_one_moment_share_a_transaction(tmp_path: Path, opened: Make, monkeypatch: Any) -> None:
    store = Store(tmp_path)
    writer = Writer(store)
    groups: list[int] = []
    commit = store.commit

    def counted(changes: Changes) -> None:
        groups.append(len(changes.tickets))
        commit(changes)

    monkeypatch.setattr(store, "commit", counted)
    await asyncio.gather(*(writer.commit(opened(number)) for number in range(50)))
    assert sum(groups) == 50
    assert len(groups) < 25
    assert (await writer.counts())["pending"] == 50
    assert await writer.prune(0.0, 10) == 0
    assert len((await writer.load()).open_tickets) == 50
    await writer.close()
