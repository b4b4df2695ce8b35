"""The clocks are changed: limits in minutes go by elapsed time, pauses and working hours by the wall, each once."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.core.almanac import Almanac
from gateway.core.policy import Policy
from gateway.core.ticket_settings import TicketSettings
from gateway.tickets.pauses import Pauses
from tests.tickets.desks import POLICIES, House

BERLIN = ZoneInfo("Europe/Berlin")
FORWARD, BACK = "2026-03-29", "2026-10-25"
"""Sundays; 02:00 becomes 03:00, and 03:00 becomes 02:00."""
AT_ONCE: dict[str, Any] = {"common_cause": {"within": "0s"}, "management": {"timeouts": "off"}}


def at(text: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).timestamp()


def house_at(now: str, fold: int = 0, **settings: Any) -> House:
    """A site in Berlin at some time on the wall."""
    written, almanac = TicketSettings.model_validate({**AT_ONCE, **settings}), Almanac(BERLIN)
    house = House.of(
        {**AT_ONCE, **settings},
        zone=BERLIN,
        hours=written.working_hours(almanac),
        pauses=Pauses(almanac, written.quiet, written.maintenance),
        policies={**POLICIES, "own": Policy.model_validate({"acknowledge": "4wh", "close": "1wd"})},
    )
    house.now = at(now, fold)
    return house


def told(house: House) -> list[tuple[str, str]]:
    """The events of all messages and when the wall showed what at each."""
    return [
        (message.event, datetime.fromtimestamp(message.created_at, BERLIN).isoformat(" ", "minutes"))
        for decision in house.decisions
        for message in decision.messages
    ]


@pytest.mark.parametrize(
    ("evening", "morning"),
    [("2026-03-28 23:30", "2026-03-29 07:00+02:00"), ("2026-10-24 23:30", "2026-10-25 07:00+01:00")],
)
@pytest.mark.parametrize("restarts", [0, 20])
def test_quiet_hours_end_when_the_wall_says_so(evening: str, morning: str, restarts: int) -> None:
    house = house_at(evening, quiet="22:00-07:00")
    house.happens("EL-1", "hot")
    for _ in range(restarts):
        house.passes(1800.0)
        house.restarts()
    house.passes(at(f"{morning[:10]} 12:00") - house.now)
    assert told(house) == [("created", morning)]


@pytest.mark.parametrize(
    ("now", "fold", "ends"),
    [
        (f"{FORWARD} 01:30", 0, f"{FORWARD} 04:00+02:00"),
        (f"{FORWARD} 03:10", 0, f"{FORWARD} 04:00+02:00"),
        (f"{BACK} 01:30", 0, f"{BACK} 04:00+01:00"),
        (f"{BACK} 02:30", 0, f"{BACK} 04:00+01:00"),
        (f"{BACK} 02:30", 1, f"{BACK} 04:00+01:00"),
    ],
)
def test_maintenance_ends_when_the_wall_says_so(now: str, fold: int, ends: str) -> None:
    house = house_at(now, fold, maintenance=[{"name": "works", "days": ["sun"], "between": "01:00-04:00"}])
    house.happens("EL-1", "hot")
    house.passes(at(f"{ends[:10]} 12:00") - house.now)
    assert told(house) == [("created", ends)]


@pytest.mark.parametrize(("now", "fold"), [(f"{FORWARD} 01:58", 0), (f"{BACK} 02:58", 0), (f"{BACK} 02:58", 1)])
def test_minutes_are_minutes_whatever_the_wall_shows(now: str, fold: int) -> None:
    house = house_at(now, fold)
    house.happens("EL-1", "hot", level="red")
    house.passes(6 * 3600.0)
    times = [message.created_at for decision in house.decisions for message in decision.messages]
    assert [time - times[0] for time in times] == [0.0, 60.0, 180.0, 600.0]


@pytest.mark.parametrize(
    ("friday", "monday"), [("2026-03-27", "2026-03-30"), ("2026-10-23", "2026-10-26")], ids=["forward", "back"]
)
def test_working_hours_and_days_go_by_the_wall(friday: str, monday: str) -> None:
    house = house_at(f"{friday} 16:00", hours="08:30-17:30")
    house.happens("EL-1", "slow")
    house.passes(at(f"{monday} 08:00") - house.now)
    assert [event for event, _ in told(house)] == ["created"], "nobody is late over the weekend"
    house.passes(at(f"{monday} 23:00") - house.now)
    late = [time[:16] for event, time in told(house) if event == "overdue"]
    assert late == [f"{monday} 11:00", f"{monday} 16:00"]
