"""Limits that are missed go up the ladder; work that is done is watched; nothing of it is lost by a restart."""

from typing import Any

import pytest

from gateway.core.types import Level, Status
from gateway.tickets.decision import Reason
from tests.tickets.desks import DAY_S, POLICIES, House

AT_ONCE: dict[str, Any] = {"common_cause": {"within": "0s"}, "management": {"timeouts": "off"}}


def events(house: House, since: int = 0) -> list[tuple[str, Any, Any]]:
    return [
        (message.event, message.body.get("limit"), message.body.get("to"))
        for decision in house.decisions[since:]
        for message in decision.messages
    ]


def test_a_red_that_nobody_looks_at_asks_for_more_channels_and_goes_up_after_3_and_10_minutes() -> None:
    house = House.of(AT_ONCE)
    house.happens("EL-1", "hot", level="red")
    assert house.passes(59.0) == []
    house.passes(1.0)
    house.passes(120.0)
    house.passes(DAY_S)
    assert events(house) == [
        ("created", None, None),
        ("overdue", "acknowledge", "butler"),
        ("overdue", "on_site", "department_head"),
        ("overdue", "on_site", "project_manager"),
    ]
    at = [message.created_at for decision in house.decisions for message in decision.messages]
    assert [each - at[0] for each in at] == [0.0, 60.0, 180.0, 600.0]
    assert house.only().overdue == ("acknowledge", "on_site")


def test_while_a_missed_limit_stays_missed_it_goes_one_step_more() -> None:
    house = House.of({**AT_ONCE, "ladder": [{"step": f"step-{n}"} for n in range(5)]})
    house.happens("EL-1", "hot", level="red")
    house.says(house.only().id, "accepted", by="li")
    house.passes(3600.0)
    late = [message.body for decision in house.decisions for message in decision.messages if message.event == "overdue"]
    assert [(body["to"], body["again"], body["at"] - late[0]["at"]) for body in late] == [
        ("step-1", False, 0.0), ("step-2", True, 420.0), ("step-3", True, 840.0), ("step-4", True, 1260.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "missed"),
    [
        ([], ["acknowledge", "on_site", "feedback", "close"]),
        (["accepted"], ["on_site", "feedback", "close"]),
        (["arrived"], ["feedback", "close"]),
        (["progress"], ["close"]),
        (["resolved"], []),
        (["accepted", "resolved"], []),
        (["closed"], []),
    ],
)
def test_each_limit_is_met_by_what_is_said_or_anything_later(said: list[str], missed: list[str]) -> None:
    house = House.of(AT_ONCE)
    house.happens("EL-1", "slow")
    ticket = house.only().id
    house.clears("EL-1", "slow")
    for event in said:
        house.says(ticket, event)
    house.passes(3 * DAY_S)
    assert [limit for event, limit, _ in events(house) if event == "overdue"] == missed


def test_a_limit_is_told_once_whatever_restarts_in_between() -> None:
    house = House.of(AT_ONCE)
    house.happens("EL-1", "slow")
    for _ in range(300):
        house.restarts()
        house.passes(600.0)
    told = [limit for event, limit, _ in events(house) if event == "overdue"]
    assert told == ["acknowledge", "on_site", "feedback", "close"]


def test_downtime_over_a_limit_is_no_excuse() -> None:
    house = House.of(AT_ONCE)
    house.happens("EL-1", "slow")
    house.now += 2 * 3600.0 + 1.0
    house.restarts()
    house.passes(0.0)
    assert [limit for event, limit, _ in events(house) if event == "overdue"] == ["acknowledge", "on_site", "feedback"]


def test_a_clock_that_leaps_makes_nobody_late() -> None:
    house = House.of(AT_ONCE)
    house.happens("EL-1", "slow")
    house.now += 3600.0
    house.desk.leap(3600.0)
    assert house.passes(599.0) == []
    assert [each.reason for each in house.passes(1.0)] == [Reason.OVERDUE]


def test_quiet_for_a_day_after_the_work_means_verified() -> None:
    house = House.of(AT_ONCE)
    house.happens("EL-1", "hot")
    house.clears("EL-1", "hot")
    house.says(house.only().id, "resolved", by="wang")
    assert house.only().status is Status.RESOLVED
    assert house.passes(DAY_S - 1.0) == []
    house.restarts()
    (verified,) = house.passes(1.0)
    assert (verified.reason, house.only().status) == (Reason.VERIFIED, Status.VERIFIED)
    house.says(house.only().id, "closed")
    assert house.desk.open_tickets == ()
    assert house.told()[-2:] == ["verified", "notice"]


def test_what_never_went_away_is_no_work_done() -> None:
    house = House.of(AT_ONCE)
    house.happens("EL-1", "hot")
    house.says(house.only().id, "resolved")
    (again,) = house.passes(3600.0)
    assert (again.reason, again.messages[0].body["why"]) == (Reason.BACK, "never_went_away")
    assert (house.only().status, house.only().step, house.only().reopened) == (Status.OPEN, 1, 1)


def test_what_calms_down_within_the_hour_is_watched_from_then_on() -> None:
    house = House.of(AT_ONCE)
    house.happens("EL-1", "hot")
    ticket = house.only().id
    house.says(ticket, "closed")
    house.passes(1800.0)
    house.clears("EL-1", "hot")
    assert [each.reason for each in house.passes(DAY_S - 1.0) if each.messages] == []
    assert [each.reason for each in house.passes(1.0)] == [Reason.VERIFIED]
    assert house.passes(DAY_S) == []


def test_a_yellow_may_close_itself_where_its_policy_says_so() -> None:
    house = House.of(AT_ONCE)
    house.happens("EL-1", "soft")
    house.clears("EL-1", "soft")
    house.passes(7199.0)
    (over,) = house.passes(1.0)
    assert (over.reason, over.messages[0].event) == (Reason.CLOSED_ITSELF, "closed")
    assert house.desk.open_tickets == ()


def test_a_red_never_closes_itself() -> None:
    house = House.of(AT_ONCE)
    house.happens("EL-1", "soft", level="red")
    house.clears("EL-1", "soft")
    house.passes(30 * DAY_S)
    assert house.only().level is Level.RED


def test_a_report_is_due_so_long_after_the_work_is_done() -> None:
    house = House.of(AT_ONCE)
    house.happens("EL-1", "proof")
    house.clears("EL-1", "proof")
    ticket = house.only().id
    house.passes(3600.0)
    house.says(ticket, "resolved")
    assert house.only().due["report"] == house.now + 4 * 3600.0
    house.passes(4 * 3600.0)
    assert events(house)[-1] == ("overdue", "report", "department_head")


def test_people_are_told_by_level_by_step_and_by_policy() -> None:
    ladder = [{"step": "butler"}, {"step": "boss", "channels": ["bosses"]}]
    notify = {"red": ["duty", "mail"], "unanswered": ["phone"]}
    head = {
        **POLICIES,
        "red_strict": POLICIES["red_strict"].model_copy(update={"subscribers": ("head-office", "mail")}),
    }
    house = House.of({**AT_ONCE, "ladder": ladder, "notify": notify}, policies=head)
    house.happens("EL-1", "hot", level="red")
    house.passes(200.0)
    told = [(notice.key.partition("#")[2], notice.channel) for each in house.decisions for notice in each.notices]
    assert told == [
        ("", "duty"), ("", "mail"), ("", "head-office"),
        ("1", "duty"), ("1", "mail"), ("1", "head-office"), ("1", "phone"),
        ("2", "duty"), ("2", "mail"), ("2", "head-office"), ("2", "bosses"),
    ]  # fmt: skip
