"""What a device may hold, as raw numbers, and what each point then is: plain arithmetic on one point at a time."""

import math
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from drivers.modbus.point import ModbusPoint
from drivers.modbus.profile import ModbusProfile

Raws = dict[str, float]
"""The raw number of each point, before scale and offset; the same for points of the same number."""

NAN = math.nan


@dataclass(frozen=True, slots=True)
class Room:
    """Where a number can be picked: the raw numbers between low and high that the type can hold, or a map's codes."""

    point: ModbusPoint
    lowest: float
    highest: float
    codes: tuple[int, ...]
    index: int
    """The point's place in its profile."""


Pick = Callable[[Room], float]


def scene(profile: ModbusProfile, pick: Pick) -> Raws:
    """A raw number for each point; points that others depend on are picked first."""
    raws: Raws = {}
    of_number = sorted(enumerate(profile.points), key=lambda item: (_dependent(item[1]), _number(item[1])))
    for _, group in groupby(of_number, key=lambda item: _number(item[1])):
        same = list(group)
        known = expected(profile, raws)
        index, point = min(same, key=lambda item: (not _linked(item[1], known), item[1].map is not None))
        codes = tuple(sorted({code for _, each in same for code in each.map or {}}))
        raw = pick(Room(point, *_possible(point, known), codes, index))
        raws |= {each.name: raw for _, each in same}
    return raws


def expected(profile: ModbusProfile, raws: Mapping[str, float]) -> dict[str, float]:
    """What each point is, NaN where unknown."""
    values: dict[str, float] = {}
    for point in sorted(profile.points, key=_dependent):
        raw = raws.get(point.name, NAN)
        value = NAN if _is_sentinel(point, raw) else _meaning(point, raw, values)
        values[point.name] = value if max(point.low, -1e308) <= value <= min(point.high, 1e308) else NAN
    return {name: values[name] for name in profile.names}


def span(point: ModbusPoint) -> tuple[float, float]:
    """The lowest and highest raw number of a point's type, or of its field of bits."""
    if point.bits:
        first, last = map(int, point.bits.split("-"))
        return 0, 2 ** (last - first + 1) - 1
    if point.type == "bool":
        return 0, 1
    size = int(point.type.lstrip("bcdusf"))
    if point.type.startswith("bcd"):
        return 0, 10 ** (size // 4) - 1
    if point.type[0] == "f":
        return -3e38, 3e38
    return (0, 2**size - 1) if point.type[0] == "u" else (-(2 ** (size - 1)), 2 ** (size - 1) - 1)


def marks(point: ModbusPoint) -> Iterator[tuple[int, int]]:
    """First and last raw number of each sentinel as the profile writes it; bit patterns of signed ones made numbers."""
    highest = span(point)[1]
    for mark in point.sentinels:
        ends = [int(end, 0) for end in mark.split("-")] if isinstance(mark, str) else [int(mark)]
        if point.type[0] == "s":
            ends = [end - 2 * int(highest + 1) if end > highest else end for end in ends]
        yield ends[0], ends[-1]


def held(point: ModbusPoint, raw: float) -> float:
    """The nearest raw number that the point's type can hold."""
    if point.type == "f32":
        return float(struct.unpack(">f", struct.pack(">f", raw))[0])
    return raw if point.type[0] == "f" else float(round(raw)) if abs(raw) < 2**53 else int(raw)


def _dependent(point: ModbusPoint) -> bool:
    return bool(point.scale_from or point.offset_from)


def _number(point: ModbusPoint) -> tuple[Any, ...]:
    field = point.bits or (str(point.bit) if point.type == "bool" else "")
    return point.table, point.address, point.type, field


def _linked(point: ModbusPoint, values: Mapping[str, float]) -> bool:
    return not (math.isnan(_factor(point, values)) or math.isnan(_addend(point, values)))


def _factor(point: ModbusPoint, values: Mapping[str, float]) -> float:
    if point.scale_from is None:
        return 1.0
    value = values[point.scale_from.point]
    by_meaning: dict[str, float] = {"factor": value, "exponent": 10.0**value, "decimals": 10.0**-value}
    return by_meaning[point.scale_from.how]


def _addend(point: ModbusPoint, values: Mapping[str, float]) -> float:
    return values[point.offset_from] if point.offset_from else 0.0


def _meaning(point: ModbusPoint, raw: float, values: Mapping[str, float]) -> float:
    if point.map is not None:
        return point.map.get(int(raw), NAN) if math.isfinite(raw) else NAN
    sized: float = raw / 2**point.fraction_bits * point.scale * _factor(point, values)
    return sized + point.offset + _addend(point, values)


def _is_sentinel(point: ModbusPoint, raw: float) -> bool:
    return any(first <= raw <= last for first, last in marks(point))


def _possible(point: ModbusPoint, values: Mapping[str, float]) -> tuple[float, float]:
    """The raw numbers between the point's low and high that its type can hold."""
    lowest, highest = span(point)
    if point.map is not None or point.type == "bool" or not _linked(point, values):
        return lowest, highest
    size = point.scale * _factor(point, values) / 2**point.fraction_bits
    ends = sorted((end - point.offset - _addend(point, values)) / size for end in (point.low, point.high))
    return max(lowest, ends[0]), min(highest, ends[1])
