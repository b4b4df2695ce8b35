"""The usual detector once more, for one point of one device and in plain Python: both must tell the same."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest

from models.settings import Settings
from models.usual import Usual

DAY_S, NODE_S = 86400.0, 1800.0
WARM_UP_S = 10800.0
PACE = 0.07
FORGET = 3e-5


@dataclass
class Bounds:
    """The range of one statistic."""

    low: float = math.nan
    high: float = math.nan
    count: int = 0

    def surplus(self, value: float) -> float:
        if self.count < 40 or math.isnan(value):
            return 0.0
        beyond = max(value - self.high, self.low - value, 0.0) / max(self.high - self.low, 1e-38)
        return min(beyond, 50.0) * 2.0 * math.log(self.count)

    def learn(self, value: float) -> None:
        if math.isnan(value):
            return
        low, high = (value, value) if self.count == 0 else (min(self.low, value), max(self.high, value))
        closing = (high - low) * FORGET / 2.0
        self.low, self.high, self.count = low + closing, high - closing, self.count + 1


@dataclass
class Twin:
    """A measurement whose every value is new, never missing, never frozen."""

    note: float = math.nan
    values: set[float] = field(default_factory=set)
    rises: int = 0
    falls: int = 0
    base: float = math.nan
    seen: float = math.nan
    learnt_s: float = 0.0
    nodes: dict[int, float] = field(default_factory=dict)
    first_day: float = 0.0
    steps: int = 0
    smooth: float = 0.0
    mean: float = 0.0
    variance: float = 0.0
    whole: float = 0.0
    level_s: float = 0.0
    day: float = 0.0
    hours: dict[int, float] = field(default_factory=dict)
    turns: dict[int, float] = field(default_factory=dict)
    last: list[float] = field(default_factory=list)
    bounds: list[Bounds] = field(default_factory=lambda: [Bounds() for _ in range(4)])
    depth: float = 0.0
    doubted_s: float = 0.0
    news: float = 0.0

    def step(self, time: float, readings: list[float], following: float) -> float:
        """Score of one finished step."""
        self.base = readings[0] if math.isnan(self.base) else self.base
        away = sum(readings) / len(readings) - self.base
        seconds = 0.0 if math.isnan(self.seen) else min(time - self.seen, 900.0)
        self.seen = time
        residual = away - self.usual(time)
        self.smooth += max(1.0 / (self.steps + 1), PACE) * (residual - self.smooth)
        self.day += seconds / DAY_S * (self.smooth - self.day)
        self.steps = min(self.steps + 1, 20)
        statistics = self.statistics(time, away)
        judged = self.measured() and self.learnt_s >= WARM_UP_S
        score = self.judge([b.surplus(s) for b, s in zip(self.bounds, statistics, strict=True)], judged=judged)
        doubted = self.depth >= 0.6
        self.doubted_s = self.doubted_s + seconds if doubted else 0.0
        self.values.add(following)
        self.rises, self.falls = self.rises + (following > self.note), self.falls + (following < self.note)
        self.note = following
        self.learn(time, away, residual, 0.0 if doubted else seconds)
        self.remember(time, away, statistics)
        return score

    def usual(self, time: float) -> float:
        node, share = divmod(time % DAY_S / NODE_S, 1.0)
        left, right = int(node), (int(node) + 1) % 48
        if self.learnt_s < DAY_S or left not in self.nodes or right not in self.nodes:
            return self.first_day
        return self.nodes[left] + share * (self.nodes[right] - self.nodes[left])

    def measured(self) -> bool:
        return len(self.values) > 4 and self.rises <= 10 * self.falls

    def statistics(self, time: float, away: float) -> list[float]:
        self.last = [*self.last, away][-20:]
        hour, turn = slots(time)
        surprises = [away - m[s] if s in m else math.nan for m, s in ((self.hours, hour), (self.turns, turn))]
        return [away, sum(self.last) / len(self.last), *surprises]

    def judge(self, surplus: list[float], *, judged: bool) -> float:
        self.depth = abs(self.smooth - self.mean) / self.spread() / 4.5 if judged else 0.0
        lasting = 0.75 * self.depth / (self.depth + 0.5)
        news = max(surplus) if judged else 0.0
        self.news *= 1.0 - 1.0 / 40.0
        fresh, self.news = news > self.news, max(self.news, news)
        sudden = 1.0 - 0.3 * math.exp(-0.287 * news) if fresh else 0.0
        return max(lasting, sudden) if judged else math.nan

    def spread(self) -> float:
        share = min(self.variance / self.whole, 1.0) if self.whole > 0 else 0.0
        return max(math.sqrt(self.variance) * (1.0 + 3.0 * share), 1e-5)

    def learn(self, time: float, away: float, residual: float, seconds: float) -> None:
        if seconds > 0:
            self.learn_day(time, away, seconds)
        if self.steps < 20:
            self.mean = self.day = self.smooth
        elif seconds > 0:
            rate = seconds / ((self.level_s if self.level_s < 12 * DAY_S else 56 * DAY_S) + seconds)
            off = self.smooth - self.mean
            self.mean += rate * off
            if abs(self.day - self.mean) > 0.5 * self.spread() and self.level_s >= 12 * DAY_S:
                rate = 0.0
            self.variance += rate * (off * (self.smooth - self.mean) - self.variance)
            self.whole += rate * ((residual - self.mean) ** 2 - self.whole)
            self.level_s += seconds
        before, self.learnt_s = self.learnt_s, self.learnt_s + seconds
        if min(self.learnt_s // DAY_S, 2) > min(before // DAY_S, 2):
            self.level_s = min(self.level_s, 1200.0)

    def learn_day(self, time: float, away: float, seconds: float) -> None:
        node, share = divmod(time % DAY_S / NODE_S, 1.0)
        left, right = int(node), (int(node) + 1) % 48
        if self.learnt_s < DAY_S:
            self.first_day += seconds / max(self.learnt_s + seconds, 1.0) * (away - self.first_day)
        self.nodes.setdefault(left, away)
        self.nodes.setdefault(right, self.nodes[left])
        later = max(1.0 / (1.0 + self.learnt_s / DAY_S), 1.0 / 14.0)
        gain = min((3.0 if self.learnt_s < DAY_S else later) * seconds / NODE_S, 1.0)
        move = gain * (away - self.nodes[left] - share * (self.nodes[right] - self.nodes[left]))
        self.nodes[left] += (1.0 - share) * move
        self.nodes[right] += share * move

    def remember(self, time: float, away: float, statistics: list[float]) -> None:
        for bounds, value in zip(self.bounds, statistics, strict=True):
            bounds.learn(value)
        hour, turn = slots(time)
        for memory, slot, pace in ((self.hours, hour, 0.15), (self.turns, turn, 0.5)):
            told = memory.get(slot, away)
            memory[slot] = told + pace * (away - told)


def slots(time: float) -> tuple[int, int]:
    return int(time % DAY_S * 24 / DAY_S), int(time % (7 * DAY_S) * 84 / (7 * DAY_S))


@pytest.mark.parametrize(("every_s", "days"), [(60.0, 15.0), (20.0, 3.6)])
def test_arrays_and_plain_python_agree(every_s: float, days: float) -> None:
    """After a day the usual day counts, after two its reference is learnt anew, and after fourteen it is firm."""
    rng = np.random.default_rng(3)
    per_step = round(60.0 / every_s)
    steps = round(days * 1440)
    start = 1_772_409_600.0
    times = start + every_s * np.arange(steps * per_step + 1, dtype=np.float64)
    values = 20.0 + 3.0 * np.sin(times / 86400.0 * 2 * np.pi) + rng.normal(0, 0.5, len(times))
    values[len(values) * 3 // 4 :] += np.where(rng.random(len(values) - len(values) * 3 // 4) < 0.01, 4.0, 0.0)
    values[-90 * per_step : -60 * per_step] += 10.0
    detector = Usual(Settings.model_validate({"warm_up": "3h"}), ["level"], 1)
    block = values[:, None, None]
    scores = detector.update(times, block, np.zeros_like(block), np.zeros(1, dtype=np.bool_))[per_step::per_step, 0]
    twin = Twin()
    told = [
        twin.step(start + 60.0 * (k + 0.5), values[(n := k * per_step) : n + per_step].tolist(), values[n + per_step])
        for k in range(steps)
    ]
    # The arrays keep memories of the day and the week in 32 bits: a digit less, and now and then another record.
    known = np.isfinite(told)
    np.testing.assert_array_equal(np.isfinite(scores), known)
    apart = np.abs(scores[known] - np.array(told)[known])
    assert (apart > 1e-4).mean() < 0.002
    assert np.nanmax(scores) > 0.95
    assert np.nanmedian(scores[-80:-62]) > 0.5
