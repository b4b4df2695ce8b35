"""The same kind too often, and slow work, are tickets of their own; each once, also over restarts."""

from typing import Any

from gateway.core.types import Ticket
from tests.tickets.desks import DAY_S, House

AT_ONCE: dict[str, Any] = {"common_cause": {"within": "0s"}}
NO_WATCH: dict[str, Any] = {**AT_ONCE, "management": {"timeouts": "off", "response": "off", "surge_percent": "off"}}


def comes_and_goes(house: House, device: str, rule: str = "hot") -> str:
    ticket = house.happens(device, rule).ticket
    assert ticket is not None
    house.now += 60.0
    house.clears(device, rule)
    house.says(ticket.id, "closed", by="li")
    house.passes(2 * DAY_S)
    return ticket.id


def of_kind(house: House, kind: str) -> list[Ticket]:
    return [ticket for ticket in house.kept.values() if ticket.kind.startswith(kind)]


def test_the_third_time_in_thirty_days_is_a_yellow_with_the_list_of_cases() -> None:
    house = House.of(NO_WATCH)
    cases = [comes_and_goes(house, "EL-1") for _ in range(3)]
    (repeat,) = of_kind(house, "repeat.")
    assert [case["ticket"] for case in repeat.evidence["cases"]] == cases
    assert repeat.due == {"close": repeat.detected_at + 2 * DAY_S}
    assert repeat.title == "EL-1: the same kind of problem for the 3th time: hot"


def test_one_ticket_for_a_repeat_until_it_is_closed_whatever_restarts() -> None:
    house = House.of(NO_WATCH)
    for _ in range(6):
        comes_and_goes(house, "EL-1")
        house.restarts()
    (repeat,) = of_kind(house, "repeat.")
    house.says(repeat.id, "closed", by="li")
    house.now += 1.0
    for _ in range(2):
        comes_and_goes(house, "EL-1")
    assert len(of_kind(house, "repeat.")) == 1
    comes_and_goes(house, "EL-1")
    assert len(of_kind(house, "repeat.")) == 2


def test_a_building_counts_what_its_devices_have_in_common() -> None:
    house = House.of(NO_WATCH)
    for lift in ("EL-0", "EL-2", "EL-4"):  # all in building 1
        comes_and_goes(house, lift)
    (repeat,) = of_kind(house, "repeat.")
    assert (repeat.device, repeat.location) == ("building:1", {"building": "1"})


def test_what_never_went_what_flaps_and_what_was_false_counts_once_or_not_at_all() -> None:
    house = House.of(NO_WATCH)
    house.happens("EL-1", "hot")
    for _ in range(20):
        house.now += 30.0
        house.clears("EL-1", "hot")
        house.now += 30.0
        house.happens("EL-1", "hot")
    assert house.kept[house.only().id].flapping
    house.passes(10 * DAY_S)
    house.says(house.only().id, "closed", verdict="false")
    for _ in range(2):
        comes_and_goes(house, "EL-1")
    assert of_kind(house, "repeat.") == []


def test_what_happens_during_maintenance_is_no_repeat() -> None:
    work: dict[str, Any] = {"name": "service", "devices": ["EL-1"], "levels": ["yellow", "red"]}
    house = House.of({**NO_WATCH, "maintenance": [work]})
    for _ in range(5):
        house.happens("EL-1", "hot", level="red")
        house.now += 60.0
        house.clears("EL-1", "hot")
        house.passes(2 * DAY_S)
    assert house.told() == []


def test_three_tickets_in_a_row_that_miss_a_limit_are_a_matter_of_the_management() -> None:
    house = House.of(AT_ONCE)
    for lift in ("EL-0", "EL-1", "EL-2"):
        house.happens(lift, "slow")
        house.passes(1800.0)
    house.passes(600.0)
    (late,) = of_kind(house, "management.timeouts")
    assert late.title == "3 tickets in a row missed a limit"
    house.restarts()
    house.passes(1200.0)
    assert len(of_kind(house, "management.timeouts")) == 1


def test_slow_answers_on_three_days_running_are_a_matter_of_the_management() -> None:
    house = House.of({**AT_ONCE, "management": {"timeouts": "off", "surge_percent": "off"}})
    for _ in range(4):
        ticket = house.happens("EL-1", "hot").ticket
        assert ticket is not None
        house.passes(3 * 3600.0)
        house.says(ticket.id, "accepted")
        house.clears("EL-1", "hot")
        house.says(ticket.id, "closed", verdict="false")
        house.passes(21 * 3600.0)
        house.desk.tick(house.now)
    assert len(of_kind(house, "management.response")) == 1


def test_damaged_rows_are_a_ticket_once() -> None:
    house = House.of(NO_WATCH)
    house.desk.damaged(["outbox x#1: checksum"], house.now)
    house.desk.damaged(["outbox x#1: checksum"], house.now)
    house.passes(1.0)
    (ticket,) = of_kind(house, "gateway.storage")
    assert (ticket.evidence["damaged"], house.told()) == (["outbox x#1: checksum"], ["created"])
