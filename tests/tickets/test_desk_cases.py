"""What a desk once did wrong: each is a small story of a device, people and time."""

import dataclasses
from typing import Any

from gateway.core.casework import Callback, Happening, Silence
from gateway.core.policy import Policy
from gateway.core.types import Status, Ticket
from gateway.tickets.decision import Reason
from tests.tickets.desks import DAY_S, RULES, House, rule

AT_ONCE: dict[str, Any] = {"common_cause": {"within": "0s"}, "management": {"timeouts": "off"}}
ALL = [f"EL-{n}" for n in range(8)]


def parent_of(house: House) -> Ticket:
    (parent,) = (each for each in house.desk.open_tickets if each.members)
    return parent


def of_kind(house: House, kind: str) -> list[Ticket]:
    return [ticket for ticket in house.kept.values() if ticket.kind.startswith(kind)]


def comes_and_goes(house: House, device: str, *rules: str) -> None:
    tickets = [house.happens(device, each).ticket for each in rules]
    house.now += 60.0
    for ticket, each in zip(tickets, rules, strict=True):
        assert ticket is not None
        house.clears(device, each)
        house.says(ticket.id, "closed", by="li")
    house.passes(2 * DAY_S)


def test_two_kinds_that_repeat_at_the_same_moment_are_two_tickets() -> None:
    house = House.of(AT_ONCE)
    for _ in range(3):
        comes_and_goes(house, "PUMP", "hot", "slow")
    repeats = of_kind(house, "repeat.")
    assert {ticket.kind for ticket in repeats} == {"repeat.hot", "repeat.slow"}
    assert len({ticket.id for ticket in repeats}) == 2
    keys = [message.key for decision in house.decisions for message in decision.messages]
    assert len(keys) == len(set(keys)), "each is a message of its own to whoever gets them"


def test_a_repeat_of_entrapments_asks_nobody_to_keep_calm() -> None:
    house = House.of(AT_ONCE)
    for _ in range(3):
        comes_and_goes(house, "EL-1", "trapped")
    told = [m for d in house.decisions for m in d.messages if "entrapment" in m.body.get("notices", {})]
    assert {message.body["ticket"]["kind"] for message in told} == {"elevator.entrapment"}


def test_a_rule_that_still_fires_keeps_a_reopened_ticket_from_clearing() -> None:
    house = House.of(AT_ONCE)
    house.desk.rules = {**RULES, "still": rule("still", **{"class": "elevator.stopped"})}
    house.happens("PUMP", "stopped")
    house.says(house.only().id, "resolved")
    house.happens("PUMP", "still")
    house.clears("PUMP", "still")
    assert (house.only().firing, house.only().cleared_at) == (("stopped",), None)


def test_old_lines_are_let_go_whether_anybody_watches_or_not() -> None:
    off = {"timeouts": "off", "response": "off", "surge_percent": "off"}
    house = House.of({**AT_ONCE, "management": off, "repeats": {"within": "2d"}})
    for _ in range(60):
        house.happens("PUMP", "hot")
        house.passes(DAY_S / 2)
        house.clears("PUMP", "hot")
        house.passes(DAY_S / 2)
    assert len(house.desk._stream._lines) < 40


def test_what_is_closed_here_while_it_is_held_back_is_not_told_unless_it_stays() -> None:
    house = House.of()
    held = house.happens("EL-1", "hot").ticket
    assert held is not None
    assert house.desk.hear(Callback("x", held.id, Happening.ACCEPTED, house.now), house.now) is None, "who knows it?"
    house.desk.acknowledge(held.id, "li", house.now)
    house.desk.close(held.id, "li", house.now)
    house.passes(3599.0)
    assert house.told() == []
    house.passes(1.0)
    assert house.told() == ["created"]
    assert house.only().reopened == 1


def test_lifts_that_are_yellow_first_and_red_soon_are_one_red_ticket() -> None:
    house = House.of()
    for lift in ALL:
        house.happens(lift, "stopped")
    house.passes(10.0)
    for lift in ALL:
        house.happens(lift, "stopped", "escalated", "red")
    house.passes(60.0)
    assert {m.ticket.split(":")[1] for d in house.decisions for m in d.messages} == {"EL-0"}
    assert [member.device for member in parent_of(house).members] == ALL[1:]


def test_a_feeder_that_is_lost_in_quiet_hours_is_one_ticket_in_the_morning() -> None:
    house = House.of({"quiet": "08:00-10:00"})
    for lift in ALL:
        house.happens(lift, "offline")
    house.passes(2 * 3600.0 + 60.0)
    assert house.told() == ["created"]
    assert len(parent_of(house).members) == len(ALL)


def test_what_people_were_told_of_stays_a_ticket_of_its_own() -> None:
    house = House.of()
    house.happens("EL-1", "hot", level="red")
    house.happens("EL-3", "stopped", level="red")
    for lift in ("EL-1", "EL-5", "EL-7"):
        house.happens(lift, "offline")
    house.passes(60.0)
    told = {message.ticket for decision in house.decisions for message in decision.messages}
    assert not [ticket for ticket in house.desk.open_tickets if ticket.parent and ticket.id in told]


def common_cause() -> tuple[House, Ticket]:
    house = House.of()
    for lift in ALL:
        house.happens(lift, "offline")
    house.passes(31.0)
    return house, parent_of(house)


