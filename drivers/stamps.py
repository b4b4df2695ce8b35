"""A device's own stamp -> seconds since 1970."""

from collections.abc import Callable, Mapping
from datetime import datetime
from sys import float_info
from typing import Any, Literal

from drivers.refused import Refused

StampUnit = Literal["auto", "s", "ms", "us", "iso"]
"""How a profile's stamps are written. `auto` tells text, seconds and milliseconds apart by what arrives."""

_MILLISECONDS_FROM = 1e11  # as seconds this is the year 5138, as milliseconds 1973
_PER_SECOND: Mapping[str, float] = {"s": 1.0, "ms": 1e3, "us": 1e6}


def stamp_reader(unit: StampUnit) -> Callable[[Any], float]:
    """The function that reads stamps of one unit. It raises Refused for anything that is no such stamp."""
    if unit == "auto":
        return stamp_time
    if unit == "iso":
        return _iso
    per_second = _PER_SECOND[unit]
    return lambda stamp: _number(stamp) / per_second


def stamp_time(stamp: Any) -> float:
    """ISO 8601 with an offset, or seconds or milliseconds as a number."""
    if isinstance(stamp, str):
        return _iso(stamp)
    number = _number(stamp)
    return number / 1000.0 if number >= _MILLISECONDS_FROM else number


def _iso(stamp: Any) -> float:
    try:
        moment = datetime.fromisoformat(stamp)
    except (TypeError, ValueError):
        raise Refused("stamp", "the stamp is not an ISO 8601 time") from None
    if moment.tzinfo is None:
        raise Refused("stamp", "the stamp has no offset from UTC")
    return moment.timestamp()


def _number(stamp: Any) -> float:
    if isinstance(stamp, int | float) and not isinstance(stamp, bool) and abs(stamp) < float_info.max:
        return float(stamp)
    raise Refused("stamp", "the stamp is not a finite number")
