"""Bodies that warm slowly: what a joint, a winding or a wet cable has seen of the last hours."""

from collections.abc import Callable

import numpy as np

from simulators.plant.machine import LAG_AGES, Floats

_LATTICE_S = 300.0


def seen(drive: Callable[[Floats], Floats], times: Floats, *taus_s: float) -> list[Floats]:
    """What bodies with these time constants have seen of a drive, each [T, 12]: equal parts of their memory.

    The drive is smooth over five minutes and asked for once per five minutes. One reading or a month of them: each
    value is the same, as that lattice does not depend on the times.
    """
    on = np.concatenate([(times[:, None] - LAG_AGES * tau_s).ravel() for tau_s in taus_s])
    return [part.reshape(len(times), len(LAG_AGES)) for part in np.split(_between(drive, on), len(taus_s))]


def _between(drive: Callable[[Floats], Floats], at: Floats) -> Floats:
    """The drive between two points of the lattice, on a straight line."""
    place = at / _LATTICE_S
    before = np.floor(place)
    part = place - before
    first = before.min(initial=np.inf)
    count = before.max(initial=-np.inf) - first
    if not at.size or count > at.size:
        left, right = np.split(drive(np.concatenate((before, before + 1.0)) * _LATTICE_S), 2)
    else:
        nodes = drive((first + np.arange(count + 2.0)) * _LATTICE_S)
        number = (before - first).astype(np.int64)
        left, right = nodes[number], nodes[number + 1]
    joined: Floats = left + (right - left) * part
    return joined
