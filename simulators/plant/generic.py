"""A machine of any profile: what its points' names and units let one expect, within what its registers can show."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from drivers.device import Profile
from simulators.display import Display, display_of
from simulators.plant.day import DAY_S, ELECTRICITY, WATER
from simulators.plant.habits import ACTIVE, CODE, QUIET, Habit, habit_of
from simulators.plant.machine import Floats, Machine, Plant, Signals
from simulators.plant.noise import drifting, uniform
from simulators.spots import depends, sources

_FIRST_DAY_S = 19_723 * DAY_S  # counters were reset on 2024-01-01
_BEFORE_H = 5000.0  # what an average one showed then
_LASTS_H = 230_000.0  # and for how long none may overflow: 26 years
_CODE_S = 900.0
_SHARE_ON = 0.02  # of the time, for what can only be on or off
_FEW = 20.0  # a number without a unit and of so few values is a code
_CANDIDATES: Mapping[str, tuple[float, ...]] = {
    "factor": (1.0, 10.0, 100.0, 0.1, 0.01, 0.001, 1000.0),
    "exponent": (0.0, -1.0, -2.0, -3.0, 1.0, 2.0, 3.0),
    "decimals": (1.0, 2.0, 0.0, 3.0, 4.0),
    "addend": (0.0,),
}


@dataclass(frozen=True, slots=True)
class _Channel:
    """What one point does, and between which values."""

    name: str
    habit: Habit
    low: float
    high: float
    codes: tuple[float, ...] | None

    def signal(self, day: "_Day") -> Floats:
        """The values [T] without noise; the display makes possible ones of them."""
        machine, times = day.machine, day.times
        trait = _trait(machine.seed, machine.id, self.name)
        match self.habit.course:
            case "code":
                return self._code(machine, times)
            case "counter":
                return self._count(day.used_h, trait)
            case "electricity":
                return self._level() * (1.0 + 0.01 * trait) * day.electricity
            case "water":
                return self._level() * (1.0 + 0.01 * trait) * day.water
            case "air":
                return self._level() * (1.0 + 0.01 * trait) + min(1.0, 0.04 * (self.high - self.low)) * day.air
            case _:
                wander = trait + drifting(machine.key(self.name), times, 3600.0)
                return self._level() * (1.0 + self.habit.swing * wander)

    def _level(self) -> float:
        """The usual level, moved to where there is room for its swing."""
        level, span = self.habit.level, self.high - self.low
        if self.habit.course in ("electricity", "water"):
            level = min(level, 0.45 * self.high)
            return level if level > max(self.low, 0.0) else self.low + 0.4 * span
        room = 3.0 if self.habit.course == "air" else 4.0 * self.habit.swing * abs(level)
        room = min(0.2 * span, room)
        return float(np.clip(level, self.low + room, self.high - room))

    def _code(self, machine: Machine, times: Floats) -> Floats:
        """Its quiet value; a switch is sometimes on for a while, unless its name says that it always or never is."""
        codes = self.codes or ((0.0,) if self.low <= 0.0 <= self.high else (self.low,))
        quiet = 0.0 if 0.0 in codes else codes[0]
        if len(codes) != 2 or QUIET.search(self.name):
            return np.full_like(times, quiet)
        other = next(code for code in codes if code != quiet)
        if ACTIVE.search(self.name):
            return np.full_like(times, other)
        draw = uniform(machine.key(self.name), np.floor(times / _CODE_S).astype(np.int64))
        return np.where(draw < _SHARE_ON, other, quiet)

    def _count(self, used_h: Floats, trait: float) -> Floats:
        least = max(self.low, 0.0)
        growth = min(self.habit.level, (self.high - least) / _LASTS_H)
        return least + growth * (used_h + _BEFORE_H * (1.0 + trait))


@dataclass(frozen=True, eq=False)
class _Day:
    """What the points of one machine have in common at the given times [T]."""

    machine: Machine
    times: Floats

    @cached_property
    def electricity(self) -> Floats:
        """The load, 1 being the mean of a working day."""
        return self.machine.demand(ELECTRICITY, self.times, noise=0.03)

    @cached_property
    def water(self) -> Floats:
        """The draw of water, 1 being the mean of a working day."""
        return self.machine.demand(WATER, self.times, noise=0.05)

    @cached_property
    def air(self) -> Floats:
        """How much warmer than usual the air is, in K."""
        return self.machine.ambient(self.times, mean_c=0.0, swing_k=2.5)

    @cached_property
    def used_h(self) -> Floats:
        """Hours of mean load since the first day."""
        week = self.machine.week(ELECTRICITY)
        used = week.total(self.machine.local_s(self.times)) - week.total(np.array([_FIRST_DAY_S]))
        return np.maximum(used / 3600.0, 0.0)


@lru_cache(maxsize=4096)
def _trait(seed: int, device_id: str, name: str) -> float:
    """What sets one point of one machine apart, in (-1, 1)."""
    return Machine(device_id, seed).trait(name)


def plant_of(profile: Profile) -> Plant:
    """The machine of a profile that has none of its own."""
    display = display_of(profile)
    fixed = _fixed(profile, display)
    channels = [_channel(profile, display, column, fixed) for column in range(len(profile.points))]
    constants = {profile.names[column]: value for column, value in fixed.items()}

    def signal(machine: Machine, times: Floats) -> Signals:
        day = _Day(machine, times)
        moving = {c.name: c.signal(day) for c in channels if c.name not in constants}
        return moving | {name: np.full_like(times, value) for name, value in constants.items()}

    noise = {channel.name: channel.habit.noise for channel in channels if channel.name not in constants}
    return Plant(signal, {name: each for name, each in noise.items() if each.absolute or each.relative}, display.shown)


def _channel(profile: Profile, display: Display, column: int, fixed: Mapping[int, float]) -> _Channel:
    point, codes = profile.points[column], display.codes(column)
    low, high = display.reach(column, fixed) or (math.nan, math.nan)
    habit = CODE if codes is not None else habit_of(point.name, point.unit)
    if habit is None:
        is_code = not point.unit and (math.isinf(point.high) or point.high - point.low <= _FEW)
        habit = CODE if is_code else Habit("steady", _middle(low, high), 0.02)
    return _Channel(point.name, habit, low, high, codes)


def _middle(low: float, high: float) -> float:
    """A level for a point of which only the limits are known."""
    span = high - low
    return low + 0.4 * span if span < 1e6 else max(low, min(high, 10.0))


def _fixed(profile: Profile, display: Display) -> dict[int, float]:
    """A constant for each point that scales or moves others: the plainest one that leaves them room."""
    found: dict[int, float] = {}
    for column, how in sources(profile).items():
        possible = [value for value in _CANDIDATES[how] if _shows(display, column, value)]
        if not possible:
            low, high = display.reach(column, {}) or (0.0, 0.0)
            possible = list(display.codes(column) or (max(low, min(high, _CANDIDATES[how][0])),))
        trials = ((value, found | {column: value}) for value in possible)
        fitting = (value for value, trial in trials if _leaves_room(profile, display, column, trial))
        found[column] = next(fitting, possible[0])
    return found


def _shows(display: Display, column: int, value: float) -> bool:
    """Whether a point can show exactly this value."""
    codes, reach = display.codes(column), display.reach(column, {})
    if codes is not None:
        return value in codes
    step = display.step(column, {})
    low, high = reach or (math.inf, -math.inf)
    return low <= value <= high and (not step or abs(value / step - round(value / step)) < 1e-9)


def _leaves_room(profile: Profile, display: Display, column: int, fixed: Mapping[int, float]) -> bool:
    """Whether the points that depend on a source can show what is usual for them, and finely enough."""
    for dependent, needs in depends(profile).items():
        if column not in needs or not needs <= fixed.keys():
            continue
        point, reach = profile.points[dependent], display.reach(dependent, fixed)
        if reach is None:
            return False
        habit = habit_of(point.name, point.unit) or Habit("steady", 10.0)
        usual = 10_000.0 * habit.level if habit.course == "counter" else habit.level
        usual = max(point.low, min(point.high / 1.5, usual))
        if not reach[0] <= usual <= reach[1] / 1.5 or display.step(dependent, fixed) > max(abs(usual), 1e-9) / 20.0:
            return False
    return True
