"""A message -> one row of numbers: finds each point by its path in what a stranger sent.

Pure: it knows no topic, no clock and no device. What to do with a sample that is late, repeated or incomplete is the
driver's decision.
"""

import json
import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from sys import float_info
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from drivers.device import Point
from drivers.jsonpath import ABSENT, Path, child, follow, steps
from drivers.refused import Refused
from drivers.stamps import StampUnit, stamp_reader

NAN = float("nan")
_NUMBERS = frozenset({int, float, bool})


def _text_keys(codes: Any) -> Any:
    """YAML reads `true` and `3` as a boolean and a number; in a map of codes they are as good as "true" and "3"."""
    if not isinstance(codes, dict):
        return codes
    return {json.dumps(key) if isinstance(key, bool | int) else key: value for key, value in codes.items()}


class JsonPoint(Point):
    """A point and where it lies in the payload: value = number * scale + offset, or the number that `map` gives."""

    path: Path | None = None
    map: Annotated[dict[str, float], BeforeValidator(_text_keys)] | None = None
    scale: float = 1.0
    offset: float = 0.0

    @model_validator(mode="after")
    def _map_is_not_scaled(self) -> "JsonPoint":
        if self.map is not None and (self.scale, self.offset) != (1.0, 0.0):
            raise PydanticCustomError(
                "scaled_map",
                "point {name} has a map and also a scale or offset; write the final numbers into the map",
                {"name": self.name},
            )
        return self


class Layout:
    """Where the points of one profile lie in its messages, worked out once.

    `stamp` is the path of a sample's own time, written in `unit`; `samples` that of a list of samples, if a message
    carries several.
    """

    def __init__(
        self,
        points: Sequence[JsonPoint],
        stamp: str | None = None,
        samples: str | None = None,
        unit: StampUnit = "auto",
    ) -> None:
        self.width = len(points)
        self._seconds = stamp_reader(unit)
        self._stamp = steps(stamp) if stamp else None
        self._samples = steps(samples) if samples else None
        nodes: dict[tuple[str | int, ...], list[tuple[int, str | int, JsonPoint]]] = {}
        for column, point in enumerate(points):
            *parent, key = steps(point.path or point.name)
            nodes.setdefault(tuple(parent), []).append((column, key, point))
        self._nodes = [(parent, _Node(members)) for parent, members in nodes.items()]

    def samples(self, message: Any) -> Sequence[Any]:
        """The samples in a message: the message itself, or the items of its list."""
        if self._samples is None:
            return (message,)
        samples = follow(message, self._samples)
        if not isinstance(samples, list):
            raise Refused("empty", "there is no list of samples where the profile says")
        return samples

    def stamp(self, sample: Any) -> float | None:
        """The sample's own time in seconds since 1970; None where it carries none."""
        stamp = follow(sample, self._stamp) if self._stamp else None
        return None if stamp is None or stamp is ABSENT else self._seconds(stamp)

    def row(self, sample: Any) -> list[float | None]:
        """One entry per point, [P]: NaN where the sample says null or nonsense, None where it says nothing."""
        row: list[float | None] = [None] * self.width
        for parent, node in self._nodes:
            node.read(follow(sample, parent), row)
        return row


class _Node:
    """The points that lie side by side, mostly as members of one object."""

    def __init__(self, points: Sequence[tuple[int, str | int, JsonPoint]]) -> None:
        self._cells = [(column, key, reading(point)) for column, key, point in points]
        self._coded = [(column, key, reading(point)) for column, key, point in points if point.map is not None]
        plain = [(column, key, point) for column, key, point in points if point.map is None]
        self._numbers = [(column, point.scale, point.offset, *_possible(point)) for column, _, point in plain]
        self._members = itemgetter(*(key for _, key, _ in plain)) if len(plain) > 1 else None

    def read(self, value: Any, row: list[float | None]) -> None:
        """Put into the row what the value says of the points."""
        for column, key, read in self._coded if self._read_numbers(value, row) else self._cells:
            member = child(value, key)
            if member is not ABSENT:
                row[column] = read(member)

    def _read_numbers(self, value: Any, row: list[float | None]) -> bool:
        """Read all points without a map at once, as `reading` would; False unless each of them is a number."""
        if self._members is None or type(value) is not dict:
            return False
        try:
            members = self._members(value)
            if not _NUMBERS.issuperset(map(type, members)):
                return False
            for (column, scale, offset, low, high), member in zip(self._numbers, members, strict=True):
                number = member * scale + offset
                row[column] = number if low <= number <= high else NAN
        except (KeyError, OverflowError):
            return False
        return True


def reading(point: JsonPoint) -> Callable[[Any], float]:
    """How one JSON value becomes the point's number; NaN for a wrong type, an unknown code or an impossible value."""
    low, high = _possible(point)
    scale, offset = point.scale, point.offset
    if point.map is not None:
        codes = {key: code for text, code in point.map.items() for key in _spellings(text) if low <= code <= high}
        return lambda value: NAN if isinstance(value, dict | list) else codes.get(value, NAN)

    def number(value: Any) -> float:
        if not isinstance(value, int | float):  # a boolean is an int: 0 or 1
            return NAN
        try:
            result = value * scale + offset
        except OverflowError:  # an integer of hundreds of digits
            return NAN
        return result if low <= result <= high else NAN

    return number


def _possible(point: JsonPoint) -> tuple[float, float]:
    """The lowest and the highest number that the point may have; neither is infinite."""
    return max(point.low, -float_info.max), min(point.high, float_info.max)


def _spellings(text: str) -> tuple[str | int, ...]:
    """What JSON may hold for a key of a map: "3" is 3 as well, "true" is true."""
    if text in {"true", "false"}:
        return text, text == "true"
    return (text, int(text)) if re.fullmatch(r"-?\d{1,18}", text) else (text,)
