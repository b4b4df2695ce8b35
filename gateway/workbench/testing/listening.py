"""Detectors for rule tests: one that plays written scores, and one that remembers what another one said."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Floats
from models.detector import Bools, Detector, Explanation


class Played:
    """A detector of one device; what it says is written down, and at other moments it knows nothing."""

    warm_up_s = 0.0

    def __init__(self, times: Floats, scores: Floats, health: Floats, others: Floats) -> None:
        """Take times[T], increasing, and what is said then: scores[T], health[T] and others[T]."""
        self._times = times
        self._written = np.stack((scores, health, others))
        self._now = np.full((3, 1, 1), np.nan)

    def update(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        """See `Detector.update`."""
        said = np.full((3, *values.shape[:2]), np.nan)
        _, here, there = np.intersect1d(times, self._times, assume_unique=True, return_indices=True)
        said[:, here, 0] = self._written[:, there]
        self._now = said
        scores: Floats = said[0]
        return scores

    def health(self) -> Floats:
        """See `Detector.health`."""
        health: Floats = self._now[1]
        return health

    def others(self) -> Floats:
        """See `Detector.others`."""
        others: Floats = self._now[2]
        return others

    def accept(self, rows: Bools) -> None:
        """Nobody says anything in a rule test."""

    def explain(self, row: int) -> Explanation:
        """Nothing is behind a written score."""
        return Explanation(float(self._now[0, -1, 0]), np.nan, ())

    def state(self) -> dict[str, NDArray[Any]]:
        """Nothing is learnt."""
        return {}

    def restore(self, state: Mapping[str, NDArray[Any]], rows: NDArray[np.intp]) -> None:
        """Nothing was learnt."""


class Overheard:
    """Any detector; what it says is kept, so that a test can show it."""

    def __init__(self, detector: Detector) -> None:
        self.warm_up_s = detector.warm_up_s
        self.said: list[tuple[Floats, Floats]] = []
        """Times [T], and what it says of the first device in the order of `SAID`, [3, T], block by block."""
        self._detector = detector

    def __deepcopy__(self, memo: dict[int, Any]) -> "Overheard":
        """The detector's copy; what the engine asks of it a second time is of no interest."""
        return Overheard(deepcopy(self._detector, memo))

    def update(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        """See `Detector.update`."""
        scores = self._detector.update(times, values, age, frozen)
        said = (scores, self._detector.health(), self._detector.others())
        self.said.append((times, np.stack([each[:, 0] for each in said])))
        return scores

    def health(self) -> Floats:
        """See `Detector.health`."""
        return self._detector.health()

    def others(self) -> Floats:
        """See `Detector.others`."""
        return self._detector.others()

    def accept(self, rows: Bools) -> None:
        """See `Detector.accept`."""
        self._detector.accept(rows)

    def explain(self, row: int) -> Explanation:
        """See `Detector.explain`."""
        return self._detector.explain(row)

    def state(self) -> dict[str, NDArray[Any]]:
        """See `Detector.state`."""
        return self._detector.state()

    def restore(self, state: Mapping[str, NDArray[Any]], rows: NDArray[np.intp]) -> None:
        """See `Detector.restore`."""
        self._detector.restore(state, rows)
