"""What a closing says: to the dispatch API, to the ledger, and of the rule."""

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.core.types import Closing, Verdict
from gateway.tickets.ledger import Tally, closing_of, tallies
from rules.rule import Transition
from tests.tickets.test_desk import PUMP, T0, fired, new_desk, ticket_of

DONE, NORMAL, FALSE = Verdict.DONE, Verdict.NORMAL, Verdict.FALSE


@pytest.mark.parametrize("verdict", [*Verdict])
def test_a_closing_is_told_with_its_verdict_and_kept(verdict: Verdict) -> None:
    desk = new_desk()
    ticket = ticket_of(fired(desk, "dry", a=1.5))
    decision = desk.close(ticket.id, "li", T0 + 20.0, verdict)
    assert decision is not None
    (message,) = decision.messages
    assert (message.event, message.body["by"], message.body["verdict"]) == ("closed", "li", str(verdict))
    assert decision.closing == Closing(ticket.id, "dry", "P-1", "supply", T0, T0 + 20.0, verdict, "li")


def test_who_says_nothing_says_that_the_work_is_done_and_other_decisions_keep_nothing() -> None:
    desk = new_desk()
    born = fired(desk, "dry")
    seen, closed = desk.acknowledge(ticket_of(born).id, "li", T0), desk.close(ticket_of(born).id, "li", T0)
    assert seen is not None
    assert closed is not None
    assert closed.closing is not None
    assert (born.closing, seen.closing, closed.closing.verdict) == (None, None, DONE)


@pytest.mark.parametrize(
    ("fired_with", "escalated_with", "scores"),
    [
        ({"a": 1.5}, {}, ()),
        ({"a": 1.5, "score.usual": 0.97}, {}, ("usual",)),
        ({"score.usual": 0.97, "score.forest": 0.9}, {}, ("forest", "usual")),
        ({"a": 1.5}, {"score.usual": 0.99}, ("usual",)),
    ],
)
def test_the_detectors_that_it_teaches_are_those_whose_score_the_rule_read(
    fired_with: Mapping[str, float], escalated_with: Mapping[str, float], scores: tuple[str, ...]
) -> None:
    desk = new_desk()
    ticket = ticket_of(fired(desk, "hot", T0, "yellow", **fired_with))
    if escalated_with:
        ticket = ticket_of(fired(desk, "hot", T0 + 1, "red", "escalated", **escalated_with))
    assert closing_of(ticket, NORMAL, "li", T0 + 9.0).scores == scores


def test_a_ticket_without_evidence_teaches_nothing() -> None:
    desk = new_desk()
    desk.receive(PUMP, Transition(T0, "hot", 0, "fired", "yellow", T0, {}), T0)
    (ticket,) = desk.open_tickets
    assert closing_of(ticket, FALSE, "li", T0).scores == ()


@pytest.mark.parametrize(
    ("verdicts", "tally", "precision"),
    [
        ([DONE, DONE, DONE, FALSE], Tally(3, 0, 1), 0.75),
        ([DONE, NORMAL, NORMAL], Tally(1, 2, 0), 1.0),
        ([FALSE], Tally(0, 0, 1), 0.0),
        ([NORMAL], Tally(0, 1, 0), None),
        ([], Tally(), None),
    ],
)
def test_the_precision_of_a_rule(verdicts: list[Verdict], tally: Tally, precision: float | None) -> None:
    assert (Tally.of(verdicts), tally.precision) == (tally, precision)


def test_rules_with_most_closings_come_first() -> None:
    def said(rule: str, **other: Any) -> Closing:
        return Closing(f"{rule} {other}", rule, "P-1", "kind", T0, T0, DONE, "li")

    ledger = [said("b"), said("c", n=1), said("a"), said("c", n=2)]
    assert [(rule, tally.done) for rule, tally in tallies(ledger).items()] == [("c", 2), ("a", 1), ("b", 1)]
