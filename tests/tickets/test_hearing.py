"""What people say of a ticket moves it forward, whatever the order in which it arrives, and never twice."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.casework import Callback, Happening
from gateway.core.types import Status, Ticket
from gateway.tickets.decision import Reason
from tests.tickets.desks import T0, House

AT_ONCE: dict[str, Any] = {"common_cause": {"within": "0s"}, "management": {"timeouts": "off"}}
WAY = ("accepted", "departed", "arrived", "progress", "resolved", "closed")


def opened(rule: str = "hot") -> tuple[House, str]:
    house = House.of(AT_ONCE)
    house.happens("EL-1", rule)
    house.clears("EL-1", rule)
    return house, house.only().id


def kept(house: House, ticket: str) -> Ticket:
    return house.kept[ticket]


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("accepted", Status.ACKNOWLEDGED),
        ("departed", Status.DISPATCHED),
        ("arrived", Status.ON_SITE),
        ("progress", Status.IN_PROGRESS),
        ("resolved", Status.RESOLVED),
        ("closed", Status.CLOSED),
    ],
)
def test_each_happening_has_its_status_and_its_node(event: str, status: Status) -> None:
    house, ticket = opened()
    house.now += 60.0
    house.says(ticket, event, by="wang")
    assert kept(house, ticket).status is status
    assert kept(house, ticket).nodes[event] == T0 + 60.0


def test_the_order_of_arrival_does_not_matter() -> None:
    ends = set()
    for order in permutations(range(4)):
        house, ticket = opened()
        house.now += 1000.0
        for step in order:
            house.says(ticket, WAY[step], id=WAY[step], at=T0 + 100.0 * (step + 1), by=f"p{step}")
        end = kept(house, ticket)
        ends.add((end.status, tuple(sorted(end.nodes.items())), end.handler))
    assert len(ends) == 1
    assert ends.pop()[0] is Status.IN_PROGRESS


@given(st.lists(st.tuples(st.sampled_from(WAY[:5]), st.floats(-1000.0, 5000.0)), max_size=12))
def test_a_ticket_never_goes_back_and_nothing_that_is_heard_twice_counts(said: list[tuple[str, float]]) -> None:
    house, ticket = opened()
    house.now += 3600.0
    order = list(Status)
    before = Status.OPEN
    for event, at in said:
        house.says(ticket, event, at=T0 + at, by="x")
        after = kept(house, ticket)
        assert order.index(after.status) >= order.index(before)
        assert all(T0 <= time <= house.now for time in after.nodes.values())
        lines = len(house.entries)
        again = house.says(ticket, event, at=T0 + at, by="x")
        assert again is not None
        assert (again.reason, len(house.entries)) == (Reason.NOTHING_NEW, lines)
        before = after.status


def test_progress_tells_how_far_and_how_long_and_old_news_does_not() -> None:
    house, ticket = opened()
    house.now += 600.0
    house.says(ticket, "progress", percent=50.0, minutes_left=12.0, by="wang")
    house.says(ticket, "progress", id="old", at=T0 + 60.0, percent=10.0, minutes_left=90.0, by="li")
    now = kept(house, ticket)
    assert (now.percent, now.expected_at, now.handler) == (50.0, T0 + 600.0 + 720.0, "wang")


def test_the_dispatch_api_is_not_told_what_it_has_said() -> None:
    house, ticket = opened()
    told = len(house.told())
    for event in ("departed", "arrived", "resolved"):
        house.says(ticket, event)
    assert house.told()[told:] == []
    house.says(ticket, "closed")
    assert house.told()[told:] == ["notice"], "but it gets the review to send to the residents"


def test_closing_may_demand_evidence() -> None:
    house, ticket = opened("proof")
    refused = house.says(ticket, "closed")
    assert refused is not None
    assert (refused.reason, house.only().status) == (Reason.EVIDENCE_NEEDED, Status.OPEN)
    closed = house.says(ticket, "closed", id="2", evidence=("photo-7.jpg",))
    assert closed is not None
    assert closed.reason is Reason.CLOSED
    assert kept(house, ticket).evidence_refs == ("photo-7.jpg",)


@pytest.mark.parametrize(("score", "status"), [(79.0, Status.OPEN), (80.0, Status.CLOSED), (None, Status.CLOSED)])
def test_a_bad_survey_opens_the_ticket_again_one_step_higher(score: float | None, status: Status) -> None:
    house, ticket = opened()
    house.says(ticket, "closed")
    house.now += 3600.0
    house.says(ticket, "survey", score=score)
    assert kept(house, ticket).status is status
    assert kept(house, ticket).step == (1 if status is Status.OPEN else 0)


def test_who_rejects_the_work_has_it_looked_at_one_step_higher() -> None:
    house, ticket = opened()
    house.says(ticket, "accepted", by="wang")
    house.says(ticket, "resolved")
    house.now += 60.0
    house.says(ticket, "rejected", text="still noisy")
    again = house.only()
    assert (again.status, again.step, again.reopened, "accepted" in again.nodes) == (Status.OPEN, 1, 1, False)
    assert house.told()[-1] == "reopened"


def test_nobody_knows_a_ticket_that_is_not_there() -> None:
    house, _ = opened()
    assert house.says("lakeside:none", "accepted") is None
    said = Callback("x", "lakeside:none", Happening.CLOSED, T0)
    assert house.desk.hear(replace(said, ticket=""), T0) is None


def test_what_was_done_before_the_ticket_was_opened_again_does_not_count_for_it() -> None:
    house, ticket = opened()
    house.says(ticket, "resolved")
    house.now += 7200.0
    house.says(ticket, "rejected")
    late = house.says(ticket, "closed", id="late", at=T0 + 60.0)
    assert late is not None
    assert (late.reason, house.only().status) == (Reason.NOTHING_NEW, Status.OPEN)
    house.says(ticket, "accepted", at=house.now - 240.0)
    assert house.only().status is Status.ACKNOWLEDGED, "their clock may be some minutes behind"
