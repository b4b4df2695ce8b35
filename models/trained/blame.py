"""Says which points make a trained score, what the others would have them read, and what would still be usual.

Reconstruction-based contributions (Alcala and Qin, 2009): T² and Q are z' M z, least along point p where z_p is
z_p - (M z)_p / M_pp; what the statistic loses by that, (M z)_p² / M_pp, is the point's part in it. The foremost point
is put right before the next one is looked for, so that a neighbour of it is not blamed for its deviation.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from models.detector import Bools, Contribution, Floats
from models.trained.bundle import Bundle

TICKET_LOG_WEEKS = float(np.log(0.95 / 0.05))
"""A score of 0.95 is worth a ticket: a healthy device gets there once in 19 weeks."""
FOREMOST = 0.1
"""Points with less than this share of the foremost one's part are left out."""


class _Part(NamedTuple):
    """One point's part in a statistic, in standard deviations."""

    point: int
    part: float
    expected: float
    reach: float  # how far off it may lie, were all others as they should be


def blamed(bundle: Bundle, levels: Floats, statistics: Floats, allowance: Floats) -> tuple[Contribution, ...]:
    """The points of one device behind its rarest statistic, largest share first; levels[F], the others [S].

    Beyond its band [low, high] a point would be worth a ticket, were all the others as they should be.
    """
    subspace, tails = bundle.scorer.subspace, bundle.tails
    which = int(tails.log_weeks(statistics / allowance).argmax())
    z, known = subspace.standard(levels[None])[0], ~np.isnan(levels)
    if which == 0:
        return (_farthest(bundle, levels, np.where(known, z, 0.0)),)
    limit = tails.reached(TICKET_LOG_WEEKS + np.log(len(statistics)))[which] * allowance[which]
    parts = list(_parts(subspace.within if which == 1 else subspace.off, z, known, float(limit)))
    whole = sum(part.part for part in parts)
    return tuple(
        Contribution(
            bundle.manifest.features[point],
            share=part / whole,
            value=float(levels[point]),
            expected=float(subspace.mean[point] + subspace.scale[point] * expected),
            low=float(subspace.mean[point] + subspace.scale[point] * (expected - reach)),
            high=float(subspace.mean[point] + subspace.scale[point] * (expected + reach)),
        )
        for point, part, expected, reach in parts
    )


def _parts(matrix: Floats, z: Floats, known: Bools, limit: float) -> Iterator[_Part]:
    """The points that lift z' M z, each once those before it are put right."""
    z, own, left, first = z.copy(), np.maximum(np.diag(matrix), 1e-9), known.copy(), 0.0
    while left.any():
        slope = matrix @ z
        parts = np.where(left, slope**2 / own, -1.0)
        point = int(parts.argmax())
        if parts[point] <= FOREMOST * first:
            return
        first = first or float(parts[point])
        z[point] -= slope[point] / own[point]
        left[point] = False
        yield _Part(point, float(parts[point]), float(z[point]), limit / float(np.sqrt(own[point])))


def _farthest(bundle: Bundle, levels: Floats, z: Floats) -> Contribution:
    """A forest does not say what it looked at; the point that lies farthest out stands for it."""
    point = int(np.abs(z).argmax())
    low, mean, high = (float(bundle.arrays[name][point]) for name in ("low", "mean", "high"))
    name = bundle.manifest.features[point]
    return Contribution(name, share=1.0, value=float(levels[point]), expected=mean, low=low, high=high)
