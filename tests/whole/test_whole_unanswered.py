"""Nobody answers: the daemon goes on telling, further and higher, and a kill in between makes it forget no limit."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.whole.conftest import Build
from tests.whole.house import House, eventually, plan
from tests.whole.people import People, events, ticket_of

SPEED = 120.0
LIFT = "EL-1-1"
ON_SITE_S, AGAIN_S = 180.0, 420.0
ACK = ("ack", False)


@pytest.mark.timeout(90)
async def test_what_nobody_answers_climbs_and_a_kill_repeats_and_forgets_no_limit(build: Build) -> None:
    site = plan(LIFT)
    people = People(site)
    house = build(site, SPEED)
    async with house.api, people.robots, house.devices():
        async with house.daemon() as first:
            await house.befall("entrapment", LIFT, lasts_s=7200.0)
            await eventually(lambda: len(house.orders()) == 1, 15, "the work order")
            ticket = house.orders()[0].ticket
            await eventually(lambda: _limits(house, ticket)[:1] == [ACK], 10, "the first limit")
            await eventually(lambda: len(people.texts("wecom")) == 1, 5, "the channel for what nobody answers")
            first.kill()
            await first.wait()
        async with house.daemon():
            await eventually(lambda: len(_limits(house, ticket)) == 3, 25, "the other limits")
            await eventually(lambda: len(people.texts("feishu")) == 2, 10, "both steps of the ladder are told")
            late = await ticket_of(house, LIFT)
    assert _limits(house, ticket) == [ACK, ("on_site", False), ("on_site", True)]
    assert [event["to"] for event in _overdue(house, ticket)] == ["butler", "department_head", "project_manager"]
    _in_time(late)
    assert (late["step_name"], late["limits"]) == ("project_manager", {"acknowledge": "missed", "on_site": "missed"})
    assert set(Counter(people.texts("dingtalk")).values()) == {1}, "no text came twice"
    assert len(people.texts("dingtalk")) == 4, "the ticket and three missed limits"
    assert len(people.texts("wecom")) == 1


def _overdue(house: House, ticket: str) -> list[Mapping[str, Any]]:
    return [event for event in events(house, ticket) if event["event"] == "overdue"]


def _limits(house: House, ticket: str) -> list[tuple[str, bool]]:
    return [(event["limit"], event["again"]) for event in _overdue(house, ticket)]


def _in_time(ticket: Mapping[str, Any]) -> None:
    """A limit may be told late if the daemon was dead, never early, and the next counts from then."""
    told = [entry["at"] for entry in ticket["entries"] if entry["event"] == "overdue"]
    due = ticket["due"]
    assert due["on_site"] - ticket["detected_at"] == pytest.approx(ON_SITE_S)
    assert told[0] >= due["acknowledge"]
    assert told[1] >= due["on_site"]
    assert told[2] - told[1] == pytest.approx(AGAIN_S, abs=SPEED)
