"""Detectors for rule tests: one that plays written scores, and one that remembers what another one said."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Floats
from models.detector import Bools, Detector, Explanation


class Played:
    """A detector of one device whose scores are written down; at other moments it knows nothing."""

    warm_up_s = 0.0

    def __init__(self, times: Floats, scores: Floats) -> None:
        """Take times[T], increasing, and scores[T]."""
        self._times = times
        self._scores = scores
        self._now = np.nan

    def update(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        """See `Detector.update`."""
        scores = np.full(values.shape[:2], np.nan)
        _, here, there = np.intersect1d(times, self._times, assume_unique=True, return_indices=True)
        scores[here, 0] = self._scores[there]
        self._now = float(scores[-1, 0])
        return scores

    def explain(self, row: int) -> Explanation:
        """Nothing is behind a written score."""
        return Explanation(self._now, np.nan, ())

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
        """Times [T] and scores [T] of the first device, block by block."""
        self._detector = detector

    def update(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        """See `Detector.update`."""
        scores = self._detector.update(times, values, age, frozen)
        self.said.append((times, scores[:, 0]))
        return scores

    def explain(self, row: int) -> Explanation:
        """See `Detector.explain`."""
        return self._detector.explain(row)

    def state(self) -> dict[str, NDArray[Any]]:
        """See `Detector.state`."""
        return self._detector.state()

    def restore(self, state: Mapping[str, NDArray[Any]], rows: NDArray[np.intp]) -> None:
        """See `Detector.restore`."""
        self._detector.restore(state, rows)
