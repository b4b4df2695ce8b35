"""What a person writes for time, durations ("5m") and hours of the day ("06:00-23:00"), turned into seconds."""

import re
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
DAY_S = 86400.0

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)", re.ASCII)
_HOURS = re.compile(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)", re.ASCII)


def duration_s(text: Any) -> float:
    """Turn "500ms", "5s", "1.5h" or "2d" into seconds; a number without a unit is an error that says so."""
    if isinstance(text, str) and (match := _DURATION.fullmatch(text.strip())):
        return float(match[1]) * UNITS_S[match[2]]
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        raise PydanticCustomError(
            "duration_without_unit",
            "{value} has no unit; did you mean {value}s or {value}m?",
            {"value": text, "hint": f"{text}s"},
        )
    raise PydanticCustomError(
        "bad_duration",
        "{value} is not a duration; write a number and ms, s, m, h, d or w, such as 30s",
        {"value": str(text)[:80]},
    )


def written(seconds: float) -> str:
    """Seconds as a person would write them: "5m", "1500ms"; in the largest unit that needs no fraction."""
    for unit, size in reversed(UNITS_S.items()):
        if seconds >= size and (seconds / size).is_integer():
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def hours_s(text: Any) -> tuple[float, float]:
    """Turn "06:00-23:00" into seconds since midnight; the end may lie on the next day ("22:00-05:00") or be 24:00."""
    if isinstance(text, str) and (match := _HOURS.fullmatch(text.strip())):
        hours = [int(part) for part in match.groups()]
        start, end = hours[0] * 3600 + hours[1] * 60, hours[2] * 3600 + hours[3] * 60
        if max(hours[1], hours[3]) < 60 and start < DAY_S and end <= DAY_S and start != end:
            return float(start), float(end)
    raise PydanticCustomError(
        "bad_hours", '{value} is not a time of day; write it as "06:00-23:00"', {"value": str(text)[:80]}
    )


def time_of_day(seconds: float) -> str:
    """Seconds since midnight as `hours_s` reads them: "06:00", and "24:00" for the end of the day."""
    hour, minute = divmod(int(seconds) // 60, 60)
    return f"{hour:02}:{minute:02}"


def within_hours(hours: tuple[float, float], second_of_day: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell for each second of the day whether it lies in the hours; the start belongs to them, the end does not."""
    start, end = hours
    after, before = second_of_day >= start, second_of_day < end
    return after & before if start < end else after | before


_Duration = Annotated[
    str,
    Field(
        pattern=r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d|w)\s*$",
        examples=["30s", "5m", "2h"],
        json_schema_extra={"patternErrorMessage": "a number and ms, s, m, h, d or w, such as 30s"},
    ),
]
_HoursText = Annotated[
    str,
    Field(
        pattern=r"^\s*\d\d:\d\d\s*-\s*\d\d:\d\d\s*$",
        examples=["06:00-23:00", "22:00-05:00"],
        json_schema_extra={"patternErrorMessage": "from and to, such as 06:00-23:00"},
    ),
]

Seconds = Annotated[float, BeforeValidator(duration_s, json_schema_input_type=_Duration)]
"""Seconds in the program; "30s", "5m", "2d" in YAML. The unit is required."""

Hours = Annotated[tuple[float, float], BeforeValidator(hours_s, json_schema_input_type=_HoursText)]
"""Start and end in seconds since local midnight; "06:00-23:00" in YAML."""
