"""Many devices with one cause are one ticket, with every device in its list; an entrapment is always its own."""

from dataclasses import replace
from time import perf_counter
from typing import Any

import pytest

from gateway.core.types import Hold, Level, Status, Ticket
from gateway.tickets.decision import Reason
from tests.tickets.desks import DAY_S, House

ALL = [f"EL-{n}" for n in range(8)]


def messages(house: House) -> list[tuple[str, str]]:
    return [(m.event, m.ticket.split(":")[1]) for decision in house.decisions for m in decision.messages]


def parent_of(house: House) -> Ticket:
    (parent,) = (each for each in house.desk.open_tickets if each.members)
    return parent


def test_a_yellow_waits_half_a_minute_for_others_and_is_told_if_none_come() -> None:
    house = House.of()
    held = house.happens("EL-1", "hot")
    assert (held.reason, held.messages, house.only().held) == (Reason.HELD_BACK, (), Hold.CAUSE)
    assert house.passes(29.0) == []
    (told,) = house.passes(1.0)
    assert (told.reason, house.told(), house.only().held) == (Reason.RELEASED, ["created"], None)
    assert house.only().due["close"] == house.only().detected_at + 2 * DAY_S


def test_a_yellow_of_a_device_that_shares_nothing_does_not_wait() -> None:
    house = House.of()
    assert house.happens("PUMP", "hot").reason is Reason.NEW_PROBLEM


@pytest.mark.parametrize("wait_s", [0.0, 0.5, 3.0])
def test_yellows_under_one_feeder_are_one_ticket_about_the_feeder(wait_s: float) -> None:
    house = House.of()
    for lift in ALL:
        house.happens(lift, "offline")
        house.passes(wait_s)
    house.passes(31.0)
    assert messages(house) == [("created", "broker")], "a broker explains it at least as well as the transformer"
    parent = parent_of(house)
    assert sorted(member.device for member in parent.members) == ALL
    assert (parent.kind, parent.cause, parent.level) == ("common.connection", "connection:broker", Level.YELLOW)


def test_the_lowest_feeder_that_explains_it_is_the_cause() -> None:
    house = House.of()
    for lift in ("EL-1", "EL-3", "EL-5"):
        house.happens(lift, "stopped")
    house.passes(30.0)
    assert messages(house) == [("created", "PM-2")]


def test_lifts_that_stop_together_are_one_red_ticket_at_once() -> None:
    house = House.of()
    first = house.happens("EL-0", "stopped", level="red")
    assert [m.event for m in first.messages] == ["created"]
    for lift in ALL[1:]:
        house.now += 0.3
        assert house.happens(lift, "stopped", level="red").reason is Reason.COMMON_CAUSE
    house.passes(40.0)
    assert [event for event, _ in messages(house)][:2] == ["created", "members"]
    assert {device for _, device in messages(house)} == {"EL-0"}
    assert sorted(m.device for m in parent_of(house).members) == ALL[1:]


def test_an_entrapment_is_a_ticket_of_its_own_at_once() -> None:
    house = House.of()
    for lift in ALL[:4]:
        house.happens(lift, "stopped", level="red")
    for lift in ALL[:4]:
        told = house.happens(lift, "trapped", level="red")
        assert [m.event for m in told.messages] == ["created"]
    assert len(house.desk.open_tickets) == 8


def test_many_devices_are_a_red_parent() -> None:
    house = House.of(lifts=24)
    for n in range(24):
        house.happens(f"EL-{n}", "offline")
    house.passes(30.0)
    assert (parent_of(house).level, parent_of(house).policy) == (Level.RED, "red_strict")


def test_who_comes_later_joins_and_is_told_in_one_message() -> None:
    house = House.of()
    for lift in ALL[:4]:
        house.happens(lift, "offline")
    house.passes(31.0)
    for lift in ALL[4:]:
        assert house.happens(lift, "offline").reason is Reason.COMMON_CAUSE
    house.passes(60.0)
    house.desk.tick(house.now)
    assert len(parent_of(house).members) == len(ALL)
    assert [event for event, _ in messages(house)] == ["created", "members"]


