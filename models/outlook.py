"""What is settled about coming steps before they are judged: what they rest on, and how much each will teach.

Judging and learning go step by step; whatever need not is worked out here for all finished steps of a block at once.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from models.daily import day_move
from models.detector import Bools, Floats
from models.experience import rate
from models.tails import TailRates


@dataclass(frozen=True, slots=True)
class Sight:
    """K finished steps as they were gathered."""

    times: Floats  # [K]
    gaps_s: Floats  # [K] since the step before
    mean: Floats  # [K, D, P] NaN where nothing fresh came
    inverse: Floats  # [K, D, P] one over the readings it rests on
    variance: Floats  # [K, D, P] of single readings, NaN if unknown
    row: Floats  # [K, D, P] where the points stand when the step is finished
    known: Bools  # [K, D, P] which of these are known
    fresh: Bools  # [K, D, P]
    lived: Bools  # [K, D, P] which points have been seen by then
    stands_for_s: Floats  # [K, D, P] site time of the fresh ones, else 0
    several: list[bool]  # [K] whether any point had several readings

    def __getitem__(self, part: slice) -> Self:
        """Some of the steps."""
        return type(self)(*(getattr(self, field.name)[part] for field in fields(self)))

    def __len__(self) -> int:
        """How many steps."""
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The coming K steps, as long as no device becomes suspect or ceases to be."""

    willing: Floats  # [K, D] share of each step that is learnt
    doubted_s: Floats  # [K, D] how long each device will have been suspect or frozen
    learns_s: Floats  # [K, D, P] site time that is learnt
    learnt_s: Floats  # [K + 1, D, P] before each step, and after the last
    hidden: Bools  # [K, D, 1, P] points that are not judged
    hides: list[bool]  # [K] whether there are such points
    looks: Floats  # [K, D] log of how many statistics are judged, -inf for none


@dataclass(frozen=True, slots=True)
class Lessons:
    """How strongly each part learns from the coming K steps."""

    ignored: Bools  # [K, D, P] points that teach nothing
    leaves_out: list[bool]  # [K] whether there are such points
    day: Floats  # [K, D, P]
    relations: Floats  # [K, D, P]
    spread: Floats  # [K, D, P]
    tails: TailRates

    @classmethod
    def of(cls, learns_s: Floats, learnt_s: Floats, first_s: float) -> Self:
        """For learns_s[K, D, P] seconds after learnt_s[K, D, P]: the usual day first, then relations, spreads, tails.

        Each waits half a day or a day (a sixth or a third of the warm-up) for what it builds on.
        """
        ignored = learns_s <= 0.0
        return cls(
            ignored,
            flags(ignored),
            day_move(learnt_s, learns_s, first_s),
            rate(learnt_s, learns_s, first_s),
            rate(learnt_s, learns_s, 1.5 * first_s),
            TailRates.of(rate(learnt_s, learns_s, 2.0 * first_s)),
        )


def flags(points: Bools) -> list[bool]:
    """Whether any of points[K, D, P] is set in each of K steps."""
    some: Bools = np.logical_or.reduce(points, axis=(1, 2))
    return [bool(flag) for flag in some]
