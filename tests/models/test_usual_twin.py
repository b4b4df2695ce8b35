"""The usual detector once more, for one point of one device and in plain Python: both must tell the same."""

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest

from models.settings import Settings
from models.usual import Usual

DAY_S, NODE_S = 86400.0, 1800.0
WARM_UP_S = 10800.0
FIRST_S = WARM_UP_S / 3.0
PACES = (1.0, 1.0 - math.exp(-0.1), 1.0 - math.exp(-1.0 / 60.0))
PACES_S = (60.0, 600.0, 3600.0)


@dataclass
class Twin:
    """A measurement whose every value is new, never missing, never frozen."""

    notes: list[float] = field(default_factory=list)
    node: int = -1
    measured: bool = False
    nodes: dict[int, float] = field(default_factory=dict)
    learnt_s: float = 0.0
    seen: float = math.nan
    total: float = 0.0
    inverse: float = 0.0
    within: float = 0.0
    within_steps: int = 0
    smooth: list[float] = field(default_factory=lambda: [0.0] * 3)
    quantile: list[float] = field(default_factory=lambda: [2.05 * math.sqrt(s / (2 - s)) for s in PACES] * 2)
    excess: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.excess = [max(q / 5.0, 0.02) for q in self.quantile]

    def step(self, time: float, readings: list[float], following: float) -> float:
        """Score of one finished step."""
        mean = sum(readings) / len(readings)
        inverse = 1.0 / min(len(readings), 16)
        node, share = divmod(time % DAY_S / NODE_S, 1.0)
        left, right = int(node), (int(node) + 1) % 48
        self.nodes.setdefault(left, mean)
        self.nodes.setdefault(right, self.nodes[left])
        usual = self.nodes[left] + share * (self.nodes[right] - self.nodes[left])
        away = mean - usual
        variance = max(self.total - self.within * self.inverse, 0.0) + self.within * inverse + (1e-6 * usual) ** 2
        z = max(min(away / math.sqrt(variance), 10.0), -10.0)
        self.smooth = [s + pace * (z - s) for s, pace in zip(self.smooth, PACES, strict=True)]
        sides = self.smooth + [-s for s in self.smooth]
        rarest = max(
            (s - q) / b + math.log(pace_s / 604800.0 / 0.02)
            for s, q, b, pace_s in zip(sides, self.quantile, self.excess, PACES_S * 2, strict=True)
        )
        score = (
            1.0 / (1.0 + math.exp(-max(rarest - math.log(6.0), -50.0)))
            if self.measured and self.learnt_s >= WARM_UP_S
            else math.nan
        )
        seconds = 900.0 if math.isnan(self.seen) else min(time - self.seen, 900.0)
        self.seen = time
        self.learn(seconds * (0.05 if score >= 0.5 else 1.0), away, inverse, (left, right, share), sides)
        self.learn_within(readings)
        if int(time // NODE_S) > self.node:
            self.node = int(time // NODE_S)
            self.look_back(following)
        return score

    def look_back(self, reading: float) -> None:
        self.notes.append(reading)
        rises = sum(b > a for a, b in pairwise(self.notes))
        measured = len(self.notes) > 4 and rises <= 10 * (len(self.notes) - 1 - rises)
        if measured and not self.measured:
            self.learnt_s = min(self.learnt_s, FIRST_S)
        self.measured = measured

    def learn(
        self, seconds: float, away: float, inverse: float, where: tuple[int, int, float], sides: list[float]
    ) -> None:
        left, right, share = where
        gain = 3.0 if self.learnt_s < FIRST_S else max(1.0 / (1.0 + self.learnt_s / DAY_S), 1.0 / 14.0)
        move = away * min(gain * seconds / NODE_S, 1.0)
        self.nodes[left] += (1.0 - share) * move
        self.nodes[right] += share * move
        rate = self.rate(seconds, 1.5 * FIRST_S)
        square = min(away**2, 16.0 * self.total) if self.total > 0 else away**2
        taken = rate if self.total > 0 else float(rate > 0)
        self.total += taken * (square - self.total)
        self.inverse += taken * (inverse - self.inverse)
        rate = self.rate(seconds, 2.0 * FIRST_S)
        for i, s in enumerate(sides):
            over = s - self.quantile[i]
            self.quantile[i] += self.excess[i] * min(rate * ((over > 0) / 0.02 - 1.0), 1.0 / 3.0)
            if over > 0:
                self.excess[i] += min(rate / 0.02, 1.0 / 3.0) * (over - self.excess[i])
            self.excess[i] = max(self.excess[i], abs(self.quantile[i]) / 5.0, 0.02)
        self.learnt_s += seconds

    def rate(self, seconds: float, start_s: float) -> float:
        later = min(self.learnt_s - start_s, 14 * DAY_S)
        return seconds / (later + 7200.0 + seconds) if later >= 0 else 0.0

    def learn_within(self, readings: list[float]) -> None:
        if len(readings) < 2:
            return
        self.within_steps += 1
        variance = float(np.var(readings, ddof=1))
        calm = min(variance, 16.0 * self.within) if self.within > 0 else variance
        self.within += max(1.0 / self.within_steps, 0.001) * (calm - self.within)


@pytest.mark.parametrize("every_s", [60.0, 20.0, 2.0])
def test_arrays_and_plain_python_agree(every_s: float) -> None:
    rng = np.random.default_rng(3)
    per_step = round(60.0 / every_s)
    steps = 1200
    start = 1_772_409_600.0
    times = start + every_s * np.arange(steps * per_step + 1, dtype=np.float64)
    values = 20.0 + 3.0 * np.sin(times / 86400.0 * 2 * np.pi) + rng.normal(0, 0.5, len(times))
    values[len(values) * 3 // 4 :] += np.where(rng.random(len(values) - len(values) * 3 // 4) < 0.01, 4.0, 0.0)
    values[-30 * per_step :] += 10.0
    detector = Usual(Settings.model_validate({"warm_up": "3h"}), ["level"], 1)
    block = values[:, None, None]
    scores = detector.update(times, block, np.zeros_like(block), np.zeros(1, dtype=np.bool_))[per_step::per_step, 0]
    twin = Twin()
    told = [
        twin.step(start + 60.0 * (k + 0.5), values[(n := k * per_step) : n + per_step].tolist(), values[n + per_step])
        for k in range(steps)
    ]
    np.testing.assert_allclose(scores, told, rtol=1e-6, atol=1e-9)
    assert np.nanmax(scores) > 0.95