def test_when_all_have_recovered_one_restored_is_told() -> None:
    house = House.of()
    for lift in ALL:
        house.happens(lift, "offline")
    house.passes(31.0)
    for lift in ALL:
        house.now += 1.0
        house.clears(lift, "offline")
    house.passes(60.0)
    assert [event for event, _ in messages(house)] == ["created", "restored"]
    house.happens("EL-3", "offline")
    house.passes(60.0)
    assert [event for event, _ in messages(house)][2:] == ["occurred_again"]


def test_what_still_fires_when_the_parent_is_closed_gets_a_ticket_of_its_own() -> None:
    house = House.of()
    for lift in ALL:
        house.happens(lift, "offline")
    house.passes(31.0)
    for lift in ALL[:-1]:
        house.clears(lift, "offline")
    house.says(parent_of(house).id, "closed")
    assert house.only().device == "EL-7"
    house.passes(30.0)
    assert house.told().count("created") == 2
    assert all(t.status is Status.CLOSED for t in house.kept.values() if t.device != "EL-7")


def test_a_member_that_gets_worse_makes_its_parent_red() -> None:
    house = House.of()
    for lift in ALL:
        house.happens(lift, "stopped")
    house.passes(31.0)
    house.happens("EL-2", "stopped", "escalated", "red")
    assert (parent_of(house).level, house.told()) == (Level.RED, ["created", "escalated"])


@pytest.mark.parametrize("at", range(0, 70, 3))
def test_a_restart_at_any_moment_loses_no_device(at: int) -> None:
    house = House.of()
    for second in range(70):
        if second % 5 == 0 and second // 5 < len(ALL):
            house.happens(ALL[second // 5], "offline")
        if second == at:
            house.restarts()
        house.passes(1.0)
    house.passes(120.0)
    told = {t.device for t in house.kept.values() if t.messages and not t.members} - {"broker"}
    listed = {m.device for t in house.kept.values() for m in t.members}
    assert told | listed == set(ALL)
    assert house.told().count("created") <= 2


def test_five_hundred_devices_that_lose_their_feeder_are_at_most_five_tickets() -> None:
    house = House.of(lifts=500)
    start = house.now
    for n in range(500):
        house.now = start + n * 0.02
        house.happens(f"EL-{n}", "offline")
    house.passes(600.0)
    created = [m for d in house.decisions for m in d.messages if m.event == "created"]
    assert len(created) <= 5
    assert created[0].created_at - start <= 60.0
    listed = {member.device for ticket in house.desk.open_tickets for member in ticket.members}
    assert len(listed | {t.device for t in house.desk.open_tickets if not t.parent}) >= 500


def test_maintenance_holds_a_yellow_back_and_what_goes_meanwhile_was_never_there() -> None:
    work: dict[str, Any] = {"name": "service", "devices": ["EL-*"], "between": "08:00-09:00"}
    house = House.of({"maintenance": [work]})
    assert house.happens("EL-1", "hot").reason is Reason.HELD_BACK
    assert house.only().held is Hold.MAINTENANCE
    house.passes(60.0)
    assert house.clears("EL-1", "hot").reason is Reason.WITHDRAWN
    house.happens("EL-2", "hot")
    assert house.happens("EL-3", "hot", level="red").reason is Reason.NEW_PROBLEM, "a red comes through"
    house.passes(3600.0)
    assert sorted(messages(house))[:2] == [("created", "EL-2"), ("created", "EL-3")]


def test_quiet_hours_keep_a_yellow_until_the_morning_with_what_became_of_it() -> None:
    house = House.of({"quiet": "08:00-10:00"})
    house.happens("EL-1", "hot")
    house.clears("EL-1", "hot")
    house.passes(2 * 3600.0)
    assert house.told() == ["created", "condition_cleared"]
    assert house.only().due["close"] > house.only().detected_at + 2 * DAY_S


def test_gathering_is_quick() -> None:
    """No limit on time: that 500 devices in one second are no matter of minutes is all that this can say."""
    house = House.of(lifts=500)
    began = perf_counter()
    for n in range(500):
        house.happens(f"EL-{n}", "stopped", level="red")
    assert perf_counter() - began < 50.0
    assert len(replace(parent_of(house)).members) == 499
