"""A month of readings of a plant that never was: pumps with a daily rhythm, noise, a few faults, gaps and lost points.

The same seed gives the same month, made day by day, so that a long one takes no more memory than a short one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from drivers.device import Device, Point, Profile
from gateway.core.almanac import UTC_ALMANAC
from gateway.core.types import Block, Fleet, Floats, Fresh
from gateway.history.past import Past
from rules.vocabulary import Bools, Vocabulary

PROFILE = "pump"
POINTS = (
    "running",
    "current_a",
    "current_b",
    "current_c",
    "voltage",
    "power",
    "temperature",
    "vibration",
    "pressure",
    "flow",
    "level",
    "valve",
)
RATINGS = {"rated_current": 80.0, "rated_power": 45.0, "rated_flow": 120.0}
STEP_S = 60.0
START = 1_772_323_200.0
"""2026-03-01 00:00 UTC."""
DAY_S = 86400.0

BLOCK = 1 << 20
"""Values in a block: larger ones do not stay in the caches, nor in memory that is used again."""
DAYS_PER_FAULT = 6.0
"""So many days of one device go by until something is wrong with it, for minutes or for hours."""

_SEED = 7
_RUNNING = POINTS.index("running")
_STUCK_EVERY, _GAP_EVERY, _CYCLING_EVERY = 4, 5, 7
"""Every so many faults a value that stays as it was, a device that is silent, a pump that starts over and over."""
_LOST = 0.0005
"""The share of values that are lost one by one."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """Rows [begin, end) of one device, and what becomes of a point there."""

    device: int
    begin: int
    end: int
    column: int
    number: int
    size: float


def plant(devices: int) -> Fleet:
    """Pumps, all of one kind, with the ratings that rules compare with."""
    profile = Profile(profile=PROFILE, driver="bench", points=tuple(Point(name=name) for name in POINTS))
    pumps = (
        Device.model_validate(
            {"id": f"pump-{i:04d}", "profile": PROFILE, "on": "bench", "every": "1m", "ratings": RATINGS}
        )
        for i in range(devices)
    )
    return Fleet(profile, tuple(pumps))


def words(devices: int) -> Vocabulary:
    """What rules about so many pumps may speak of."""
    ratings = {name: np.full(devices, rating) for name, rating in RATINGS.items()}
    return Vocabulary(POINTS, {}, ratings, (), devices, UTC_ALMANAC)


def in_blocks(past: Past, fleet: Fleet, end: float) -> Iterator[Block]:
    """The plant's past until then, in blocks as long as `gateway backtest` takes them."""
    return past.blocks(fleet, START, end, STEP_S, max(64, BLOCK // (len(fleet.devices) * len(POINTS))))


class Month(Past):
    """Readings of `days` days, made when they are asked for."""

    def __init__(self, fleet: Fleet, days: int) -> None:
        self.fleet = fleet
        self.end = START + days * DAY_S
        self._days = days
        self._faults = _faults(len(fleet.devices), days)

    def profiles(self) -> dict[str, tuple[float, float]]:
        """See Past."""
        return {PROFILE: (START, self.end - STEP_S)}

    def fresh(self, fleet: Fleet, start: float, end: float) -> Iterator[Fresh]:
        """See Past; `fleet` is the plant or its first devices, and hours are not cut out of days."""
        for day in range(self._days):
            if START + (day + 1) * DAY_S > start and START + day * DAY_S < end:
                yield self._day(fleet, day)

    def close(self) -> None:
        """See Past."""

    def _day(self, fleet: Fleet, day: int) -> Fresh:
        rows = int(DAY_S / STEP_S)
        times = START + day * DAY_S + np.arange(rows, dtype=np.float64) * STEP_S
        random = np.random.default_rng((_SEED, day))
        values = _healthy(times, len(self.fleet.devices), random)
        sends = np.ones(values.shape[:2], np.bool_)
        for fault in self._faults:
            _strike(fault, day * rows, values, sends)
        values[random.random(values.shape, np.float32) < _LOST] = np.nan
        sends[:, len(fleet.devices) :] = False
        at, devices = sends.nonzero()
        return Fresh(fleet, times[at], devices, times[at], np.round(values[at, devices], 2))


def _healthy(times: Floats, devices: int, random: np.random.Generator) -> Floats:
    """Values [T, D, P] of pumps that run by day, each a little earlier or later than the next."""

    def noise(size: float) -> Floats:
        normal: Floats = random.standard_normal((len(times), devices)) * size
        return normal

    hour = (times[:, None] / 3600.0 + np.linspace(0.0, 3.0, devices)) % 24.0
    rhythm = np.sin((hour - 9.0) * (np.pi / 12.0))
    running = ((hour > 6.0) & (hour < 22.0)).astype(float)
    load = running * (0.7 + 0.15 * rhythm + noise(0.03))
    series = (
        running,
        *(RATINGS["rated_current"] * load * (1.0 + noise(0.01)) for _ in "abc"),
        398.0 + 4.0 * rhythm + noise(1.5),
        RATINGS["rated_power"] * load * (1.0 + noise(0.02)),
        28.0 + 36.0 * load + 4.0 * rhythm + noise(0.6),
        0.8 + 2.6 * load + noise(0.2),
        3.2 + 2.0 * load + noise(0.06),
        RATINGS["rated_flow"] * load * (1.0 + noise(0.02)),
        60.0 + 20.0 * np.sin((hour - 4.0) * (np.pi / 12.0)) + noise(0.3),
        50.0 + 25.0 * rhythm + noise(0.2),
    )
    return np.stack(series, axis=2)


def _faults(devices: int, days: int) -> list[_Fault]:
    random = np.random.default_rng(_SEED)
    faults = []
    for number in range(max(1, int(devices * days / DAYS_PER_FAULT))):
        begin = int(random.integers(int(days * DAY_S / STEP_S)))
        end = begin + int(random.choice([8, 25, 90, 300, 1000]))
        column, size = int(random.integers(1, len(POINTS))), float(random.choice([-0.5, 0.3, 0.6, 1.0]))
        faults.append(_Fault(int(random.integers(devices)), begin, end, column, number, size))
    return faults


def _strike(fault: _Fault, first: int, values: Floats, sends: Bools) -> None:
    """Change the rows that the fault has in this day, which begins with row `first` of the month."""
    begin, end = max(fault.begin - first, 0), min(fault.end - first, len(values))
    if begin >= end:
        return
    rows = slice(begin, end)
    if fault.number % _GAP_EVERY == 0:
        sends[rows, fault.device] = False
    elif fault.number % _STUCK_EVERY == 0:
        values[rows, fault.device, fault.column] = values[begin, fault.device, fault.column]
    elif fault.number % _CYCLING_EVERY == 0:
        values[rows, fault.device, _RUNNING] = np.arange(begin, end) // 3 % 2
    else:
        values[rows, fault.device, fault.column] *= 1.0 + fault.size
