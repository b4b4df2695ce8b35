"""A fault that a person asks for, as a line of JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from gateway.core.explain import nearest
from simulators.faults import FAULTS, Fault
from simulators.faults.incident import INCIDENTS, Incident
from simulators.site import Injection, SimulatedSite

_FAULT = TypeAdapter(Injection)
_KNOWN: Mapping[str, Fault | Incident] = {**FAULTS, **INCIDENTS}
_KEYS = tuple(field.name for field in fields(Injection))


def read_fault(line: bytes, plant: SimulatedSite, now: float, zone: ZoneInfo, until: float = math.inf) -> Injection:
    """What a line asks for; without an onset at once, without a severity a clear case, without a duration the typical.

    It must happen between `now` and `until`, in seconds since 1970. Raises ValueError with one sentence.
    """
    try:
        given = json.loads(line)
        onset = given.get("onset", now)
        plain = given | {"onset": _seconds(onset, zone) if isinstance(onset, str) else onset}
        known = _KNOWN.get(given["fault"]) if isinstance(given.get("fault"), str) else None
        fault = _FAULT.validate_python({"severity": 0.7, "duration_s": known.lasts_s if known else 1.0, **plain})
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (json.JSONDecodeError, AttributeError, TypeError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError("a line must be one JSON object") from error
    for name, names in ((fault.fault, _KNOWN), (fault.device, plant.devices)):
        if name not in names:
            raise ValueError(f"there is no {name}; {_instead(name, sorted(names))}")
    for key in given:
        if key not in _KEYS:
            raise ValueError(f"there is no {key}; there are {', '.join(_KEYS)}")
    _check_time(fault, now, until)
    return fault


def _instead(name: str, names: Sequence[str]) -> str:
    """What would be right: a name that is like it, or all if they are few."""
    match nearest(name, names):
        case {"hint": hint}:
            return f"did you mean {hint}?"
        case {"choices": [*choices]}:
            return f"there are {', '.join(map(str, choices))}"
        case _:
            return "gateway simulate --list-faults names all faults, and gateway status all devices"


def _check_time(fault: Injection, now: float, until: float) -> None:
    if not math.isfinite(fault.onset + fault.duration_s):
        raise ValueError("onset and duration_s must be numbers of seconds")
    if 0.0 < fault.duration_s <= now - fault.onset:
        raise ValueError("it would be over already; give it a later onset or a longer duration_s")
    if fault.onset >= until:
        raise ValueError("its onset lies after the end of the record")


def _seconds(text: str, zone: ZoneInfo) -> float:
    try:
        return local_seconds(text, zone)
    except ValueError as error:
        raise ValueError(f"onset: {text} is no time; write it as 2026-03-10T08:00") from error


def local_seconds(text: str, zone: ZoneInfo) -> float:
    """A date or time as the clock of a site shows it, in seconds since 1970. Raises ValueError."""
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=zone)).timestamp()
