"""The contract of an anomaly detector: arrays in, one score per device out.

A score is in [0, 1] and means the same for every device and profile: 0.5 that lasts is worth a ticket, 0.95 is worth
a look even if it was a single moment. Health goes from 0 to 100. NaN is "I do not know": warming up, or too little is
known of the device. Detectors never see a device, a clock or a file; they are told times and values, all devices of a
profile at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Contribution:
    """One channel's part in a score: what it was, what was expected, and how far outside that lies."""

    point: str
    share: float
    value: float
    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a device scores as it does now: the channels that drive it, largest first, and since when."""

    score: float
    since: float
    channels: tuple[Contribution, ...]


class Detector(Protocol):
    """A streaming detector over the D devices of one profile with P points; a deep copy of it goes its own way."""

    warm_up_s: float
    """Site time of fresh readings that a device needs before its score is known."""

    def update(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        """Score times[T], values[T, D, P] (NaN = unknown), age[T, D, P] seconds; returns scores[T, D].

        A value is fresh in row t when its age is less than the step from row t-1; held values are not evidence and
        are not learnt. `frozen[D]` names devices with a firing alert: they are scored but not learnt from.
        Cutting the same rows into other blocks gives the same scores.
        """
        ...

    def health(self) -> Floats:
        """How well each device is in each row of the last update, [T, D]: 100 at its best, at 50 somebody should go."""
        ...

    def others(self) -> Floats:
        """What is left of each score of the last update once the one point that drives it most is not believed, [T, D].

        Near the score: several points agree that something has changed. Near 0: one does, and may be lying. At most the
        score, NaN where that is, or if the detector cannot tell.
        """
        ...

    def accept(self, rows: Bools) -> None:
        """A person says that what devices rows[D] do now is usual: relearn their reference from here on."""
        ...

    def explain(self, row: int) -> Explanation:
        """Why device `row` scores as it did in the last row of the last update."""
        ...

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything learnt, as named arrays whose first axis is D (or scalars as 0-d arrays)."""
        ...

    def restore(self, state: Mapping[str, NDArray[Any]], rows: NDArray[np.intp]) -> None:
        """Take up a state; device i of ours was row rows[i] then, or -1 if it is new. Raises ValueError if foreign."""
        ...


def _right(settings: Any, profile: str, points: Sequence[str]) -> None:
    """There is nothing to check."""


@dataclass(frozen=True, slots=True)
class DetectorPlugin:
    """What a detector package registers under the entry point group `gateway.detectors`."""

    name: str
    settings: type[BaseModel]
    make: Callable[[Any, Sequence[str], int], Detector]
    """(settings, point names [P], number of devices D) -> detector. May raise what `check` raises."""
    check: Callable[[Any, str, Sequence[str]], None] = _right
    """(settings, profile, point names [P]); raises PydanticCustomError if no device of that profile can be scored.

    Then its scores are unknown, `gateway check` warns and health is degraded; the site starts all the same. The
    context's "key" names the setting at fault.
    """
