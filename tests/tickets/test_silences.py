"""Silences hold tickets back, and let them go when they end, also before their time."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.core.casework import Callback, Happening, Silence
from gateway.core.types import Hold, Status
from gateway.tickets.decision import Reason
from tests.tickets.desks import T0, House

AT_ONCE: dict[str, Any] = {"common_cause": {"within": "0s"}, "management": {"timeouts": "off"}}
SILENCE = Silence("s-1", "li", "noise", T0, T0 + 14_400.0, device="PUMP")


def silent(**settings: Any) -> tuple[House, str]:
    house = House.of({**AT_ONCE, **settings})
    house.desk.silence(SILENCE)
    house.happens("PUMP", "hot")
    ticket = house.only()
    assert (ticket.held, ticket.held_until, house.told()) == (Hold.SILENCE, SILENCE.until, [])
    return house, ticket.id


def said(ticket: str, event: Happening, **more: Any) -> Callback:
    return Callback("", ticket, event, T0 + 5.0, "li", **more)


def test_what_it_holds_back_is_told_when_it_ends() -> None:
    house, _ = silent()
    house.passes(14_399.0)
    assert house.told() == []
    house.passes(2.0)
    assert house.told() == ["created"]


def test_ended_early_it_lets_go_at_once() -> None:
    house, _ = silent()
    house.passes(60.0)
    house.desk.silence(replace(SILENCE, until=house.now))
    house.passes(0.0)
    assert house.told() == ["created"]
    assert house.only().held is None


def test_ended_early_it_lets_nothing_go_that_another_one_holds() -> None:
    house, _ = silent()
    house.desk.silence(replace(SILENCE, id="s-2", until=T0 + 7200.0))
    house.passes(60.0)
    house.desk.silence(replace(SILENCE, until=house.now))
    house.passes(0.0)
    assert (house.told(), house.only().held_until) == ([], T0 + 7200.0)
    house.passes(7200.0)
    assert house.told() == ["created"]


def test_ended_early_in_quiet_hours_the_morning_is_waited_for() -> None:
    house, _ = silent(quiet="22:00-09:00")  # it is 08:01 in Shanghai
    house.passes(60.0)
    house.desk.silence(replace(SILENCE, until=house.now))
    house.passes(0.0)
    assert (house.told(), house.only().held) == ([], Hold.QUIET)
    house.passes(3600.0)
    assert house.told() == ["created"]


def test_a_longer_silence_takes_the_place_of_a_shorter_one() -> None:
    house, _ = silent()
    house.desk.silence(replace(SILENCE, until=T0 + 20_000.0))
    house.passes(15_000.0)
    assert (house.told(), house.only().held_until) == ([], T0 + 20_000.0)


def test_what_nobody_was_told_of_can_be_acknowledged_and_is_told_so_later() -> None:
    house, ticket = silent()
    decision = house.desk.hear(said(ticket, Happening.ACCEPTED), T0 + 5.0, is_news=True)
    assert decision is not None
    assert (decision.reason, decision.messages, len(decision.entries)) == (Reason.ACKNOWLEDGED, (), 1)
    house.passes(14_401.0)
    (created,) = [message for each in house.decisions for message in each.messages]
    assert (created.event, created.number, created.body["ticket"]["status"]) == ("created", 0, Status.ACKNOWLEDGED)


def test_what_is_closed_here_as_done_and_is_still_there_is_told_when_nothing_holds_it_back() -> None:
    house, ticket = silent()
    house.desk.hear(said(ticket, Happening.CLOSED, verdict="done"), T0 + 5.0, is_news=True)
    house.passes(14_399.0)
    assert house.told() == []
    house.passes(2.0)
    assert house.told() == ["created"]


@pytest.mark.parametrize("verdict", ["normal", "false"])
def test_what_nobody_was_told_of_can_be_closed_and_stays_untold(verdict: str) -> None:
    house, ticket = silent()
    decision = house.desk.hear(said(ticket, Happening.CLOSED, verdict=verdict), T0 + 5.0, is_news=True)
    assert decision is not None
    assert decision.ticket is not None
    assert (decision.ticket.status, decision.ticket.held, decision.messages) == (Status.CLOSED, None, ())
    assert decision.closing is not None
    house.passes(14_401.0)
    assert (house.told(), house.desk.open_tickets) == ([], ())


@pytest.mark.parametrize("event", [*Happening])
def test_the_property_company_can_say_nothing_of_what_it_does_not_know(event: Happening) -> None:
    house, ticket = silent()
    assert house.desk.hear(said(ticket, event, score=50.0), T0 + 5.0) is None
    assert house.only().status is Status.OPEN
