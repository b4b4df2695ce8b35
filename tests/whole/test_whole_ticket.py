"""A red ticket's life with the people around it: told, worked on, closed, and back again, across a stop and a kill."""

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.cli.demo import stage
from gateway.core.clock import SystemClock
from tests.whole.conftest import Build
from tests.whole.house import House, eventually, plan
from tests.whole.people import People, events, ticket_of, write_order

SPEED = 20.0
PUMP = "P-1"
SAID = ("status", "handler", "percent", "expected_at", "step", "overdue", "evidence_refs")
"""What people and time make of a ticket; readings may change the rest at any moment."""


@pytest.mark.timeout(90)
async def test_a_red_ticket_lives_through_people_restarts_and_a_fault_that_comes_back(build: Build) -> None:
    site = plan(PUMP, "EL-1-1")
    people = People(site)
    house = build(site, SPEED)
    house.api.hooks = people.hooks()
    async with house.api, people.robots, house.devices():
        async with house.daemon() as first:
            ticket = await _told(house, people)
            await _moves(house, ticket, {"state": "acknowledged", "by": "李工"}, "acknowledged", "received")
            await _moves(house, ticket, {"state": "on_site", "by": "李工"}, "on_site", "under_way")
            before = await ticket_of(house, PUMP)
            assert await stage.stop(first) == 0
        async with house.daemon() as second:
            after = await ticket_of(house, PUMP)
            assert [after[name] for name in SAID] == [before[name] for name in SAID], "a stop loses nothing"
            said = {"state": "in_progress", "by": "李工", "progress_pct": 50, "eta_min": 12}
            await _moves(house, ticket, said, "in_progress", "under_way")
            second.kill()
            await second.wait()
        async with house.daemon():
            _in_progress(await ticket_of(house, PUMP))
            await _replays_and_forgeries(house, people, ticket)
            await eventually(lambda: "condition_cleared" in _told_of(house, ticket), 15, "the end of the fault")
            done = {"state": "resolved", "by": "李工", "evidence": ["photo-17.jpg"]}
            await _moves(house, ticket, done, "resolved", "done")
            await _moves(house, ticket, {"state": "closed", "by": "李工"}, "closed", "done")
            await _comes_back(house, people, ticket)
            assert await people.say("complaints", {"id": "c-1", "asset_id": PUMP, "text": "没水"}) == 200
            await _figures(house)
    assert set(house.kinds().values()) == {1}
    assert set(house.api.hooks.answers) == {200}
    assert max(house.api.book.posts.values()) == 1, "nothing was sent twice"


async def _told(house: House, people: People) -> str:
    """A pump runs dry: within seconds the property company, the group and the programs know."""
    began = SystemClock().now()
    await house.befall("dry-run", PUMP, lasts_s=90.0, severity=0.2)
    await eventually(lambda: len(house.orders()) == 1 and len(people.texts("dingtalk")) == 1, 15, "order and chat")
    assert SystemClock().now() - began < 10.0
    (order,) = house.orders()
    assert (order.device, order.level) == (PUMP, "red")
    assert order.ticket in people.texts("dingtalk")[0]
    await eventually(lambda: _receipts(house, {"duty-group", "programs"}), 10, "the receipts of both channels")
    return order.ticket


async def _receipts(house: House, channels: set[str]) -> bool:
    notices = (await ticket_of(house, PUMP))["notices"]
    sent = [each for each in notices if each["notice"]["channel"] in channels and each["state"] == "sent"]
    return {each["notice"]["channel"] for each in sent if each["answer"]} == channels


async def _moves(house: House, ticket: str, said: Mapping[str, Any], status: str, public: str) -> None:
    """Somebody at the property company writes to the order, which calls back."""
    await write_order(house, ticket, said)
    await eventually(lambda: _stands(house, status), 5, f"{ticket} {status}")
    assert (await ticket_of(house, PUMP))["public_state"] == public


async def _stands(house: House, status: str) -> bool:
    return bool((await ticket_of(house, PUMP))["status"] == status)


def _in_progress(ticket: Mapping[str, Any]) -> None:
    """What was said of the work so far is known after a kill."""
    assert (ticket["handler"], ticket["percent"]) == ("李工", 50.0)
    assert 0 < ticket["minutes_left"] <= 12
    times = [ticket["life"][node] for node in ("fired", "detected", "created", "accepted", "arrived", "progress")]
    assert times == sorted(times)
    assert "sent" in ticket["life"]
    assert ticket["limits"].keys() == {"acknowledge", "on_site"}


async def _replays_and_forgeries(house: House, people: People, ticket: str) -> None:
    """The same words again change nothing, nor do those of a stranger."""
    accepted = {"id": "replay-1", "event": "accepted", "by": "王工", "at": house.stage.clock.site_start}
    assert await people.say(f"tickets/{ticket}/events", accepted) == 200, "late, but heard"
    before = await ticket_of(house, PUMP)
    for _ in range(3):
        assert await people.say(f"tickets/{ticket}/events", accepted) == 200
    forged = {"id": "forged-1", "event": "closed", "by": "nobody"}
    assert await people.say(f"tickets/{ticket}/events", forged, secret="a-secret-of-a-stranger") == 401
    after = await ticket_of(house, PUMP)
    assert [after[name] for name in SAID] == [before[name] for name in SAID]
    assert (after["status"], after["handler"]) == ("in_progress", "李工")
    assert [entry["event"] for entry in after["entries"]].count("acknowledged") == 2, "the first, and the late one once"


async def _comes_back(house: House, people: People, ticket: str) -> None:
    """Within a day after it was closed: the same order, one step higher, and those of that step are told."""
    before = await ticket_of(house, PUMP)
    assert before["closed_at"] is not None
    assert before["evidence_refs"] == ["photo-17.jpg"]
    heads = len(people.texts("feishu"))
    await house.befall("dry-run", PUMP, lasts_s=3600.0, severity=0.2)
    await eventually(lambda: "reopened" in _told_of(house, ticket), 10, "that it is open again")
    event = next(event for event in events(house, ticket) if event["event"] == "reopened")
    assert event["escalation"]["step"] == before["step"] + 1
    await eventually(lambda: len(people.texts("feishu")) > heads, 10, "the department's head knows")
    assert (await ticket_of(house, PUMP))["public_state"] == "received"


async def _figures(house: House) -> None:
    found = await house.metrics()
    assert found["gateway_complaints_30d"] == 1.0
    assert found["gateway_complaints_missed_30d"] == 0.0
    assert found["gateway_complaint_lead_seconds"] > 0.0
    latency = [value for name, value in found.items() if name.startswith("gateway_latency")]
    assert latency, sorted(found)


def _told_of(house: House, ticket: str) -> list[Any]:
    return [event["event"] for event in events(house, ticket)]
