"""The JSON that a collector would publish of a device: values put at the paths of its profile, codes as words."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from drivers.device import Profile


def payload(
    profile: Profile, device_id: str, time: float, values: Sequence[float], utc_offset_s: float = 8 * 3600.0
) -> Mapping[str, Any] | None:
    """One message with the values [P] of a moment, stamped with local time; None if the device is silent.

    Paths, code maps and the stamp's name are taken as the profile has them in YAML. A value that is not known is left
    out, and a point that can only be 0 or 1 is a boolean.
    """
    if all(math.isnan(value) for value in values):
        return None
    moment = datetime.fromtimestamp(time, UTC).astimezone(timezone(timedelta(seconds=utc_offset_s)))
    message: dict[str, Any] = {
        getattr(profile, "stamp", None) or "ts": moment.isoformat(timespec="milliseconds"),
        "device": device_id,
    }
    for point, value in zip(profile.points, values, strict=True):
        if not math.isnan(value):
            _put(message, getattr(point, "path", None) or point.name, _word(point, value))
    return message


def _put(message: dict[str, Any], path: str, value: Any) -> None:
    *parents, name = path.split(".")
    for parent in parents:
        message = message.setdefault(parent, {})
    message[name] = value


def _word(point: Any, value: float) -> Any:
    codes: Mapping[str, float] = getattr(point, "map", None) or {}
    for word, code in codes.items():
        if code == value:
            return word
    if (point.low, point.high, point.unit) == (0.0, 1.0, ""):
        return value > 0.5
    return int(value) if not point.unit and value.is_integer() else round(value, 5)
