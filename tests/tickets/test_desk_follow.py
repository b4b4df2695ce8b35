"""The desk goes on by other rules: an alert that ended with its rule is told, and its ticket waits for a person."""

from typing import Any

import pytest

from drivers.device import Device
from gateway.core.settings import BUILT_IN_POLICIES
from gateway.core.types import Status, Ticket
from gateway.tickets.desk import Decision, Desk, Reason
from gateway.tickets.terms import Terms
from rules.rule import Rule, Transition

T0 = 1_773_532_865.0
TERMS = Terms("lakeside", "en", BUILT_IN_POLICIES)
PUMP = Device.model_validate({"id": "P-1", "profile": "pump", "on": "x"})


def rules_of(*ids: str, **written: Any) -> dict[str, Rule]:
    return {x: Rule.model_validate({"id": x, "class": "supply", "yellow": {"when": "a > 1"}, **written}) for x in ids}


def fired(desk: Desk, rule: str, time: float = T0, change: Any = "fired") -> Decision:
    return desk.receive(PUMP, Transition(time, rule, 0, change, "yellow", time, {}), time)


@pytest.fixture
def desk() -> Desk:
    return Desk(TERMS, rules_of("dry", "low"))


def only(desk: Desk) -> Ticket:
    (ticket,) = desk.open_tickets
    return ticket


@pytest.mark.parametrize(
    ("left", "reason", "word"),
    [(("low",), Reason.RULE_REMOVED, "rule_removed"), (("dry", "low"), Reason.RULE_CHANGED, "rule_changed")],
)
def test_the_end_of_a_rule_clears_its_ticket_and_says_why(
    desk: Desk, left: tuple[str, ...], reason: Reason, word: str
) -> None:
    fired(desk, "dry")
    (decision,) = desk.follow(TERMS, rules_of(*left), (), T0 + 60.0)
    assert decision.reason is reason
    (message,) = decision.messages
    assert (message.event, message.number, message.body["reason"]) == ("condition_cleared", 1, word)
    assert (only(desk).status, only(desk).cleared_at, only(desk).firing) == (Status.OPEN, T0 + 60.0, ())


def test_another_rule_that_still_sees_the_problem_keeps_the_ticket_as_it_is(desk: Desk) -> None:
    fired(desk, "dry")
    fired(desk, "low", T0 + 1.0)
    (decision,) = desk.follow(TERMS, rules_of("low"), {("low", "P-1")}, T0 + 60.0)
    assert (decision.reason, decision.messages) == (Reason.RULE_REMOVED, ())
    assert (only(desk).cleared_at, only(desk).firing) == (None, ("low",))


def test_two_rules_that_end_together_are_told_once(desk: Desk) -> None:
    fired(desk, "dry")
    fired(desk, "low", T0 + 1.0)
    decisions = desk.follow(TERMS, {}, (), T0 + 60.0)
    assert [len(decision.messages) for decision in decisions] == [0, 1]
    assert (only(desk).cleared_at, only(desk).firing, only(desk).messages) == (T0 + 60.0, (), 2)


def test_what_goes_on_is_not_touched_and_new_words_hold_from_the_next_ticket_on(desk: Desk) -> None:
    before = fired(desk, "dry").ticket
    assert desk.follow(TERMS, rules_of("dry", title={"en": "new"}), {("dry", "P-1")}, T0 + 60.0) == []
    assert only(desk) == before
    desk.close(only(desk).id, "li", T0 + 70.0)
    again = fired(desk, "dry", T0 + 80.0).ticket
    assert again is not None
    assert again.title == "new"


def test_a_changed_rule_that_fires_again_is_the_same_problem_again(desk: Desk) -> None:
    first = fired(desk, "dry").ticket
    desk.follow(TERMS, rules_of("dry"), (), T0 + 60.0)
    decision = fired(desk, "dry", T0 + 90.0)
    assert decision.reason is Reason.AGAIN
    assert first is not None
    assert decision.ticket is not None
    assert (decision.ticket.id, decision.ticket.occurrences) == (first.id, 2)


def test_a_missing_policy_changes_nothing(desk: Desk) -> None:
    fired(desk, "dry")
    before = (desk.rules, desk.terms, desk.open_tickets)
    with pytest.raises(ValueError, match="no such policy: own"):
        desk.follow(TERMS, rules_of("low", policy="own"), (), T0 + 60.0)
    assert (desk.rules, desk.terms, desk.open_tickets) == before
