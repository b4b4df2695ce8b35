"""What the doctor says of one value: its readings in order of probability, and the reasons for the first of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from drivers.modbus.doctor.candidates import Candidate, Floats, Words
from drivers.modbus.doctor.quantities import Expected, Met
from drivers.plan import Table

Conduct = Literal["steady", "grows", "smooth", "jumps", "unknown"]
"""How a value behaves from sample to sample."""


_COUNTED = 5e-4  # what a counter gains from one sample to the next, at most


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence, for people: a kind, the English sentence with {places}, and what goes there."""

    kind: str
    english: str
    words: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Types of one width that read the same, the most probable first, and their value in each sample [S]."""

    candidates: tuple[Candidate, ...]
    values: Floats
    share: float
    """Probability that this is what the registers mean."""

    @property
    def candidate(self) -> Candidate:
        """The type to write into a profile."""
        return self.candidates[0]

    @property
    def last(self) -> float:
        """The value in the last sample, without any scale."""
        return float(self.values[-1])

    @property
    def whole(self) -> bool:
        """Whether the type holds whole numbers."""
        return self.candidate.kind not in ("f32", "f64")

    @property
    def shown(self) -> str:
        """The value, as short as the type allows."""
        return number(self.last, self.candidate)


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A value of the device: where it is, what its registers hold, and what that most likely is."""

    table: Table
    address: int
    words: Words  # [S, width]
    readings: tuple[Reading, ...]  # the best first; one of another width may be among the rest
    reasons: tuple[Reason, ...] = ()
    text: str = ""
    met: Met | None = None
    expected: Expected | None = None

    @property
    def width(self) -> int:
        """Registers that it takes."""
        return int(self.words.shape[1])

    @property
    def empty(self) -> bool:
        """Whether there is nothing to judge: zeros in every sample."""
        return not self.text and not self.words.any()

    @property
    def best(self) -> Reading:
        """The most probable reading."""
        return self.readings[0]

    @property
    def scale(self) -> float:
        """What the number must be multiplied by, as far as that is known."""
        if self.expected is not None:
            return self.expected.scale(self.best.last) or 1.0
        return self.met.scale if self.met else 1.0

    @property
    def unit(self) -> str:
        """The unit, where the size gives it away."""
        return self.met.quantity.unit if self.met is not None and self.met.scale == self.scale else ""

    @property
    def conduct(self) -> Conduct:
        """How the best reading behaves."""
        return conduct(self.best.values)


def conduct(values: Floats) -> Conduct:
    """Of the samples of one value."""
    if len(values) < 2 or not np.isfinite(values).all():
        return "unknown"
    changes = np.diff(values)
    if not changes.any():
        return "steady"
    largest = np.abs(values).max()
    if (changes >= 0).all() and len(values) > 2 and changes.max() <= _COUNTED * largest:
        return "grows"
    return "smooth" if np.abs(changes).max() <= 0.2 * largest else "jumps"


def number(value: float, candidate: Candidate) -> str:
    """A value as short as its type allows: a float of 32 bits has no more than nine digits."""
    if not np.isfinite(value):
        return "-"
    if candidate.kind not in ("f32", "f64"):
        return str(int(value))
    if not 1e-4 <= abs(value) < 1e9:
        return f"{value:.3g}"
    if candidate.kind == "f32":
        return np.format_float_positional(np.float32(value), trim="-")
    return np.format_float_positional(value, trim="-", precision=10, fractional=False)
