"""What the detector costs: time per reading beside a plain object per channel, and memory per device and point."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from time import thread_time
from typing import Any

import numpy as np

from benchmarks.figures import Figure, Goal, Result, ratio
from models.detector import Floats
from models.settings import Settings
from models.usual import Usual

US_GOAL, RATIO_GOAL, BYTES_GOAL = 2.0, 300.0, 2048.0
WARM_ROWS, WARM_GAP_S = 330, 600.0
"""Two days of site time at ten minutes a row: past the warm-up of a day, and every point known as a measurement."""
CADENCES = (1, 12, 60)
"""Rows in a step of a minute: of devices that are read every minute, every five seconds and every second."""


@dataclass(frozen=True, slots=True)
class DetectorLoad:
    """How much to score."""

    devices: int = 1000
    points: int = 20
    rounds: int = 5
    rows: int = 60


class Gaussian:
    """River's `anomaly.GaussianScorer` in plain words: how far out a value lies of the normal distribution so far."""

    __slots__ = ("_count", "_mean", "_squares")

    def __init__(self) -> None:
        self._count, self._mean, self._squares = 0, 0.0, 0.0

    def score_one(self, _: None, value: float) -> float:
        """2 |F(value) - 1/2|."""
        if self._count < 2:
            return 0.0
        sigma = math.sqrt(self._squares / (self._count - 1)) or 1e-12
        return abs(math.erf((value - self._mean) / (sigma * math.sqrt(2.0))))

    def learn_one(self, _: None, value: float) -> None:
        """Welford's update."""
        self._count += 1
        away = value - self._mean
        self._mean += away / self._count
        self._squares += away * (value - self._mean)


def reference() -> tuple[str, Callable[[], Any]]:
    """River's scorer where it is installed, else the same arithmetic as a plain object."""
    if find_spec("river") is None:
        return "plain Gaussian objects", Gaussian
    return "river's GaussianScorer", import_module("river.anomaly").GaussianScorer


def detector_rate(load: DetectorLoad, tell: Callable[[str], None]) -> Result:
    """Measure all cadences, the reference on the same values, and the state."""
    rng, shape = np.random.default_rng(7), (1, load.devices, load.points)
    rows = [rng.normal(50.0, 2.0, shape) for _ in range(load.rows)]
    tell("detector: warming up")
    rivals = [_Rival(cadence, shape, rng) for cadence in CADENCES]
    name, make = reference()
    objects = [make() for _ in range(load.points)]
    plain_s: list[float] = []
    for number in range(load.rounds):
        tell(f"detector: round {number + 1} of {load.rounds}")
        for rival in rivals:
            rival.run(rows)
        plain_s.append(_plain(objects, np.concatenate(rows)[:, : max(1, load.devices // 20)].reshape(-1, load.points)))
    each = load.devices * load.points * load.rows
    costs_s = {rival.name: [s / each for s in rival.seconds] for rival in rivals}
    ours = tuple(Figure(rival, "us", tuple(1e6 * s for s in cost)) for rival, cost in costs_s.items())
    ratios = tuple(ratio(f"{rival} over {name}", plain_s, cost) for rival, cost in costs_s.items())
    state = Figure("state of a device and point", "bytes", (rivals[0].bytes / (load.devices * load.points),))
    goals = (
        Goal(f"every row a step at most {US_GOAL:g} us", ours[0].middle <= US_GOAL),
        Goal(f"read every second at least {RATIO_GOAL:g}x {name}", ratios[-1].middle >= RATIO_GOAL),
        Goal(f"at most {BYTES_GOAL:g} bytes of state", state.middle <= BYTES_GOAL),
    )
    text = (
        f"{load.devices} devices x {load.points} points, warm, all judged, {load.rows} rows a round, one row a call; "
    )
    text += "microseconds of one reading"
    figures = (*ours, Figure(name, "us", tuple(1e6 * s for s in plain_s)), *ratios, state)
    return Result("detector", text, figures, goals)


class _Rival:
    """A warm detector and what its rounds took."""

    def __init__(self, cadence: int, shape: tuple[int, int, int], rng: np.random.Generator) -> None:
        self.name = "every row a step" if cadence == 1 else f"{cadence} rows a step"
        self._cadence = cadence
        names = [f"p{i}" for i in range(shape[2])]
        settings = Settings.model_validate({"step": "0s" if cadence == 1 else "60s", "warm_up": "1d"})
        self._detector, self._age = Usual(settings, names, shape[1]), np.zeros(shape)
        self._frozen, self._time = np.zeros(shape[1], np.bool_), 1.7e9
        self.seconds: list[float] = []
        for _ in range(WARM_ROWS):
            self._show(rng.normal(50.0, 2.0, shape), WARM_GAP_S)

    def run(self, rows: list[Floats]) -> None:
        """One round."""
        began = thread_time()
        for row in rows:
            self._show(row, 60.0 / self._cadence)
        self.seconds.append(thread_time() - began)

    @property
    def bytes(self) -> int:
        return sum(array.nbytes for array in self._detector.state().values())

    def _show(self, row: Floats, gap_s: float) -> None:
        self._time += gap_s
        self._detector.update(np.array([self._time]), row, self._age, self._frozen)


def _plain(objects: list[Any], values: Floats) -> float:
    """Seconds a reading of one object per channel, fed with values[N, P]."""
    rows = values.tolist()
    began = thread_time()
    for row in rows:
        for scorer, value in zip(objects, row, strict=True):
            scorer.score_one(None, value)
            scorer.learn_one(None, value)
    return (thread_time() - began) / values.size
