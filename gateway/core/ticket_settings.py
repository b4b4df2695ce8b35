"""The section `tickets:` of config.yaml: time rules, who is told, what counts as one problem, and when to be quiet."""

import re
from contextlib import suppress
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from drivers.device import Name, Seconds, Written
from gateway.core.almanac import Almanac
from gateway.core.policy import Policy
from gateway.core.worktime import WorkingHours
from rules.duration import DAY_S, Hours, hours_s

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
LevelName = Literal["yellow", "red"]
_ALL_DAYS = 366
"""Among so many there is every day of every week of a month."""

WEEK: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def one_day_hours_s(text: Any) -> tuple[float, float]:
    """Hours that begin and end on the same day."""
    opens, closes = hours_s(text)
    if opens >= closes:
        context = {"value": str(text)[:80], "hint": "08:30-17:30"}
        raise PydanticCustomError("hours_over_midnight", "{value} pass midnight; working hours are of one day", context)
    return opens, closes


def date_of(text: Any) -> date:
    """Turn "2026-10-01" into a date."""
    if isinstance(text, date):
        return text
    if isinstance(text, str) and re.fullmatch(r"2\d{3}-\d\d-\d\d", text, re.ASCII):
        with suppress(ValueError):  # there may be no such day
            return date.fromisoformat(text)
    context = {"value": str(text)[:80]}
    raise PydanticCustomError("bad_date", "{value} is not a date; write year, month and day: 2026-10-01", context)


def off_is_none(value: Any) -> Any:
    """The word `off` stands for no value at all."""
    return None if value == "off" or value is False else value


_HoursText = Annotated[str, Field(pattern=r"^\s*\d\d:\d\d\s*-\s*\d\d:\d\d\s*$", examples=["08:30-17:30"])]
OneDayHours = Annotated[tuple[float, float], BeforeValidator(one_day_hours_s, json_schema_input_type=_HoursText)]
"""Start and end in seconds since local midnight, the end after the start."""

_DateText = Annotated[str, Field(pattern=r"^2\d{3}-\d\d-\d\d$", examples=["2026-10-01"])]
Date = Annotated[date, BeforeValidator(date_of, json_schema_input_type=_DateText)]
"""A day of the site's calendar."""

_Off = Literal["off"]
_Over = Annotated[
    Annotated[Seconds, Field(gt=0)] | None, BeforeValidator(off_is_none, json_schema_input_type=Seconds | _Off)
]
_Percent = Annotated[
    Annotated[float, Field(gt=0)] | None, BeforeValidator(off_is_none, json_schema_input_type=float | _Off)
]
_Count = Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(off_is_none, json_schema_input_type=int | _Off)]

Pattern = Annotated[str, Field(min_length=1, max_length=64)]
"""A name, in which * stands for any characters."""


def matches(pattern: str, text: str) -> bool:
    """Whether the text has the form of a pattern, in which * stands for any characters."""
    return fnmatchcase(text, re.sub(r"[\[?]", r"[\g<0>]", pattern))


class Step(Written):
    """One step of the ladder: who is told when a limit was missed."""

    step: Name
    channels: tuple[Name, ...] = ()


LADDER = (Step(step="butler"), Step(step="department_head"), Step(step="project_manager"))


class Notify(Written):
    """The channels beside the dispatch API; `unanswered` is for what nobody has acknowledged in time."""

    red: tuple[Name, ...] = ()
    yellow: tuple[Name, ...] = ()
    unanswered: tuple[Name, ...] = ()


class Repeats(Written):
    """How often in how long the same kind of problem on a device, or in a building, is a problem of its own."""

    count: Annotated[int, Field(ge=2)] = 3
    within: Annotated[Seconds, Field(gt=0)] = 30 * DAY_S


class CommonCause(Written):
    """When problems of devices that share a feeder or a connection are one problem; yellow waits `within` for that."""

    devices: Annotated[int, Field(ge=2)] = 3
    within: Annotated[Seconds, Field(ge=0, le=30)] = 30.0
    red_from: Annotated[int, Field(ge=2)] = 20


class MaintenanceWindow(Written):
    """Work that may recur: while it goes on, nobody is told of the tickets that it makes. Each key narrows it."""

    name: Name
    devices: tuple[Pattern, ...] = ()
    buildings: tuple[Pattern, ...] = ()
    classes: tuple[Pattern, ...] = ()
    days: tuple[Day, ...] = WEEK
    weeks: tuple[Annotated[int, Field(ge=1, le=5)], ...] = (1, 2, 3, 4, 5)
    between: Hours = (0.0, DAY_S)
    first: Annotated[Date | None, Field(alias="from")] = None
    last: Annotated[Date | None, Field(alias="until")] = None
    levels: tuple[LevelName, ...] = ("yellow",)

    def opens_on(self, day: date) -> bool:
        """Whether it opens on that day; it may end on the next."""
        return (
            WEEK[day.weekday()] in self.days
            and (day.day - 1) // 7 + 1 in self.weeks
            and (self.first is None or self.first <= day)
            and (self.last is None or day <= self.last)
        )

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        first = self.first or (self.last or date(2000, 1, 1)) - timedelta(days=_ALL_DAYS)
        span = min(((self.last or date.max) - first).days, _ALL_DAYS)
        if not (self.levels and any(self.opens_on(first + timedelta(days=n)) for n in range(span + 1))):
            text = "{name} never holds anything back: its keys leave no day, or no level"
            raise PydanticCustomError("window_never_opens", text, {"name": self.name})
        return self


class Management(Written):
    """When the ticket stream itself is a problem of the management; each of the three may be `off`."""

    response: _Over = 7200.0
    response_days: Annotated[int, Field(ge=1, le=30)] = 3
    surge_percent: _Percent = 50.0
    timeouts: _Count = 3


class TicketSettings(Written):
    """What becomes of tickets; `policies` are time rules by name, beside the built-in ones."""

    policies: dict[Name, Policy] = Field(default_factory=dict)
    hours: OneDayHours = (8.5 * 3600.0, 17.5 * 3600.0)
    ladder: Annotated[tuple[Step, ...], Field(min_length=1)] = LADDER
    notify: Notify = Notify()
    repeats: Repeats = Repeats()
    common_cause: CommonCause = CommonCause()
    quiet: Hours | None = None
    maintenance: tuple[MaintenanceWindow, ...] = ()
    management: Management = Management()
    texts: Annotated[str, Field(min_length=1)] | None = None

    def working_hours(self, almanac: Almanac) -> WorkingHours:
        """The site's working time."""
        return WorkingHours(almanac, *self.hours)