def test_a_common_cause_that_was_said_to_be_done_and_is_not_is_opened_again() -> None:
    house, parent = common_cause()
    house.says(parent.id, "resolved")
    house.passes(3600.0)
    assert (house.told()[-1], parent_of(house).status, parent_of(house).step) == ("reopened", Status.OPEN, 1)


def test_a_member_that_is_back_after_the_work_opens_its_common_cause_again() -> None:
    house, parent = common_cause()
    for lift in ALL:
        house.clears(lift, "offline")
    house.says(parent.id, "resolved")
    house.passes(3600.0)
    house.happens("EL-3", "offline")
    assert (house.told()[-1], parent_of(house).status, parent_of(house).step) == ("reopened", Status.OPEN, 1)


def test_no_member_is_left_behind_when_its_parent_closes_itself() -> None:
    house = House.of()
    soft = {name: clearing(each) for name, each in house.desk.terms.policies.items()}
    house.desk.follow(dataclasses.replace(house.desk.terms, policies=soft), RULES, (), house.now)
    for lift in ALL:
        house.happens(lift, "offline")
    house.passes(31.0)
    for lift in ALL:
        house.clears(lift, "offline")
    house.passes(3 * 3600.0)
    assert house.desk.open_tickets == ()
    house.happens("EL-3", "offline")
    house.passes(31.0)
    assert house.only().device == "EL-3"


def clearing(policy: Policy) -> Policy:
    return policy.model_copy(update={"close_when_clear": 7200.0})


def test_members_that_are_let_go_are_gathered_again_and_nobody_is_late() -> None:
    house, parent = common_cause()
    house.passes(DAY_S)
    since = len(house.decisions)
    house.desk.close(parent.id, "li", house.now)
    house.passes(60.0)
    assert house.told(since) == ["created"]


def test_a_red_parent_that_is_back_is_not_kept_by_members_that_were_let_go() -> None:
    house = House.of()
    for lift in ALL[:3]:
        house.happens(lift, "stopped", level="red")
    house.says(parent_of(house).id, "closed")
    house.passes(3600.0)
    assert house.told().count("reopened") == 1
    house.clears("EL-0", "stopped")
    (again,) = (each for each in house.desk.open_tickets if each.device == "EL-0")
    assert again.cleared_at is not None


def test_a_policy_that_changes_is_followed_by_tickets_that_are_there() -> None:
    house = House.of(AT_ONCE)
    house.happens("PUMP", "hot")
    house.clears("PUMP", "hot")
    policies = {**house.desk.terms.policies, "yellow_48h": clearing(Policy())}
    house.desk.follow(dataclasses.replace(house.desk.terms, policies=policies), RULES, (), house.now)
    house.passes(7200.0)
    assert house.told()[-1] == "closed"


def test_a_silence_that_is_lifted_lets_go_what_it_held() -> None:
    house = House.of(AT_ONCE)
    silence = Silence("s", "li", "work", house.now, house.now + DAY_S)
    house.desk.silence(silence)
    assert house.happens("PUMP", "hot").reason is Reason.HELD_BACK
    house.desk.silence(dataclasses.replace(silence, until=house.now))
    house.passes(1.0)
    assert house.told() == ["created"]


def test_members_whose_parent_was_lost_become_tickets_of_their_own_after_a_restart() -> None:
    house, parent = common_cause()
    del house.kept[parent.id]
    house.restarts()
    house.desk.follow(house.desk.terms, RULES, {("offline", lift) for lift in ALL}, house.now)
    house.passes(60.0)
    assert {member.device for member in parent_of(house).members} == set(ALL)
    assert parent_of(house).id != parent.id


def test_a_closed_parent_that_is_watched_does_not_hide_the_open_one_after_a_restart() -> None:
    house, parent = common_cause()
    house.says(parent.id, "closed")
    house.passes(60.0)
    is_open = parent_of(house)
    house.kept = {is_open.id: is_open, **{name: each for name, each in house.kept.items() if name != is_open.id}}
    house.kept[parent.id] = house.kept.pop(parent.id)  # a store gives the closed ones last
    house.restarts()
    assert house.desk._shelf.at("broker", is_open.kind) == is_open


def test_a_clock_that_leaps_ends_no_pause_later_and_scatters_no_common_cause() -> None:
    house = House.of({"quiet": "08:00-10:00"})
    house.happens("PUMP", "hot")
    house.now += 3600.0
    house.desk.leap(3600.0)
    house.passes(3600.0)
    assert house.told() == ["created"], "ten o'clock is ten o'clock"
    for lift in ALL:
        house.happens(lift, "offline")
        house.now += 600.0
        house.desk.leap(600.0)
    house.passes(60.0)
    assert len(parent_of(house).members) == len(ALL)


def test_a_closed_parent_that_is_looked_at_again_does_not_take_members_from_another() -> None:
    house = House.of()
    for lift in ALL[:4]:
        house.happens(lift, "stopped", level="red")
    house.says(parent_of(house).id, "closed")
    house.passes(31.0)
    before = parent_of(house)
    house.clears("EL-0", "stopped")
    assert parent_of(house) == before
    assert all(house.kept[each.id] == each for each in house.desk._shelf)
