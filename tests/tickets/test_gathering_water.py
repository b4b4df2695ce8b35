"""Water is one ticket, whoever sees it: for ten minutes in the building, and in the room for as long as it stands."""

from typing import Any

import pytest

from drivers.device import Device
from gateway.core.types import Level, Ticket
from gateway.tickets.causes import ALONE, Topology
from gateway.tickets.decision import Reason
from gateway.tickets.desk import Desk
from gateway.tickets.terms import OUR_OWN
from tests.tickets.desks import House, rule, terms

ROOMS = {
    "LEAK": ("1", "cellar"),
    "PIT": ("1", "cellar"),
    "PUMP": ("1", "cellar"),
    "METER": ("1", "shaft"),
    "FAR": ("2", "cellar"),
}
RULES = {
    each.id: each
    for each in (
        rule("wet", **{"class": "water.leak"}),
        rule("burst", **{"class": "pump.pipe_burst"}),
        rule("high", **{"class": "sump.drainage"}),
        rule("drive", **{"class": "pump.drive"}),
        rule("hot", **{"class": "pump.bearing"}),
        rule("stuck", **{"class": "water.sensor"}),
    )
}


@pytest.fixture
def house() -> House:
    written: list[dict[str, Any]] = [
        {"id": name, "on": name, "location": {"building": building, "room": room}}
        for name, (building, room) in ROOMS.items()
    ]
    devices = {each["id"]: Device.model_validate({"profile": "any", "every": "1s", **each}) for each in written}
    return House(Desk(terms(devices=devices, topology=Topology(devices.values(), (*ALONE, *OUR_OWN))), RULES))


def parent(house: House) -> Ticket:
    (found,) = (each for each in house.desk.open_tickets if each.members)
    return found


def suffering(house: House) -> list[str]:
    return sorted(member.device for member in parent(house).members)


def test_a_burst_and_what_it_wets_within_ten_minutes_are_one(house: House) -> None:
    house.happens("METER", "burst", level="red")
    house.passes(400.0)
    house.happens("LEAK", "wet")
    house.passes(120.0)
    house.happens("PIT", "high", level="red")
    house.passes(60.0)
    assert (parent(house).device, parent(house).cause, parent(house).level) == ("METER", "water:1", Level.RED)
    assert suffering(house) == ["LEAK", "PIT"]


def test_water_elsewhere_is_another_ticket(house: House) -> None:
    house.happens("LEAK", "wet", level="red")
    house.passes(5.0)
    assert house.happens("FAR", "wet", level="red").reason is Reason.NEW_PROBLEM
    assert not any(each.members for each in house.desk.open_tickets)


def test_two_that_see_it_at_once_are_told_as_one_with_the_place(house: House) -> None:
    house.happens("LEAK", "wet")
    house.happens("PIT", "high")
    house.passes(31.0)
    assert (parent(house).kind, parent(house).location) == ("common.water", {"building": "1"})
    assert suffering(house) == ["LEAK", "PIT"]


@pytest.mark.parametrize(("device", "name"), [("PUMP", "drive"), ("PIT", "high")])
def test_what_gives_way_in_the_room_joins_while_the_water_stands(house: House, device: str, name: str) -> None:
    house.happens("LEAK", "wet", level="red")
    house.passes(3600.0)
    assert house.happens(device, name).reason is Reason.COMMON_CAUSE
    house.passes(60.0)
    assert suffering(house) == [device]


def test_an_hour_later_in_another_room_it_is_other_water(house: House) -> None:
    house.happens("LEAK", "wet", level="red")
    house.passes(3600.0)
    assert house.happens("METER", "burst", level="red").reason is Reason.NEW_PROBLEM


def test_a_drive_that_fails_when_the_water_is_gone_has_a_ticket_of_its_own(house: House) -> None:
    house.happens("LEAK", "wet", level="red")
    house.passes(60.0)
    house.clears("LEAK", "wet")
    house.passes(3600.0)
    assert house.happens("PUMP", "drive", level="red").reason is Reason.NEW_PROBLEM


@pytest.mark.parametrize("name", ["hot", "stuck"])
def test_what_water_does_not_explain_stays_alone(house: House, name: str) -> None:
    house.happens("LEAK", "wet", level="red")
    house.passes(5.0)
    assert house.happens("PUMP", name, level="red").reason is Reason.NEW_PROBLEM
