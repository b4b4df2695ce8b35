"""Normal weeks of equipment, made up for these tests alone: a daily curve, weekends, weather and noise."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from models.detector import Floats

WATER = (
    2.2,
    1.4,
    0.9,
    0.8,
    0.9,
    1.7,
    4.3,
    7.0,
    6.6,
    5.2,
    4.7,
    4.9,
    5.0,
    4.0,
    3.5,
    3.5,
    4.0,
    5.0,
    6.6,
    7.3,
    7.2,
    6.5,
    4.5,
    2.3,
)
POWER = (
    3.9,
    3.4,
    3.1,
    2.9,
    2.8,
    2.8,
    3.0,
    3.4,
    3.6,
    3.7,
    3.9,
    4.1,
    4.3,
    4.2,
    4.2,
    4.2,
    4.3,
    4.5,
    5.0,
    5.8,
    6.3,
    6.2,
    5.6,
    4.8,
)
DAY_S = 86400.0
MONDAY = 1_772_409_600.0  # 2026-03-02, midnight UTC


@dataclass(frozen=True)
class Weeks:
    """Readings of D devices of one kind at times[T]."""

    points: tuple[str, ...]
    times: Floats
    values: Floats  # [T, D, P]

    @property
    def age(self) -> Floats:
        return np.zeros_like(self.values)

    def column(self, point: str) -> Floats:
        return self.values[:, :, self.points.index(point)]


@dataclass(frozen=True)
class World:
    """What the devices of one seed share and keep: weather, the sizes of days, bumps of demand."""

    seed: int

    def noise(self, name: str, keys: NDArray[np.int64], devices: int) -> Floats:
        """A repeatable standard normal per key and device, whatever stretch of time is asked for."""
        low = int(keys.min())
        rng = np.random.default_rng([self.seed, sum(name.encode())])
        table = rng.standard_normal((int(keys.max()) - min(low, 0) + 1, devices))
        found: Floats = table[keys]
        return found

    def demand(self, curve: tuple[float, ...], times: Floats, devices: int, weekend: float) -> Floats:
        """Share of the mean [T, D]: the hourly curve, weekends later and larger, days +-6 %, five minutes +-10 %."""
        since = times - MONDAY
        day = (since // DAY_S).astype(np.int64)
        resting = day % 7 >= 5
        hour = (since / 3600.0 - np.where(resting, 1.75 * np.exp(-(((since / 3600.0) % 24 - 7) ** 2) / 18), 0.0)) % 24
        mean = np.interp(hour - 0.5, np.arange(-1, 25), (curve[-1], *curve, curve[0])) / (sum(curve) / 24)
        days = 1 + 0.06 * self.noise("day", day, devices)
        fives = (since / 300.0).astype(np.int64)
        part = (since / 300.0 % 1.0)[:, None]
        bumps = self.noise("five", fives, devices) * (1 - part) + self.noise("five", fives + 1, devices) * part
        shape = np.asarray(mean * np.where(resting, weekend, 1.0))[:, None]
        return np.asarray(shape * days * np.exp(0.1 * bumps), dtype=np.float64)

    def outdoor(self, times: Floats) -> Floats:
        """Weather [T, 1]: a daily swing of 5 K around days that wander."""
        since = times - MONDAY
        days = np.cumsum(np.random.default_rng([self.seed, 7]).normal(0.0, 1.0, 60))
        days -= np.linspace(0, 1, 60) * days
        wander = np.interp(since / DAY_S, np.arange(60), 12 + 3 * np.tanh(days / 3))
        swing = 5.0 * np.sin((since / 3600.0 - 9.0) / 24.0 * 2 * np.pi)
        return np.asarray(wander + swing, dtype=np.float64)[:, None]


def _lag(times: Floats, drive: Floats, tau_s: float) -> Floats:
    """First-order lag of drive[T, D]."""
    out = np.empty_like(drive)
    share = 1.0 - np.exp(-np.diff(times, prepend=times[0]) / tau_s)
    state = drive[0]
    for t in range(len(times)):
        state = state + share[t] * (drive[t] - state)
        out[t] = state
    return out


def pumps(seed: int, times: Floats, devices: int = 4) -> Weeks:
    world, rng = World(seed), np.random.default_rng([seed, int(times[0])])

    def noisy(values: Floats, sigma: float) -> Floats:
        return values + sigma * rng.standard_normal((len(times), devices))

    demand = world.demand(WATER, times, devices, 1.08)
    speed = np.clip(28.0 + 8.0 * np.sqrt(demand), 30.0, 46.0)
    ambient = 18.0 + 0.3 * world.outdoor(times) + np.zeros((1, devices))
    load = 5.5 * (speed / 40.0) ** 2.2
    columns = {
        "running": np.ones_like(demand),
        "speed": noisy(speed, 0.1),
        "flow": noisy(12.0 * demand, 0.15),
        "pressure": noisy(np.full_like(demand, 0.45), 0.004),
        "power": noisy(load, 0.05),
        "current": noisy(load * 1.9, 0.1),
        "vibration": noisy(np.full_like(demand, 1.4), 0.15),
        "bearing_temp": noisy(ambient + 22.0, 0.3),
        "ambient": noisy(ambient, 0.2),
        "starts": np.cumsum(rng.random(demand.shape) < 0.1, axis=0).astype(float),
        "energy": np.cumsum(load, axis=0) * (times[1] - times[0]) / 3600.0,
    }
    return Weeks(tuple(columns), times, np.stack(list(columns.values()), axis=2))


def meters(seed: int, times: Floats, devices: int = 4) -> Weeks:
    world, rng = World(seed), np.random.default_rng([seed, int(times[0])])

    def noisy(values: Floats, sigma: float) -> Floats:
        return values + sigma * rng.standard_normal((len(times), devices))

    load = 0.6 * world.demand(POWER, times, devices, 1.05)
    ambient = world.outdoor(times) + np.zeros((1, devices))
    winding = ambient + _lag(times, 45.0 * (load / 0.6) ** 1.6, 3600.0)
    columns = {
        "voltage": noisy(np.full_like(load, 400.0), 1.5),
        "frequency": noisy(np.full_like(load, 50.0), 0.015),
        "current": noisy(load * 900.0, 3.0),
        "active_power": noisy(load * 580.0, 3.0),
        "power_factor": noisy(np.full_like(load, 0.96), 0.004),
        "thd": noisy(np.full_like(load, 2.2), 0.2),
        "winding_temp": noisy(winding, 0.4),
        "ambient": noisy(ambient, 0.2),
        "fan": (winding > 80).astype(float),
    }
    return Weeks(tuple(columns), times, np.stack(list(columns.values()), axis=2))


def elevators(seed: int, times: Floats, devices: int = 4) -> Weeks:
    world, rng = World(seed), np.random.default_rng([seed, int(times[0])])
    demand = world.demand(WATER, times, devices, 0.9)
    moving = rng.random(demand.shape) < np.minimum(0.25 * demand, 0.9)
    heat = _lag(times, 15.0 * demand, 4500.0)
    columns = {
        "speed": np.where(moving, 1.75, 0.0),
        "door_open": (rng.random(demand.shape) < 0.1).astype(float),
        "floor": rng.integers(1, 21, demand.shape).astype(float),
        "noise": 42.0 + 8.0 * moving + rng.standard_normal(demand.shape),
        "vibration": 0.02 + 0.08 * moving + 0.015 * rng.standard_normal(demand.shape),
        "close_time": 2.6 + 0.08 * rng.standard_normal(demand.shape),
        "machine_temp": world.outdoor(times) * 0.3 + 18 + heat + 0.3 * rng.standard_normal(demand.shape),
        "trips": np.cumsum(moving, axis=0).astype(float),
    }
    return Weeks(tuple(columns), times, np.stack(list(columns.values()), axis=2))


KINDS: dict[str, Callable[[int, Floats], Weeks]] = {"pumps": pumps, "meters": meters, "elevators": elevators}


def instants(days: float, every_s: float = 60.0, start_day: float = 0.0) -> Floats:
    """Instants from `start_day` after a Monday midnight."""
    return MONDAY + DAY_S * start_day + every_s * np.arange(round(days * DAY_S / every_s), dtype=np.float64)


@pytest.fixture
def weeks() -> Callable[..., Weeks]:
    """(kind, seed, days, every_s, start_day) -> readings of normal weeks."""

    def make(kind: str, seed: int, days: float, every_s: float = 60.0, start_day: float = 0.0) -> Weeks:
        return KINDS[kind](seed, instants(days, every_s, start_day))

    return make
