"""What a condition may speak of: names when it is compiled, arrays when it is evaluated. Axis order is T, D, P."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Scalar = TypeVar("Scalar", np.float64, np.bool_)


SAID: Mapping[str, tuple[float, float]] = {"score": (0.0, 1.0), "health": (0.0, 100.0), "others": (0.0, 1.0)}
"""What every detector says of a device, written `score.NAME`, and its lowest and highest value.

`others` is the score that is left if the one point that drives it most is not believed.
"""


class Calendar(Protocol):
    """The clock and the calendar on the wall of a site."""

    def wall(self, times: Floats) -> Floats:
        """Times [T], in seconds since 1970, as the clock on the wall shows them: seconds since its 1970-01-01 [T]."""
        ...

    def workday(self, times: Floats) -> Bools:
        """Whether people work on the day of each time [T]."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The names that conditions about the D devices of one profile may use."""

    points: tuple[str, ...]
    """Point names in column order, [P]."""
    units: Mapping[str, str]
    """Unit by point; "" or absent where a point has none."""
    ratings: Mapping[str, Floats]
    """Constants by name, [D]; NaN where a device lacks it."""
    scores: tuple[str, ...]
    """Names of detectors, each of which says what stands in `SAID`: `score.NAME` and so on."""
    devices: int
    calendar: Calendar
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Lowest and highest value by point; beyond them a driver makes it unknown. Absent where there is no limit."""

    @property
    def said(self) -> tuple[str, ...]:
        """What detectors say, as it is written: `score.usual`."""
        return tuple(f"{what}.{name}" for name in self.scores for what in SAID)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The rows that a condition is evaluated over. NaN is unknown."""

    times: Floats
    """[T] seconds since 1970, strictly increasing."""
    values: Floats
    """[T, D, P]"""
    age: Floats
    """[T, D, P] seconds since the last good value; inf if there never was one."""
    scores: Mapping[str, Floats]
    """[T, D] by what detectors say, as it is written: `score.usual`."""
    calendar: Calendar
    _found: dict[object, Floats] = field(default_factory=dict, init=False)

    @property
    def shape(self) -> tuple[int, int]:
        """(T, D)."""
        return self.values.shape[0], self.values.shape[1]

    def full(self, result: NDArray[Scalar]) -> NDArray[Scalar]:
        """What a closure gave for this frame, as [T, D]."""
        return result if result.shape == self.shape else np.broadcast_to(result, self.shape)

    def point(self, column: int) -> Floats:
        """One point of all devices in one piece, [T, D]."""
        return self.once(column, lambda frame: np.ascontiguousarray(frame.values[..., column]))

    def once(self, name: object, of: Callable[[Self], Floats]) -> Floats:
        """What a closure gives for this frame, worked out when the name is first asked for."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = of(self)
        return found

    def rows(self, begin: int, end: int) -> "Frame":
        """Part of the rows, as views."""
        scores = {name: score[begin:end] for name, score in self.scores.items()}
        part = slice(begin, end)
        return Frame(self.times[part], self.values[part], self.age[part], scores, self.calendar)
