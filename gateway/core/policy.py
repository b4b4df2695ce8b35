"""Time rules for tickets: how soon someone must acknowledge, be on site, feed back and close."""

import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from drivers.device import Name, Seconds, Written
from gateway.core.worktime import CLOCK_ONLY, WorkingHours

_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604_800.0}
_LIMIT = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(wh|wd|s|m|h|d|w)", re.ASCII)
_MEANT = {
    "wh": r"wh|work.*hour|工作小?时|工时",
    "wd": r"wd|work|business|工作日",
    "m": r"min|分",
    "h": r"\dh|hour|hr|时",
    "d": r"day|天|日",
    "w": r"week|周",
    "s": r"sec|秒",
}
"""Units and the words that people have for them, the longer ones first."""

_LONGEST = {"clock": 366 * 86400.0, "working": 366 * 86400.0, "days": 366.0}


class TimeLimit(NamedTuple):
    """So many seconds by the clock, so many seconds of working time, or so many working days."""

    amount: float
    counts: Literal["clock", "working", "days"] = "clock"

    def after(self, start: float, hours: WorkingHours) -> float:
        """When it falls, in seconds since 1970."""
        match self.counts:
            case "clock":
                return start + self.amount
            case "working":
                return hours.after(start, self.amount)
            case "days":
                return hours.days_after(start, self.amount)


def limit_of(text: Any) -> TimeLimit:
    """Turn "3m" or "48h" (by the clock), "4wh" (working hours) or "3wd" (working days) into a limit."""
    if isinstance(text, TimeLimit):
        return text
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        context = {"value": text, "hint": f"{text}m"}
        raise PydanticCustomError("limit_without_unit", "{value} has no unit; did you mean {value}m?", context)
    if isinstance(text, str) and (match := _LIMIT.fullmatch(text.strip())):
        return _sensible(_limit(float(match[1]), match[2]), text)
    raise PydanticCustomError(
        "bad_limit",
        "{value} is not a time limit; write a number and s, m, h, d, w, wh (working hours) or wd (working days)",
        {"value": str(text)[:80], "hint": _guess(text)},
    )


def _limit(number: float, unit: str) -> TimeLimit:
    match unit:
        case "wd":
            return TimeLimit(number, "days")
        case "wh":
            return TimeLimit(number * 3600.0, "working")
        case _:
            return TimeLimit(number * _UNITS_S[unit])


def _sensible(limit: TimeLimit, text: str) -> TimeLimit:
    if limit.counts == "days" and not limit.amount.is_integer():
        context = {"value": text, "hint": "4wh"}
        raise PydanticCustomError("part_of_a_day", "{value} is no whole number of days; write working hours", context)
    if not 0.0 < limit.amount <= _LONGEST[limit.counts]:
        context = {"value": text, "hint": "48h"}
        raise PydanticCustomError("limit_out_of_range", "{value} must be more than nothing and at most a year", context)
    return limit


def _guess(text: Any) -> str:
    """What was probably meant: "3 working days" is 3wd."""
    number = re.search(r"\d{1,9}", str(text), re.ASCII)
    unit = next((unit for unit, words in _MEANT.items() if re.search(words, str(text), re.IGNORECASE)), None)
    return f"{number[0]}{unit}" if number and unit else "48h"


_Limit = Annotated[
    str,
    Field(
        pattern=r"^\s*\d+(\.\d+)?\s*(s|m|h|d|w|wh|wd)\s*$",
        examples=["3m", "48h", "3wd"],
        json_schema_extra={"patternErrorMessage": "a number and s, m, h, d, w, wh or wd, such as 48h or 3wd"},
    ),
]

Limit = Annotated[TimeLimit, PlainValidator(limit_of, json_schema_input_type=_Limit)]
"""A time limit in the program; "3m", "48h", "3wd" or "4wh" in YAML."""


class Policy(Written):
    """Limits from the moment a ticket is raised, `report` from the moment its work is done; None is not watched."""

    acknowledge: Limit | None = None
    on_site: Limit | None = None
    plan: Limit | None = None
    feedback: Limit | None = None
    close: Limit | None = None
    report: Limit | None = None
    ladder: tuple[Name, ...] = ()
    subscribers: tuple[Name, ...] = ()
    again: Annotated[Seconds, Field(gt=0)] | None = None
    evidence: bool = False
    watch: Annotated[Seconds, Field(ge=0)] = 86400.0
    close_when_clear: Annotated[Seconds, Field(gt=0)] | None = None

    def due(self, raised_at: float, hours: WorkingHours = CLOCK_ONLY) -> dict[str, float]:
        """When each limit but `report` falls, in seconds since 1970."""
        limits = {
            "acknowledge": self.acknowledge,
            "on_site": self.on_site,
            "plan": self.plan,
            "feedback": self.feedback,
            "close": self.close,
        }
        return {name: limit.after(raised_at, hours) for name, limit in limits.items() if limit is not None}

    def report_due(self, resolved_at: float, hours: WorkingHours = CLOCK_ONLY) -> float | None:
        """When the report on the work must be there, in seconds since 1970."""
        return None if self.report is None else self.report.after(resolved_at, hours)
