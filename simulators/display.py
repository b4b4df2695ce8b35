"""What the points of a profile can show: only values that are possible, at the resolution of their registers."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from drivers.device import Profile
from simulators.encoding import Floats, Patterns, Spot, below
from simulators.plant.machine import Signals
from simulators.registers import factor_of
from simulators.sharing import follow, order, shares
from simulators.spots import spots

_COUNTED = below(2.0**53)  # of a float64, the last whole number before they are two apart
_LARGEST = 2.0**100  # of a float, far from where arithmetic overflows
_ULPS = 2.0**-50  # how far, relatively, a few operations in floating point may be off
_DECIMALS = 3  # of a number in JSON


class Display(Protocol):
    """How a device shows its values."""

    def reach(self, column: int, source: Mapping[int, float]) -> tuple[float, float] | None:
        """The lowest and highest value of a point, given those of the points that scale and move it; None if none."""
        ...

    def codes(self, column: int) -> tuple[float, ...] | None:
        """The only values that a point can have, if they can be listed."""
        ...

    def step(self, column: int, source: Mapping[int, float]) -> float:
        """The difference between two neighbouring values; 0 where there is none to speak of."""
        ...

    def shown(self, signals: Signals) -> Signals:
        """What is shown of signals [T]: the nearest value that can be shown, and NaN where there is no signal."""
        ...


def display_of(profile: Profile) -> Display:
    """Registers where Modbus reads them, else JSON."""
    if profile.driver == "modbus":
        return RegisterDisplay(profile)
    return JsonDisplay(profile)


class JsonDisplay:
    """Numbers in JSON, to three decimals."""

    def __init__(self, profile: Profile) -> None:
        self._points = profile.points

    def reach(self, column: int, source: Mapping[int, float]) -> tuple[float, float] | None:
        """What the profile says is possible."""
        return self._points[column].low, self._points[column].high

    def codes(self, column: int) -> tuple[float, ...] | None:
        """The values of its map, or 0 and 1 for what can only be on or off."""
        point = self._points[column]
        if codes := getattr(point, "map", None):
            return tuple(dict.fromkeys(value for value in codes.values() if point.low <= value <= point.high))
        return (0.0, 1.0) if (point.low, point.high, point.unit) == (0.0, 1.0, "") else None

    def step(self, column: int, source: Mapping[int, float]) -> float:
        """A thousandth."""
        return 10.0**-_DECIMALS

    def shown(self, signals: Signals) -> Signals:
        """Rounded, and never outside the possible."""
        return {p.name: np.clip(signals[p.name].round(_DECIMALS), p.low, p.high) for p in self._points}


class RegisterDisplay:
    """Numbers in registers."""

    def __init__(self, profile: Profile) -> None:
        self._points: tuple[Any, ...] = profile.points
        self._spots = spots(profile)
        self._shares = shares(self._spots)
        self._owners = {part.owner for parts in self._shares.values() for part in parts} - self._shares.keys()
        self._order = order(self._spots)
        self._known: dict[tuple[int, float, float], tuple[float, float] | None] = {}

    def reach(self, column: int, source: Mapping[int, float]) -> tuple[float, float] | None:
        """What both the registers and the profile allow."""
        if codes := self.codes(column):
            return min(codes), max(codes)
        limits = self._limits(column, *self._links(column, source))
        if limits is None:
            return None
        low, high = sorted(self._spots[column].value(np.array(limits), *self._links(column, source)).tolist())
        return low, high

    def codes(self, column: int) -> tuple[float, ...] | None:
        """The values of its map, or of its one bit."""
        spot = self._spots[column]
        if not (spot.codes or spot.bits == 1):
            return None
        raw = np.array(list(spot.codes or (0, 1)), dtype=np.float64)
        values = self._possible(column, spot.value(raw))
        return tuple(dict.fromkeys(values[~np.isnan(values)].tolist()))

    def step(self, column: int, source: Mapping[int, float]) -> float:
        """One step of an integer."""
        spot = self._spots[column]
        return 0.0 if spot.is_float else abs(spot.scale * self._links(column, source)[0])

    def shown(self, signals: Signals) -> Signals:
        """At the resolution of the registers; what shares bits with another point follows from that one."""
        names = [point.name for point in self._points]
        values: dict[int, Floats] = {}
        patterns: dict[int, Patterns] = {}
        for column in self._order:
            spot, signal = self._spots[column], signals[names[column]]
            factor, addend = self._links(column, values, np.ones_like(signal))
            if column in self._shares:
                patterns[column] = follow(self._shares[column], patterns)
                raw = spot.number(patterns[column])
            else:
                raw = self._nearest(column, signal, factor, addend)
            values[column] = self._possible(column, spot.value(raw, factor, addend))
            if column in self._owners:
                unknown = np.isnan(values[column])
                patterns[column] = np.where(unknown, np.uint64(spot.unknown), spot.pattern(raw))
        return {name: np.where(np.isnan(signals[name]), math.nan, values[column]) for column, name in enumerate(names)}

    def _links(self, column: int, source: Mapping[int, Any], one: Any = 1.0) -> tuple[Any, Any]:
        """By what a point's raw value is multiplied, and what is added."""
        spot = self._spots[column]
        factor = factor_of(source[spot.factor[0]] * one, spot.factor[1]) if spot.factor else one
        return factor, 0.0 * one if spot.addend is None else source[spot.addend] * one

    def _possible(self, column: int, values: Floats) -> Floats:
        point = self._points[column]
        return np.where((values >= point.low) & (values <= point.high), values, math.nan)

    def _nearest(self, column: int, signal: Floats, factor: Floats, addend: Floats) -> Floats:
        """The raw values [T] that come nearest to a signal; the links are the same all the time."""
        spot = self._spots[column]
        raw = spot.raw(signal, factor, addend)
        key = column, float(factor[0]), float(addend[0])
        if key not in self._known:
            self._known[key] = None if spot.codes else self._limits(*key)
        if (limits := self._known[key]) is None:
            return raw
        raw = np.clip(raw, *limits)
        for first, last in sorted(spot.sentinels, reverse=True):
            raw = np.where((raw >= first) & (raw <= last), first - 1.0, raw)
        return raw

    def _limits(self, column: int, factor: float, addend: float) -> tuple[float, float] | None:
        """The raw values between which values are possible, without sentinels at the ends; None if there are none."""
        spot, point = self._spots[column], self._points[column]
        if not math.isfinite(factor + addend) or factor == 0.0:
            return None
        ends = sorted((end - spot.offset - addend) / (spot.scale * factor) for end in (point.low, point.high))
        counted = _LARGEST if spot.is_float else _COUNTED
        first = max(spot.raw_range[0], -counted, -_inwards(spot, -ends[0]))
        last = min(spot.raw_range[1], counted, _inwards(spot, ends[1]))
        # What comes out of floating point can still lie a hair outside.
        inside = ~np.isnan(self._possible(column, spot.value(np.array([first, last]), factor, addend)))
        first, last = first if inside[0] else -_next(spot, -first), last if inside[1] else _next(spot, last)
        for low, high in sorted(spot.sentinels):
            first = high + 1.0 if low <= first <= high else first
        for low, high in sorted(spot.sentinels, reverse=True):
            last = low - 1.0 if low <= last <= high else last
        return (first, last) if first <= last else None


def _inwards(spot: Spot, raw: float) -> float:
    """The largest raw value that is not above this one, as far as floating point knows."""
    if math.isinf(raw) or spot.type == "f64":
        return raw
    if spot.type == "f32":
        nearest = float(np.float32(np.clip(raw, *spot.raw_range)))
        return nearest if nearest <= raw else _next(spot, nearest)
    return float(math.floor(raw + 1e-6 + abs(raw) * _ULPS))


def _next(spot: Spot, raw: float) -> float:
    """The next smaller raw value."""
    if spot.type == "f32":
        return float(np.nextafter(np.float32(raw), np.float32(-math.inf)))
    return math.nextafter(raw, -math.inf) if spot.is_float else raw - max(1.0, math.ceil(abs(raw) * _ULPS))
