"""The section `tickets:`: what a site has that says nothing, and what its keys mean."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.core.ticket_settings import MaintenanceWindow, Management, TicketSettings, matches


def window(**keys: Any) -> MaintenanceWindow:
    return MaintenanceWindow.model_validate({"name": "work", **keys})


def opening(written: MaintenanceWindow, first: str, days: int) -> list[str]:
    """The days from the first on at which it opens."""
    every = (date.fromisoformat(first) + timedelta(days=n) for n in range(days))
    return [day.isoformat() for day in every if written.opens_on(day)]


def test_a_site_that_says_nothing_has_the_published_numbers() -> None:
    tickets = TicketSettings()
    assert [step.step for step in tickets.ladder] == ["butler", "department_head", "project_manager"]
    assert (tickets.repeats.count, tickets.repeats.within) == (3, 30 * 86400.0)
    assert (tickets.common_cause.devices, tickets.common_cause.within, tickets.common_cause.red_from) == (3, 30.0, 20)
    watch = tickets.management
    assert (watch.response, watch.response_days, watch.surge_percent, watch.timeouts) == (7200.0, 3, 50.0, 3)
    assert (tickets.quiet, tickets.maintenance, tickets.policies) == (None, (), {})
    assert tickets.hours == (30_600.0, 63_000.0)


@pytest.mark.parametrize("key", ["response", "surge_percent", "timeouts"])
@pytest.mark.parametrize("off", ["off", False])
def test_each_figure_of_the_management_can_be_switched_off(key: str, *, off: str | bool) -> None:
    watch = Management.model_validate({key: off})
    assert getattr(watch, key) is None
    assert [name for name in ("response", "surge_percent", "timeouts") if getattr(watch, name) is None] == [key]


@pytest.mark.parametrize(
    ("keys", "days"),
    [
        ({"days": ["tue"]}, ["2026-09-01", "2026-09-08", "2026-09-15", "2026-09-22", "2026-09-29"]),
        ({"days": ["tue"], "weeks": [1, 5]}, ["2026-09-01", "2026-09-29"]),
        ({"days": ["mon"], "weeks": [1]}, ["2026-09-07"]),
        ({"days": ["sat", "sun"], "weeks": [2]}, ["2026-09-12", "2026-09-13"]),
        ({"from": "2026-09-29"}, ["2026-09-29", "2026-09-30"]),
        ({"until": "2026-09-01"}, ["2026-09-01"]),
        ({"days": ["tue"], "from": "2026-09-08", "until": "2026-09-15"}, ["2026-09-08", "2026-09-15"]),
    ],
)
def test_the_days_on_which_a_window_opens(keys: dict[str, Any], days: list[str]) -> None:
    assert opening(window(**keys), "2026-09-01", 30) == days


@pytest.mark.parametrize(
    "keys",
    [
        {"from": "2026-05-08", "until": "2026-05-04"},
        {"from": "2026-05-04", "until": "2026-05-08", "days": ["sat"]},
        {"from": "2026-05-01", "until": "2026-05-28", "weeks": [5]},
        {"days": []},
        {"weeks": []},
        {"levels": []},
    ],
)
def test_a_window_that_holds_nothing_back_is_a_mistake(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="never holds anything back"):
        window(**keys)


@pytest.mark.parametrize("keys", [{"from": "2026-05-31", "days": ["mon"], "weeks": [5]}, {"until": "2000-01-01"}])
def test_a_window_that_is_rare_or_over_is_none(keys: dict[str, Any]) -> None:
    assert window(**keys).levels == ("yellow",)


@pytest.mark.parametrize("text", ["2026-02-29", "1999-12-31", "2026-5-4", "04.05.2026", 20260504, None, "２026-05-04"])
def test_what_is_no_date_is_refused(text: Any) -> None:
    with pytest.raises(ValidationError, match="is not a date"):
        window(until=text or "")


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("EL-1-1", "EL-1-1", True),
        ("EL-1-1", "EL-1-10", False),
        ("EL-1-*", "EL-1-10", True),
        ("*-1", "EL-2-1", True),
        ("*", "", True),
        ("p-1", "P-1", False),
        ("P[12]", "P1", False),
        ("P[12]", "P[12]", True),
        ("P?", "P1", False),
        ("3栋*", "3栋1单元", True),
    ],
)
def test_a_star_stands_for_any_characters_and_nothing_else_does(pattern: str, text: str, *, fits: bool) -> None:
    assert matches(pattern, text) == fits


@given(st.text(max_size=20))
def test_every_text_without_a_star_matches_itself(text: str) -> None:
    assert matches(text, text)
    assert matches(text + "*", text + "x")
