"""What holds a ticket back, and until when."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.device import Device
from gateway.core.almanac import Almanac
from gateway.core.casework import Silence
from gateway.core.ticket_settings import MaintenanceWindow
from gateway.core.types import Hold, Level
from gateway.tickets.pauses import Pauses, in_force
from rules.duration import hours_s

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
LIFT = Device(id="EL-1-1", profile="elevator", on="broker", location={"building": "1"})
NIGHT = hours_s("22:00-07:00")


def at(text: str, zone: ZoneInfo = SHANGHAI, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def shown(time: float, zone: ZoneInfo = SHANGHAI) -> str:
    return datetime.fromtimestamp(time, zone).replace(tzinfo=None).isoformat(" ", "minutes")


def window(**keys: Any) -> MaintenanceWindow:
    return MaintenanceWindow.model_validate({"name": "work", **keys})


def silence(until: float, **keys: Any) -> Silence:
    return Silence("S-1", "Li", "works", made_at=0.0, until=until, **keys)


def held(pauses: Pauses, now: str, level: Level = Level.YELLOW, kind: str = "noise") -> tuple[Hold, str] | None:
    found = pauses.hold(LIFT, kind, level, at(now))
    return found and (found[0], shown(found[1]))


TUESDAYS = window(devices=["EL-1-*"], days=["tue"], between="09:00-11:00")
OVERNIGHT = window(days=["tue"], between="23:00-01:30")


@pytest.mark.parametrize(
    ("pauses", "now", "expected"),
    [
        (Pauses(Almanac(SHANGHAI)), "2026-09-01 10:00", None),
        (Pauses(Almanac(SHANGHAI), NIGHT), "2026-09-01 21:59", None),
        (Pauses(Almanac(SHANGHAI), NIGHT), "2026-09-01 22:00", (Hold.QUIET, "2026-09-02 07:00")),
        (Pauses(Almanac(SHANGHAI), NIGHT), "2026-09-02 06:59", (Hold.QUIET, "2026-09-02 07:00")),
        (Pauses(Almanac(SHANGHAI), NIGHT), "2026-09-02 07:00", None),
        (Pauses(Almanac(SHANGHAI), hours_s("12:00-24:00")), "2026-09-01 13:00", (Hold.QUIET, "2026-09-02 00:00")),
        (Pauses(Almanac(SHANGHAI), windows=[TUESDAYS]), "2026-09-01 09:00", (Hold.MAINTENANCE, "2026-09-01 11:00")),
        (Pauses(Almanac(SHANGHAI), windows=[TUESDAYS]), "2026-09-01 11:00", None),
        (Pauses(Almanac(SHANGHAI), windows=[TUESDAYS]), "2026-09-02 10:00", None),
        (Pauses(Almanac(SHANGHAI), windows=[OVERNIGHT]), "2026-09-02 01:29", (Hold.MAINTENANCE, "2026-09-02 01:30")),
        (Pauses(Almanac(SHANGHAI), windows=[OVERNIGHT]), "2026-09-01 01:00", None),  # Monday's night is not Tuesday's
        (Pauses(Almanac(SHANGHAI), windows=[OVERNIGHT]), "2026-09-02 23:30", None),
        (
            Pauses(Almanac(SHANGHAI), windows=[window(until="2026-09-01", between="23:00-01:00")]),
            "2026-09-02 00:30",  # it began on its last day
            (Hold.MAINTENANCE, "2026-09-02 01:00"),
        ),
    ],
)
def test_one_pause(pauses: Pauses, now: str, expected: tuple[Hold, str] | None) -> None:
    assert held(pauses, now) == expected


def test_pauses_that_follow_each_other_have_one_end() -> None:
    early = window(between="06:30-09:00")
    until_noon = silence(at("2026-09-02 12:00"))
    pauses = Pauses(Almanac(SHANGHAI), NIGHT, [early, window(between="12:00-12:30")], [until_noon])
    assert held(pauses, "2026-09-01 23:00") == (Hold.SILENCE, "2026-09-02 12:30")
    without = Pauses(Almanac(SHANGHAI), NIGHT, [early])
    assert held(without, "2026-09-01 23:00") == (Hold.QUIET, "2026-09-02 09:00")
    assert held(without, "2026-09-02 06:45") == (Hold.MAINTENANCE, "2026-09-02 09:00")
    assert without.end_of(LIFT, "noise", Level.YELLOW, at("2026-09-02 09:00")) == at("2026-09-02 09:00")


def test_days_without_a_break_are_held_for_31_days_and_asked_for_again() -> None:
    pauses = Pauses(Almanac(SHANGHAI), windows=[window(until="2026-12-31")])
    assert held(pauses, "2026-09-01 10:00") == (Hold.MAINTENANCE, "2026-10-03 00:00")
    assert held(pauses, "2026-12-20 10:00") == (Hold.MAINTENANCE, "2027-01-01 00:00")


def test_red_waits_only_where_that_is_written() -> None:
    now = "2026-09-01 23:30"
    assert held(Pauses(Almanac(SHANGHAI), NIGHT, [window()]), now, Level.RED) is None
    assert held(Pauses(Almanac(SHANGHAI), silences=[silence(at("2026-09-02 00:00"))]), now, Level.RED) is None
    to_midnight = (Hold.SILENCE, "2026-09-02 00:00")
    red = Pauses(Almanac(SHANGHAI), NIGHT, silences=[silence(at("2026-09-02 00:00"), level=Level.RED)])
    assert held(red, now, Level.RED) == to_midnight
    assert held(Pauses(Almanac(SHANGHAI), silences=red.silences), now) == to_midnight
    only_red = Pauses(Almanac(SHANGHAI), windows=[window(levels=["red"], between="23:00-24:00")])
    assert held(only_red, now, Level.RED) == (Hold.MAINTENANCE, "2026-09-02 00:00")
    assert held(only_red, now) is None


@pytest.mark.parametrize(
    ("keys", "holds"),
    [
        ({"devices": ["EL-1-1"]}, True),
        ({"devices": ["EL-2-*"]}, False),
        ({"devices": ["EL-2-*", "*-1"]}, True),
        ({"buildings": ["1"]}, True),
        ({"buildings": ["2"]}, False),
        ({"classes": ["noise*"]}, True),
        ({"classes": ["entrapment"]}, False),
        ({"devices": ["EL-*"], "buildings": ["2"]}, False),
        ({"devices": ["EL-*"], "buildings": ["1"], "classes": ["n*e"]}, True),
    ],
)
def test_each_key_of_a_window_narrows_it(keys: dict[str, Any], *, holds: bool) -> None:
    pauses = Pauses(Almanac(SHANGHAI), windows=[window(**keys)])
    assert (held(pauses, "2026-09-01 10:00") is not None) == holds
    assert (pauses.maintenance(LIFT, "noise", at("2026-09-01 10:00")) is not None) == holds


@pytest.mark.parametrize(
    ("keys", "holds"),
    [
        ({}, True),
        ({"device": "EL-1-1"}, True),
        ({"device": "EL-1"}, False),
        ({"building": "1"}, True),
        ({"building": "2"}, False),
        ({"kind": "no*"}, True),
        ({"kind": "no"}, False),
        ({"device": "EL-1-1", "building": "2"}, False),
    ],
)
def test_each_scope_of_a_silence_narrows_it(keys: dict[str, Any], *, holds: bool) -> None:
    pauses = Pauses(Almanac(SHANGHAI), silences=[silence(at("2026-09-01 12:00"), **keys)])
    assert (held(pauses, "2026-09-01 11:59") is not None) == holds
    assert held(pauses, "2026-09-01 12:00") is None


def test_a_device_without_a_building_is_in_none() -> None:
    nowhere = Device(id="X", profile="elevator", on="broker")
    pauses = Pauses(Almanac(SHANGHAI), windows=[window(buildings=["1"])], silences=[silence(9e9, building="1")])
    assert pauses.hold(nowhere, "noise", Level.YELLOW, at("2026-09-01 10:00")) is None


def test_maintenance_is_known_also_for_what_it_does_not_hold_back() -> None:
    pauses = Pauses(Almanac(SHANGHAI), NIGHT, [TUESDAYS])
    assert held(pauses, "2026-09-01 10:00", Level.RED) is None
    assert pauses.maintenance(LIFT, "noise", at("2026-09-01 10:00")) is TUESDAYS
    assert pauses.maintenance(LIFT, "noise", at("2026-09-01 23:00")) is None


def test_a_silence_that_has_ended_is_in_force_no_more() -> None:
    first, second = silence(10.0), silence(20.0)
    assert in_force([first, second], 9.9) == (first, second)
    assert in_force([first, second], 10.0) == (second,)


@pytest.mark.parametrize(
    ("hours", "now", "fold", "end"),
    [
        ("22:00-07:00", "2026-03-28 23:00", 0, "2026-03-29 07:00"),  # eight hours only
        ("22:00-07:00", "2026-10-24 23:00", 0, "2026-10-25 07:00"),  # ten
        ("22:00-02:30", "2026-03-29 01:00", 0, "2026-03-29 03:00"),  # 02:30 is not shown
        ("22:00-03:00", "2026-10-25 02:30", 0, "2026-10-25 03:00"),  # through both
        ("22:00-03:00", "2026-10-25 02:30", 1, "2026-10-25 03:00"),
    ],
)
def test_hours_end_when_the_wall_says_so(hours: str, now: str, fold: int, end: str) -> None:
    pauses = Pauses(Almanac(BERLIN), hours_s(hours))
    found = pauses.hold(LIFT, "noise", Level.YELLOW, at(now, BERLIN, fold))
    assert found is not None
    assert shown(found[1], BERLIN) == end


def test_hours_that_end_within_the_hour_that_comes_twice_come_twice() -> None:
    pauses = Pauses(Almanac(BERLIN), hours_s("22:00-02:30"))
    first, second = at("2026-10-25 02:30", BERLIN), at("2026-10-25 02:30", BERLIN, fold=1)
    assert pauses.hold(LIFT, "noise", Level.YELLOW, first - 60.0) == (Hold.QUIET, first)
    assert pauses.hold(LIFT, "noise", Level.YELLOW, first) is None
    assert pauses.hold(LIFT, "noise", Level.YELLOW, second - 60.0) == (Hold.QUIET, second)
