"""The JSON that a collector would publish of a device: values put at the paths of its profile, codes as words."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from drivers.device import Profile

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6}


def payload(
    profile: Profile, device_id: str, time: float, values: Sequence[float], utc_offset_s: float = 8 * 3600.0
) -> Mapping[str, Any] | None:
    """One message with the values [P] of a moment, stamped with local time; None if the device is silent.

    Paths, code maps, scales and the stamp are taken as the profile has them in YAML. A value that is not known is left
    out, and a point that can only be 0 or 1 is a boolean.
    """
    if all(math.isnan(value) for value in values):
        return None
    message: dict[str, Any] = {"device": device_id}
    sample = message
    if samples := getattr(profile, "samples", None):
        sample = {}
        _put(message, f"{samples}[0]", sample)
    stamp = _stamp(time, getattr(profile, "stamp_unit", "auto"), utc_offset_s)
    _put(sample, getattr(profile, "stamp", None) or "ts", stamp)
    for point, value in zip(profile.points, values, strict=True):
        if not math.isnan(value):
            _put(sample, getattr(point, "path", None) or point.name, _word(point, value))
    return message


def scalars(
    profile: Profile, time: float, values: Sequence[float], utc_offset_s: float = 8 * 3600.0
) -> Mapping[str, Any]:
    """What each topic carries where points have topics of their own, by the word that stands for `{point}`.

    A point without a path is the whole payload; others are put into an object with the stamp. What is not known is left
    out.
    """
    messages: dict[str, Any] = {}
    for point, value in zip(profile.points, values, strict=True):
        topic, path = getattr(point, "topic", None) or point.name, getattr(point, "path", None)
        if math.isnan(value):
            continue
        if path is None:
            messages[topic] = _word(point, value)
            continue
        if topic not in messages:
            messages[topic] = {}
            if stamp := getattr(profile, "stamp", None):
                _put(messages[topic], stamp, _stamp(time, getattr(profile, "stamp_unit", "auto"), utc_offset_s))
        _put(messages[topic], path, _word(point, value))
    return messages


def _stamp(time: float, unit: str, utc_offset_s: float) -> str | int:
    if unit in _PER_SECOND:
        return round(time * _PER_SECOND[unit])
    moment = datetime.fromtimestamp(time, UTC).astimezone(timezone(timedelta(seconds=utc_offset_s)))
    return moment.isoformat(timespec="milliseconds")


def _put(message: dict[str, Any], path: str, value: Any) -> None:
    """Put a value at a path such as values[0].rms."""
    steps = [name or int(place) for name, place in _STEP.findall(path)]
    node: Any = message
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        inner = value if following is None else [] if isinstance(following, int) else {}
        if isinstance(step, int):
            node += [None] * (step + 1 - len(node))
            if following is None or node[step] is None:
                node[step] = inner
        elif following is None:
            node[step] = inner
        else:
            node.setdefault(step, inner)
        node = node[step]


def _word(point: Any, value: float) -> Any:
    codes: Mapping[str, float] = getattr(point, "map", None) or {}
    for word, code in codes.items():
        if code == value:
            return word
    scale, offset = float(getattr(point, "scale", 1.0)), float(getattr(point, "offset", 0.0))
    if (scale, offset) != (1.0, 0.0):
        return float(f"{(value - offset) / scale:.12g}")
    if (point.low, point.high, point.unit) == (0.0, 1.0, ""):
        return value > 0.5
    return int(value) if not point.unit and value.is_integer() else round(value, 5)
