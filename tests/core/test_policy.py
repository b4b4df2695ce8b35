"""Time rules: how limits are written, when they fall, and that the published norms are all there."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter, ValidationError

from drivers.device import Name
from gateway.core.almanac import Almanac
from gateway.core.norms import BUILT_IN_POLICIES
from gateway.core.policy import Limit, Policy
from gateway.core.worktime import WorkingHours

DAY_S = 86400.0
TUESDAY = 1_773_100_800.0  # 2026-03-10 00:00 UTC
UTC_OFFICE = WorkingHours(Almanac(ZoneInfo("UTC")), 8 * 3600.0, 16 * 3600.0)

NORMS: dict[str, dict[str, float]] = {
    "red_strict": {"acknowledge": 60, "on_site": 180},
    "level_I_5_10": {"plan": 300, "on_site": 600},
    "urgent_10_30_120": {"acknowledge": 600, "on_site": 1800, "feedback": 7200},
    "level_I_15": {"acknowledge": 900},
    "entrapment": {"acknowledge": 60, "on_site": 1800},
    "level_II_incident": {"plan": 1800},
    "yellow_48h": {"close": 2 * DAY_S},
    "level_II_general": {"acknowledge": 7200},
    "repair_15_24_72": {"acknowledge": 900, "feedback": DAY_S, "close": 3 * DAY_S},
    "general_2_24": {"acknowledge": 7200, "close": DAY_S},
    "urgent_2h": {"close": 7200},
    "general_1wd": {"close": DAY_S},
    "suggestion": {"acknowledge": DAY_S, "feedback": 7 * DAY_S},
    "monitoring": {"acknowledge": 300},
}
"""When the limits of a ticket of Tuesday, 12:00, fall, in seconds after it."""


@pytest.mark.parametrize("name", [*NORMS])
def test_the_published_norms(name: str) -> None:
    noon = TUESDAY + DAY_S / 2
    due = BUILT_IN_POLICIES[name].due(noon, UTC_OFFICE)
    assert {limit: time - noon for limit, time in due.items()} == NORMS[name]


def test_all_of_the_norms_are_there_under_names_that_can_be_written() -> None:
    assert BUILT_IN_POLICIES.keys() == NORMS.keys()
    assert [TypeAdapter(Name).validate_python(name) for name in BUILT_IN_POLICIES] == [*NORMS]


def test_a_review_is_due_a_while_after_the_work_is_done() -> None:
    reports = {name: policy.report_due(1000.0) for name, policy in BUILT_IN_POLICIES.items()}
    day_later, four_hours_later = 1000.0 + DAY_S, 1000.0 + 4 * 3600.0
    assert {name: at for name, at in reports.items() if at is not None} == {
        "level_I_5_10": day_later,
        "level_II_incident": day_later,
        "entrapment": four_hours_later,
    }


def test_red_goes_up_the_ladder_after_three_and_after_ten_minutes() -> None:
    strict = BUILT_IN_POLICIES["red_strict"]
    assert strict.again is not None
    assert [strict.due(0.0)["on_site"], strict.due(0.0)["on_site"] + strict.again] == [180.0, 600.0]


def test_every_ticket_is_watched_for_a_day_unless_the_policy_says_otherwise() -> None:
    assert {policy.watch for policy in BUILT_IN_POLICIES.values()} == {DAY_S}
    assert Policy.model_validate({"watch": "0s"}).watch == 0.0


@pytest.mark.parametrize(
    ("written", "due"),
    [
        ({}, {}),
        ({"on_site": "3m"}, {"on_site": 180.0}),
        ({"acknowledge": "10s", "close": "2d"}, {"acknowledge": 10.0, "close": 2 * DAY_S}),
        ({"plan": " 1.5 h "}, {"plan": 5400.0}),
        ({"close": "1w", "report": "1h"}, {"close": 7 * DAY_S}),
        ({"close": "4wh"}, {"close": 12 * 3600.0}),  # from midnight: from 8 on
        ({"close": "4wd"}, {"close": 6 * DAY_S + 8 * 3600.0}),  # from Tuesday, 8 o'clock, to Monday
    ],
)
def test_limits_count_from_the_moment_the_ticket_is_raised(written: dict[str, str], due: dict[str, float]) -> None:
    fallen = Policy.model_validate(written).due(TUESDAY, UTC_OFFICE)
    assert {limit: time - TUESDAY for limit, time in fallen.items()} == due


@pytest.mark.parametrize(
    ("written", "kind", "hint"),
    [
        (3, "limit_without_unit", "3m"),
        ("soon", "bad_limit", "48h"),
        ("3 working days", "bad_limit", "3wd"),
        ("3个工作日", "bad_limit", "3wd"),
        ("4 working hours", "bad_limit", "4wh"),
        ("48 hours", "bad_limit", "48h"),
        ("2小时", "bad_limit", "2h"),
        ("3 days", "bad_limit", "3d"),
        ("15 minutes", "bad_limit", "15m"),
        ("3WD", "bad_limit", "3wd"),
        ("-3h", "bad_limit", "3h"),
        ("٣h", "bad_limit", "48h"),
        ("9" * 400 + "h", "bad_limit", None),
        ("", "bad_limit", "48h"),
        (True, "bad_limit", "48h"),
        (["3m"], "bad_limit", "48h"),
        ("0.5wd", "part_of_a_day", "4wh"),
        ("0m", "limit_out_of_range", "48h"),
        ("367d", "limit_out_of_range", "48h"),
        ("367wd", "limit_out_of_range", "48h"),
    ],
)
def test_what_is_no_limit_is_refused_with_what_was_meant(written: Any, kind: str, hint: str | None) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Limit).validate_python(written)
    (error,) = caught.value.errors()
    assert error["type"] == kind
    assert hint is None or error["ctx"]["hint"] == hint
