"""A reading that is not believed explains the yellow problems that rest on it, and no danger."""

from collections.abc import Mapping
from dataclasses import replace

from drivers.device import Point, Profile
from gateway.core.types import Level, Status, Ticket
from gateway.tickets.decision import Reason
from gateway.tickets.desk import Desk
from gateway.tickets.notices import notice
from gateway.tickets.raising import Seen
from models.detector import Contribution, Explanation
from rules.rule import Transition
from tests.tickets.desks import RULES, T0, House, rule, site, terms

LIES = rule("lies", **{"class": "any.sensor"}, title={"en": "{device}: {doubts}"}, doubts=["a"])
DESK_RULES = {**RULES, "lies": LIES, "odd": rule("odd")}


def house() -> House:
    return House(Desk(terms({"common_cause": {"within": "0s"}}), DESK_RULES))


def doubting(at: House, device: str, *points: str) -> Ticket:
    """The instrument's ticket."""
    decision = at.happens(device, "lies", doubts=points)
    assert decision.ticket is not None
    return decision.ticket


def why(*points: str) -> Mapping[str, Explanation]:
    return {"usual": Explanation(0.9, T0, tuple(Contribution(each, 0.5, 1.0, 0.0, -1.0, 0.5) for each in points))}


def test_a_yellow_that_rests_on_a_doubted_reading_joins_the_instruments_ticket() -> None:
    at = house()
    instrument = doubting(at, "PUMP", "a")
    joined = at.happens("PUMP", "hot", a=2.0)
    assert (joined.reason, joined.messages) == (Reason.COMMON_CAUSE, ())
    parent = at.desk.ticket(instrument.id)
    assert parent is not None
    assert (parent.cause, [each.kind for each in parent.members]) == ("instrument:PUMP", ["hot"])
    at.passes(60.0)
    assert at.told() == ["created", "members"], "whoever has the ticket learns of it"
    said = notice(parent, "members", {}, at.desk.terms.voice, "Lakeside")
    assert "Event: more problems of the same cause\n" in said
    assert "Seen through that reading: Yellow alert PUMP hot\n" in said


def test_what_rests_on_others_or_is_elsewhere_or_always_alone_is_a_ticket_of_its_own() -> None:
    at = house()
    doubting(at, "PUMP", "a")
    assert at.happens("PUMP", "hot", b=2.0).reason is Reason.NEW_PROBLEM
    assert at.happens("EL-1", "hot", a=2.0).reason is Reason.NEW_PROBLEM
    assert at.happens("PUMP", "trapped", a=2.0).reason is Reason.NEW_PROBLEM


def test_a_danger_is_explained_by_no_instrument() -> None:
    at = house()
    instrument = doubting(at, "PUMP", "a")
    assert at.happens("PUMP", "hot", level="red", a=3.0).reason is Reason.NEW_PROBLEM
    at.happens("PUMP", "slow", a=2.0)
    worse = at.happens("PUMP", "slow", "escalated", "red", a=3.0)
    assert (worse.reason, [each.event for each in worse.messages]) == (Reason.WORSE, ["created"])
    parent = at.desk.ticket(instrument.id)
    assert parent is not None
    assert (parent.level, parent.members) == (Level.YELLOW, ())


def test_what_is_still_there_when_the_instrument_is_done_gets_a_ticket() -> None:
    at = house()
    instrument = doubting(at, "PUMP", "a")
    at.happens("PUMP", "hot", a=2.0)
    at.happens("PUMP", "slow", a=2.0)
    at.clears("PUMP", "slow")
    at.says(instrument.id, "closed")
    at.passes(60.0)
    assert [(each.kind, each.parent) for each in at.desk.open_tickets] == [("hot", "")]
    assert at.told()[-1] == "created"


def test_once_it_is_said_to_be_done_it_takes_nothing_more() -> None:
    at = house()
    instrument = doubting(at, "PUMP", "a")
    at.says(instrument.id, "resolved")
    assert at.happens("PUMP", "hot", a=2.0).reason is Reason.NEW_PROBLEM


def test_an_instrument_that_has_come_right_takes_nothing_more() -> None:
    at = house()
    doubting(at, "PUMP", "a")
    at.clears("PUMP", "lies")
    assert at.happens("PUMP", "hot", a=2.0).reason is Reason.NEW_PROBLEM


def test_another_way_to_be_wrong_adds_to_what_is_doubted() -> None:
    at = house()
    instrument = doubting(at, "PUMP", "a")
    assert doubting(at, "PUMP", "b").doubts == ("a", "b")
    assert at.happens("PUMP", "hot", b=2.0).reason is Reason.COMMON_CAUSE
    parent = at.desk.ticket(instrument.id)
    assert parent is not None
    assert parent.status is Status.OPEN


def test_what_a_score_rests_on_is_the_point_that_drives_it_most() -> None:
    at = house()
    doubting(at, "PUMP", "flow")
    pump = at.desk.terms.devices["PUMP"]
    odd = Transition(T0, "odd", 0, "fired", "yellow", T0, {"score.usual": 0.9})
    assert at.desk.receive(pump, odd, T0, why("flow", "power")).reason is Reason.COMMON_CAUSE
    other = replace(odd, rule="slow")
    assert at.desk.receive(pump, other, T0, why("power", "flow")).reason is Reason.NEW_PROBLEM


def test_a_score_that_is_doubted_is_so_while_the_same_point_drives_it() -> None:
    at = house()
    pump = at.desk.terms.devices["PUMP"]
    said = Transition(T0, "lies", 0, "fired", "yellow", T0, {"score.usual": 0.9}, ("score.usual",))
    first = at.desk.receive(pump, said, T0, why("flow", "power"))
    assert first.ticket is not None
    assert first.ticket.doubts == ("score.usual:flow",)
    odd = Transition(T0, "odd", 0, "fired", "yellow", T0, {"score.usual": 0.9})
    assert at.desk.receive(pump, odd, T0, why("flow")).reason is Reason.COMMON_CAUSE
    assert at.desk.receive(pump, replace(odd, rule="slow"), T0, why("power")).reason is Reason.NEW_PROBLEM
    assert at.happens("PUMP", "hot", flow=2.0).reason is Reason.NEW_PROBLEM, "a limit on that point is another matter"


def test_the_title_names_them() -> None:
    points = (Point.model_validate({"name": "a", "title": {"en": "motor temperature"}}), Point(name="b"))
    profile = Profile.model_validate({"profile": "any", "driver": "none", "points": points})
    device = site()["PUMP"]
    seen = Seen(device, LIES, Transition(T0, "lies", 0, "fired", "yellow", T0, {}, ("a", "b")))
    assert seen.title(terms(profiles={"any": profile})) == "PUMP: motor temperature, b"
    alone = rule("alone", title={"en": "{device}: {signal}"})
    seen = Seen(device, alone, Transition(T0, "alone", 0, "fired", "yellow", T0, {}), why("a", "b"))
    assert seen.title(terms(profiles={"any": profile})) == "PUMP: motor temperature"
