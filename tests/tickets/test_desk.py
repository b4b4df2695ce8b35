"""One open ticket per device and kind of problem, a reason for every decision, and nothing closed but by a person."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.device import Device, Point, Profile
from gateway.core.policy import Policy
from gateway.core.settings import BUILT_IN_POLICIES
from gateway.core.types import Level, Status, Ticket, Verdict
from gateway.tickets.desk import Decision, Desk, Reason
from gateway.tickets.terms import Terms
from models.detector import Contribution, Explanation
from rules.rule import LevelName, Rule, Transition

T0 = 1_773_532_865.0
DAY_S = 86400.0
PUMP = Device.model_validate(
    {"id": "P-1", "profile": "pump", "on": "x", "location": {"room": "泵房"}, "ratings": {"rated_power": 7.5}}
)


def make_rule(name: str, **written: Any) -> Rule:
    return Rule.model_validate({"id": name, "yellow": {"when": "a > 1"}, "red": {"when": "a > 2"}, **written})


RULES = {
    rule.id: rule
    for rule in (
        make_rule("hot", title={"en": "{device} at {a:.1f} C"}, advice={"en": "cool it"}),
        make_rule("dry", **{"class": "supply"}),
        make_rule("low", **{"class": "supply", "advice": {"en": "open the valve"}, "policy": "own"}),
        make_rule("latched", latch=True),
    )
}
POLICIES = {**BUILT_IN_POLICIES, "own": Policy.model_validate({"acknowledge": "10m", "on_site": "1h"})}

Step = tuple[str, str, LevelName]


def new_desk(tickets: Iterable[Ticket] = (), **other: Any) -> Desk:
    return Desk(Terms("lakeside", "en", POLICIES, **other), RULES, tickets)


def fired(
    desk: Desk, rule: str, time: float = T0, level: LevelName = "yellow", change: Any = "fired", **values: float
) -> Decision:
    return desk.receive(PUMP, Transition(time, rule, 0, change, level, time - 5.0, values), time + 1.0)


def cleared(desk: Desk, rule: str, time: float) -> Decision:
    return desk.receive(PUMP, Transition(time, rule, 0, "cleared", "yellow", time, {}), time + 1.0)


def ticket_of(decision: Decision | None) -> Ticket:
    assert decision is not None
    assert decision.ticket is not None
    return decision.ticket


def events(decision: Decision) -> list[str]:
    return [message.event for message in decision.messages]


FIRE, RED, WORSE, CLEAR = ("fired", "yellow"), ("fired", "red"), ("escalated", "red"), ("cleared", "yellow")


@pytest.mark.parametrize(
    ("before", "last", "reason", "event"),
    [
        ([], ("dry", FIRE), Reason.NEW_PROBLEM, "created"),
        ([], ("dry", RED), Reason.NEW_PROBLEM, "created"),
        ([("dry", FIRE)], ("dry", WORSE), Reason.WORSE, "escalated"),
        ([("dry", FIRE)], ("low", RED), Reason.WORSE, "escalated"),
        ([("dry", FIRE)], ("low", FIRE), Reason.JOINED, None),
        ([("dry", RED)], ("low", FIRE), Reason.JOINED, None),
        ([("dry", RED), ("low", FIRE)], ("low", WORSE), Reason.JOINED, None),
        ([("dry", FIRE)], ("dry", CLEAR), Reason.CLEARED, "condition_cleared"),
        ([("dry", FIRE), ("low", FIRE)], ("dry", CLEAR), Reason.STILL_FIRING, None),
        ([("dry", FIRE), ("low", FIRE), ("dry", CLEAR)], ("low", CLEAR), Reason.CLEARED, "condition_cleared"),
        ([], ("dry", CLEAR), Reason.NO_TICKET, None),
        ([("dry", FIRE)], ("low", CLEAR), Reason.NO_TICKET, None),
        ([("hot", FIRE)], ("dry", CLEAR), Reason.NO_TICKET, None),
        ([("dry", FIRE), ("dry", CLEAR)], ("dry", FIRE), Reason.AGAIN, "occurred_again"),
        ([("dry", FIRE), ("dry", CLEAR)], ("low", FIRE), Reason.AGAIN, "occurred_again"),
        ([("dry", FIRE), ("dry", CLEAR)], ("dry", RED), Reason.WORSE, "escalated"),
        ([("dry", FIRE), ("dry", CLEAR), ("dry", FIRE), ("dry", CLEAR)], ("dry", FIRE), Reason.AGAIN_QUIETLY, None),
    ],
)
def test_every_transition_has_its_reason(
    before: list[tuple[str, Any]], last: tuple[str, Any], reason: Reason, event: str | None
) -> None:
    desk = new_desk()
    decisions = [fired(desk, rule, T0 + i, level, change) for i, (rule, (change, level)) in enumerate([*before, last])]
    assert decisions[-1].reason is reason
    assert [message.event for message in decisions[-1].messages] == ([event] if event else [])


def test_red_first_is_red_from_the_start() -> None:
    ticket = ticket_of(fired(new_desk(), "dry", level="red"))
    assert (ticket.level, ticket.policy) == (Level.RED, "red_strict")
    assert ticket.due == {"acknowledge": T0 + 1.0 + 60.0, "on_site": T0 + 1.0 + 180.0}


def test_yellow_becomes_red_in_place() -> None:
    desk = new_desk()
    before = ticket_of(fired(desk, "dry"))
    decision = fired(desk, "low", T0 + 60.0, "red", a=9.0)
    after = ticket_of(decision)
    assert after.id == before.id
    assert (after.level, after.policy, after.advice) == (Level.RED, "own", "open the valve")
    assert after.due == {"acknowledge": T0 + 61.0 + 600.0, "on_site": T0 + 61.0 + 3600.0}
    assert after.firing == ("dry", "low")
    assert after.occurrences == 1
    assert decision.messages[0].level is Level.RED
    assert len(desk.open_tickets) == 1


def test_a_problem_that_comes_back_worse_is_counted_as_come_back() -> None:
    desk = new_desk()
    fired(desk, "dry")
    cleared(desk, "dry", T0 + 10.0)
    again = ticket_of(fired(desk, "dry", T0 + 20.0, "red"))
    assert (again.occurrences, again.cleared_at, again.firing) == (2, None, ("dry",))


def test_a_flapping_sensor_is_told_at_the_second_fourth_and_eighth_time() -> None:
    desk, told = new_desk(), []
    for number in range(1, 18):
        decision = fired(desk, "dry", T0 + 10.0 * number)
        assert ticket_of(decision).occurrences == number
        cleared_ = cleared(desk, "dry", T0 + 10.0 * number + 5.0)
        if decision.messages:
            told.append(number)
        assert bool(cleared_.messages) is bool(decision.messages), "the clearing of what nobody heard of is not told"
    assert told == [1, 2, 4, 8, 16]
    assert desk.open_tickets[0].messages == 10


def test_messages_are_numbered_without_gaps_and_the_first_key_is_the_tickets() -> None:
    desk = new_desk()
    decisions = [
        fired(desk, "dry"),
        fired(desk, "low", T0 + 1.0),
        fired(desk, "low", T0 + 2.0, "red", "escalated"),
        desk.acknowledge(desk.open_tickets[0].id, "li", T0 + 3.0),
        cleared(desk, "dry", T0 + 4.0),
        cleared(desk, "low", T0 + 5.0),
        desk.close(desk.open_tickets[0].id, "li", T0 + 6.0),
    ]
    messages = [message for decision in decisions if decision for message in decision.messages]
    ticket = ticket_of(decisions[-1])
    assert [message.number for message in messages] == [0, 1, 2, 3, 4]
    assert [message.key for message in messages] == [ticket.id, *(f"{ticket.id}#{number}" for number in range(1, 5))]
    assert ticket.messages == 5
    assert [message.body["ticket"]["messages"] for message in messages] == [1, 2, 3, 4, 5]


def test_only_a_person_closes_whether_latched_or_not() -> None:
    for rule in ("latched", "hot"):
        desk = new_desk()
        fired(desk, rule)
        cleared(desk, rule, T0 + 10.0)
        (ticket,) = desk.open_tickets
        assert (ticket.status, ticket.cleared_at) == (Status.OPEN, T0 + 10.0)
        closed = ticket_of(desk.close(ticket.id, "li", T0 + 20.0))
        assert (closed.status, closed.closed_at) == (Status.CLOSED, T0 + 20.0)
        assert desk.open_tickets == ()


def test_after_the_watch_the_same_problem_is_a_new_ticket() -> None:
    desk = new_desk()
    first = ticket_of(fired(desk, "dry"))
    cleared(desk, "dry", T0 + 4.0)
    desk.close(first.id, "li", T0 + 5.0)
    (verified,) = desk.tick(T0 + 5.0 + DAY_S)
    assert (verified.reason, events(verified)) == (Reason.VERIFIED, ["verified"])
    second = ticket_of(fired(desk, "dry", T0 + 7.0 + DAY_S))
    assert second.id != first.id
    assert (second.occurrences, second.messages) == (1, 1)


@pytest.mark.parametrize("verdict", [Verdict.NORMAL, Verdict.FALSE])
def test_what_was_normal_or_false_is_not_watched(verdict: Verdict) -> None:
    desk = new_desk()
    first = ticket_of(fired(desk, "dry"))
    desk.close(first.id, "li", T0 + 5.0, verdict)
    assert cleared(desk, "dry", T0 + 6.0).messages == ()
    assert ticket_of(fired(desk, "dry", T0 + 7.0)).id != first.id


def test_what_comes_back_within_a_day_is_the_same_ticket_one_step_higher() -> None:
    desk = new_desk()
    first = ticket_of(fired(desk, "dry"))
    cleared(desk, "dry", T0 + 4.0)
    desk.close(first.id, "li", T0 + 5.0)
    decision = fired(desk, "dry", T0 + 3600.0, "red")
    ticket = ticket_of(decision)
    assert (decision.reason, events(decision)) == (Reason.BACK, ["reopened"])
    assert (ticket.id, ticket.level, ticket.status) == (first.id, Level.RED, Status.OPEN)
    assert (ticket.step, ticket.reopened, ticket.occurrences, ticket.closed_at) == (1, 1, 2, None)
    assert decision.messages[0].body["to"] == "department_head"


def test_who_acknowledges_twice_is_told_once() -> None:
    desk = new_desk()
    ticket = ticket_of(fired(desk, "dry"))
    first = desk.acknowledge(ticket.id, "li", T0 + 2.0)
    second = desk.acknowledge(ticket.id, "li", T0 + 3.0)
    assert first is not None
    assert second is not None
    assert first.messages[0].body["by"] == "li"
    assert (second.reason, second.messages, second.ticket) == (Reason.NOTHING_NEW, (), first.ticket)


@pytest.mark.parametrize("act", ["acknowledge", "close"])
def test_nobody_can_act_on_a_ticket_that_is_not_open(act: str) -> None:
    desk = new_desk()
    ticket = ticket_of(fired(desk, "dry"))
    assert getattr(desk, act)("lakeside:other", "li", T0) is None
    desk.close(ticket.id, "li", T0)
    assert getattr(desk, act)(ticket.id, "li", T0) is None


def test_a_tickets_id_has_characters_that_are_safe_everywhere() -> None:
    ticket = ticket_of(fired(new_desk(), "dry", T0 + 0.25))
    assert ticket.id == "lakeside:P-1:dry:20260315T000105.250Z"
    assert re.fullmatch(r"[A-Za-z0-9._:-]{1,255}", ticket.id)


def test_evidence_is_json_whatever_the_readings_were() -> None:
    why = Explanation(math.nan, math.nan, (Contribution("a", 1.0, math.inf, 0.0, -math.inf, math.nan),))
    transition = Transition(T0, "hot", 0, "fired", "yellow", -math.inf, {"a": math.nan, "score.usual": 0.97})
    desk = new_desk()
    decision = desk.receive(PUMP, transition, T0, {"usual": why})
    ticket = ticket_of(decision)
    assert json.loads(json.dumps(asdict(ticket)["evidence"], allow_nan=False)) == ticket.evidence
    assert ticket.evidence["since"] is None
    assert ticket.evidence["scores"]["usual"]["text"] == "Unusual: a –, 0 is expected (100% of the score)."
    json.dumps(decision.messages[0].body, allow_nan=False)


def test_what_made_a_score_worse_is_told_too() -> None:
    why = Explanation(0.99, T0, (Contribution("a", 1.0, 9.0, 1.0, 0.5, 1.5),))
    desk = new_desk()
    fired(desk, "hot")
    worse = desk.receive(PUMP, Transition(T0 + 9, "hot", 0, "escalated", "red", T0, {"a": 9.0}), T0 + 9, {"usual": why})
    text = ticket_of(worse).evidence["escalated"]["scores"]["usual"]["text"]
    assert "a 9.0, 1.0 is expected, usually 0.5 to 1.5" in text


def test_a_ticket_calls_points_as_the_profile_does_and_shows_the_clock_on_the_wall() -> None:
    point = Point(name="a", unit="mm/s", title={"en": "vibration"})
    profile = Profile(profile=PUMP.profile, driver="modbus", points=(point,))
    desk = new_desk(profiles={"pump": profile}, zone=ZoneInfo("Asia/Shanghai"))
    why = Explanation(0.99, T0 - 60.0, (Contribution("a", 1.0, 9.0, 1.0, 0.5, 1.5),))
    scored = Transition(T0, "hot", 0, "fired", "yellow", T0, {"score.usual": 0.99})
    text = ticket_of(desk.receive(PUMP, scored, T0 + 9.0, {"usual": why})).evidence["scores"]["usual"]["text"]
    assert text.startswith("Unusual since 08:00: vibration 9.0 mm/s")


def test_a_policy_that_is_missing_is_found_before_anything_fires() -> None:
    with pytest.raises(ValueError, match="no such policy: own"):
        Desk(Terms("lakeside", "en", BUILT_IN_POLICIES), RULES)


def test_what_was_told_as_worse_is_told_when_it_is_gone_however_often_it_came() -> None:
    desk = new_desk()
    for at in (T0, T0 + 10.0):
        fired(desk, "dry", at)
        cleared(desk, "dry", at + 5.0)
    assert fired(desk, "dry", T0 + 20.0).reason is Reason.AGAIN_QUIETLY
    assert fired(desk, "dry", T0 + 21.0, "red", "escalated").reason is Reason.WORSE
    assert [message.event for message in cleared(desk, "dry", T0 + 25.0).messages] == ["condition_cleared"]


def test_a_restart_forgets_nothing() -> None:
    desk = new_desk()
    fired(desk, "dry")
    again = new_desk(tickets=desk.open_tickets)
    assert again.follow(again.terms, RULES, {("dry", "P-1")}, T0) == []
    assert again.open_tickets == desk.open_tickets
    assert fired(again, "low", T0 + 1.0).reason is Reason.JOINED
    assert cleared(again, "dry", T0 + 2.0).reason is Reason.STILL_FIRING
