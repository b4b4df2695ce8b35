"""Reads a profile's points as they are written in YAML, or as the driver's own model of them, into `Spot`s."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from drivers.device import Profile
from simulators.encoding import Spot

_RANGE = re.compile(r"\s*(-?\w+)\s*-\s*(-?\w+)\s*")


def spots(profile: Profile) -> list[Spot]:
    """Where the points of a profile live, [P]. Its keys are taken as they are written, or as the driver's model."""
    base, order = int(getattr(profile, "address_base", 0)), str(getattr(profile, "order", "ABCD"))
    return [_spot(point, base, order, profile.names) for point in profile.points]


def depends(profile: Profile) -> dict[int, set[int]]:
    """The columns of the points that others scale or move, and of those others."""
    found: dict[int, set[int]] = {}
    for column, point in enumerate(profile.points):
        factor, moved_by = (
            _factor(getattr(point, "scale_from", None), profile.names),
            getattr(point, "offset_from", None),
        )
        others = {factor[0]} if factor else set()
        if moved_by:
            others.add(profile.names.index(moved_by))
        if others:
            found[column] = others
    return found


def sources(profile: Profile) -> dict[int, str]:
    """The columns of the points that scale or move others, and how: factor, exponent, decimals or addend."""
    names, found = profile.names, {}
    for point in profile.points:
        if moved_by := getattr(point, "offset_from", None):
            found[names.index(moved_by)] = "addend"
        if factor := _factor(getattr(point, "scale_from", None), names):
            found[factor[0]] = factor[1]
    return found


def _spot(point: Any, base: int, order: str, names: Sequence[str]) -> Spot:
    type_, table = str(point.type), str(getattr(point, "table", "holding"))
    bits = 1 if type_ == "bool" else int(type_.lstrip("usfbcd"))
    registers, shift = max(1, bits // 16), int(getattr(point, "bit", None) or 0)
    if field := getattr(point, "bits", None):
        low, high = (int(end) for end in str(field).split("-"))
        shift, bits = low, high - low + 1
    link, moved_by = getattr(point, "scale_from", None), getattr(point, "offset_from", None)
    own_order = getattr(point, "order", None)
    spot = Spot(
        table,
        int(point.address) - base,
        type_,
        str(own_order or order),
        registers,
        shift,
        bits,
        float(getattr(point, "scale", 1.0)) * 2.0 ** -int(getattr(point, "fraction_bits", 0)),
        float(getattr(point, "offset", 0.0)),
        {int(code): float(value) for code, value in (getattr(point, "map", None) or {}).items()},
        (),
        _factor(link, names),
        names.index(moved_by) if moved_by else None,
    )
    return _with_sentinels(spot, getattr(point, "sentinels", ()))


def _factor(link: Any, names: Sequence[str]) -> tuple[int, str] | None:
    if not link:
        return None
    if isinstance(link, str):
        return names.index(link), "factor"
    return names.index(part(link, "point")), str(part(link, "how", "as") or "factor")


def _with_sentinels(spot: Spot, marks: Sequence[Any]) -> Spot:
    low, high = spot.raw_range
    ends = [_ends(spot, mark) for mark in marks]
    return replace(spot, sentinels=tuple(each for each in ends if low <= each[0] and each[1] <= high))


def _ends(spot: Spot, mark: Any) -> tuple[float, float]:
    """The first and last raw value that a sentinel means: a number, or two with a dash."""
    match = _RANGE.fullmatch(mark) if isinstance(mark, str) else None
    first, last = (_raw(spot, int(end, 0)) for end in match.groups()) if match else [_raw(spot, mark)] * 2
    return first, last


def _raw(spot: Spot, mark: float) -> float:
    """A signed number may be written as its bit pattern, such as 0x8000."""
    if spot.type == "f32":
        return float(np.float32(mark))
    return float(mark - (1 << spot.bits) if spot.type[0] == "s" and mark > spot.raw_range[1] else mark)


def spans(profile: Profile) -> Iterator[tuple[str, range]]:
    """The tables and addresses on the wire that are never to be read."""
    base = int(getattr(profile, "address_base", 0))
    for each in getattr(profile, "forbidden", ()):
        table = part(each, "table") or "holding"
        yield str(table), range(int(part(each, "first", "from")) - base, int(part(each, "last", "to")) + 1 - base)


def part(written: Any, *keys: str) -> Any:
    """What a mapping or a model has under the first of these keys."""
    found = (written.get(key) if isinstance(written, Mapping) else getattr(written, key, None) for key in keys)
    return next((each for each in found if each is not None), None)
