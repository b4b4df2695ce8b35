"""Which days belong to a part of the year, such as 05-01 to 09-30 or, past New Year, 11-15 to 03-15."""

import re
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

Days = NDArray[np.int64]
Bools = NDArray[np.bool_]

_DAY = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_LAST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def month_day(text: Any) -> int:
    """Turn "05-01" into 501, which puts the days of a year in order; 02-29 is one of them."""
    if isinstance(text, str) and (match := _DAY.fullmatch(text.strip())):
        month, day = int(match[1]), int(match[2])
        if 1 <= month <= len(_LAST) and 1 <= day <= _LAST[month - 1]:
            return 100 * month + day
    raise PydanticCustomError(
        "bad_month_day",
        "{value} is not a day of the year; write month and day, such as 05-01",
        {"value": str(text)[:80]},
    )


def written(day: int) -> str:
    """A day of the year as `month_day` reads it."""
    return f"{day // 100:02}-{day % 100:02}"


def within(first: int, last: int, days: Days) -> Bools:
    """Tell for each day since 1970 whether it lies in the season, both ends included; `first` > `last` passes New Year.

    Where there is no 29 February a season that begins on it begins on 1 March, and one that ends on it on the 28th.
    """
    at = _of_year(days)
    after, before = at >= first, at <= last
    return after & before if first <= last else after | before


def shortly_before(first: int, last: int, ahead: int, days: Days) -> Bools:
    """Tell for each day since 1970 whether the season is not yet, and will be within so many days."""
    soon = np.zeros(days.shape, np.bool_)
    for later in range(1, ahead + 1):
        soon |= within(first, last, days + later)
    return soon & ~within(first, last, days)


def _of_year(days: Days) -> Days:
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    day = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    at: Days = 100 * month + day
    return at


_DayText = Annotated[
    str,
    Field(
        pattern=r"^\s*\d\d-\d\d\s*$",
        examples=["05-01", "09-30"],
        json_schema_extra={"patternErrorMessage": "month and day, such as 05-01"},
    ),
]

MonthDay = Annotated[int, BeforeValidator(month_day, json_schema_input_type=_DayText)]
"""Month and day as one number, 501; "05-01" in YAML."""
