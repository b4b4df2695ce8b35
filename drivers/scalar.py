"""A payload that is one value, or a small JSON value around it: `21.5`, `true`, `open`, `{"v": 21.5, "t": ...}`."""

import re
from collections.abc import Mapping
from typing import Any

from drivers.jsonpath import ABSENT, follow, steps
from drivers.parsing import parse
from drivers.payload import JsonPoint, reading
from drivers.refused import Refused
from drivers.stamps import StampUnit, stamp_reader

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LONGEST_TEXT = 256


def parse_scalar(payload: bytes) -> Any:
    """The JSON value in a payload, or its text where it is no JSON: devices write `open`, `+21.5`, `007`."""
    try:
        return parse(payload)
    except Refused:
        if not payload.strip() or payload.lstrip()[:1] in b'{["' or len(payload) > _LONGEST_TEXT:
            raise
        try:
            return payload.decode().strip()
        except UnicodeDecodeError:
            raise Refused("json", "neither JSON nor text") from None


class Values:
    """The points that one topic carries, by column: each the whole payload, or what lies at its path."""

    def __init__(
        self, points: Mapping[int, JsonPoint], width: int, stamp: str | None = None, unit: StampUnit = "auto"
    ) -> None:
        self._width = width
        self._stamp = steps(stamp) if stamp else None
        self._seconds = stamp_reader(unit)
        self._cells = [
            (column, steps(point.path or ""), point.map is None, reading(point)) for column, point in points.items()
        ]

    def stamp(self, message: Any) -> float | None:
        """The message's own time in seconds since 1970; None where it carries none."""
        stamp = follow(message, self._stamp) if self._stamp else ABSENT
        return None if stamp is None or stamp is ABSENT else self._seconds(stamp)

    def row(self, message: Any) -> list[float | None]:
        """One entry per point, [P]: NaN for nonsense, None for points of other topics; Refused if it holds none."""
        row: list[float | None] = [None] * self._width
        for column, path, counts, read in self._cells:
            value = follow(message, path)
            if value is not ABSENT:
                row[column] = read(_number(value) if counts else value)
        if all(value is None for value in row):
            raise Refused("empty", "the message holds no value where the profile says")
        return row


def _number(value: Any) -> Any:
    """A number that is written as no JSON number is, such as `+21.5`; anything else as it was."""
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
