"""Stands in for a detector that cannot work: it knows nothing of any device, so rules on its score stay as they are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import PydanticCustomError

from gateway.core.types import Floats
from gateway.pipeline.engine import Engine
from models.detector import Bools, Detector, DetectorPlugin, Explanation


class Silent:
    """A `Detector` whose every score is unknown, and why."""

    warm_up_s = 0.0

    def __init__(self, problem: PydanticCustomError) -> None:
        self.problem = problem
        self._unknown = np.empty((0, 0))

    def update(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        """See `Detector.update`."""
        self._unknown = np.full(values.shape[:2], np.nan)
        return self._unknown

    def health(self) -> Floats:
        """See `Detector.health`."""
        return self._unknown

    def others(self) -> Floats:
        """See `Detector.others`."""
        return self._unknown

    def explain(self, row: int) -> Explanation:
        """See `Detector.explain`."""
        return Explanation(np.nan, np.nan, ())

    def accept(self, rows: Bools) -> None:
        """What is usual is all the same to it."""

    def state(self) -> dict[str, NDArray[Any]]:
        """Nothing."""
        return {}

    def restore(self, state: Mapping[str, NDArray[Any]], rows: NDArray[np.intp]) -> None:
        """Whatever a better one has left is let go: it costs a warm-up."""


def detector(plugin: DetectorPlugin, settings: Any, profile: str, points: Sequence[str], devices: int) -> Detector:
    """A new detector, or a silent one where there can be none."""
    try:
        plugin.check(settings, profile, points)
        return plugin.make(settings, points, devices)
    except PydanticCustomError as problem:
        return Silent(problem)


def silent(engines: Iterable[Engine]) -> Iterator[tuple[str, str, PydanticCustomError]]:
    """Name of the score, profile and reason of every detector that cannot work."""
    for engine in engines:
        for name, each in engine.detectors.items():
            if isinstance(each, Silent):
                yield name, engine.fleet.profile.profile, each.problem
