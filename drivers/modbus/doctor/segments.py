"""Cuts a run of registers into values, in all ways at once, and says how probable each value is. Pure.

A hidden semi-Markov model: from left to right, each value is of a type that takes 1, 2 or 4 registers; the next one is
mostly of the same type. The forward and backward sums over all ways to cut (Rabiner 1989, section IV.D) give the
probability that a value of type k begins at address a, whatever the rest is.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drivers.modbus.doctor.candidates import WIDTHS, Floats

_SAME = 0.6  # the next value is of the same type
_STAY, _SWITCH = float(np.log(_SAME)), float(np.log(1.0 - _SAME))


class Sums(NamedTuple):
    """Log probabilities under O hypotheses: of a value of type k at address a, and of the whole run."""

    begins: Floats  # [O, N, K]
    run: Floats  # [O]


def sums(emit: Floats, alike: Floats, prior: Floats) -> Sums:
    """Sum over all ways to cut N registers; `emit` [N, O, K], `alike` [N, K], `prior` [O, K].

    `emit` is -inf where a type does not fit.
    """
    size, _, kinds = emit.shape
    ended = np.full((size + 1, len(prior), kinds), -np.inf)  # a value of type k ended before address a
    enters = np.empty((size, len(prior), kinds))
    for a in range(size):
        any_ended = np.logaddexp.reduce(ended[a], axis=-1, keepdims=True) if a else np.zeros((len(prior), 1))
        fresh = prior + any_ended + (_SWITCH if a else 0.0)
        enters[a] = np.logaddexp(fresh, _STAY + ended[a] + alike[a])
        for width in (1, 2, 4):
            of_width = width == WIDTHS
            if a + width <= size:
                ended[a + width][:, of_width] = enters[a][:, of_width] + emit[a][:, of_width]
    goes_on = _backward(emit, alike, prior)
    run = np.logaddexp.reduce(ended[size], axis=-1)
    return Sums((enters + goes_on).transpose(1, 0, 2) - run[:, None, None], run)


def _backward(emit: Floats, alike: Floats, prior: Floats) -> Floats:
    """Log probability of everything from a on, if a value of type k begins there, [N, O, K]."""
    size, _, kinds = emit.shape
    follows = np.zeros((size + 1, len(prior), kinds))  # of what follows a value of type k that ended before a
    goes_on = np.full((size, len(prior), kinds), -np.inf)
    for a in range(size - 1, -1, -1):
        for width in (1, 2, 4):
            of_width = width == WIDTHS
            if a + width <= size:
                goes_on[a][:, of_width] = emit[a][:, of_width] + follows[a + width][:, of_width]
        fresh = np.logaddexp.reduce(prior + goes_on[a], axis=-1, keepdims=True)
        follows[a] = np.logaddexp(_SWITCH + fresh, _STAY + alike[a] + goes_on[a])
    return goes_on


def best_cut(share: Floats) -> list[tuple[int, int]]:
    """The cut with the most registers expected right, as (address, width); `share` [N, K] are probabilities."""
    size = len(share)
    by_width = {width: share[:, width == WIDTHS].sum(axis=1) for width in (1, 2, 4)}
    best = np.zeros(size + 1)
    choice: NDArray[np.intp] = np.ones(size, dtype=np.intp)
    for a in range(size - 1, -1, -1):
        worth = {w: w * by_width[w][a] + best[a + w] for w in (1, 2, 4) if a + w <= size}
        choice[a] = max(worth, key=lambda width: worth[width])
        best[a] = worth[int(choice[a])]
    cut, a = [], 0
    while a < size:
        cut.append((a, int(choice[a])))
        a += int(choice[a])
    return cut
