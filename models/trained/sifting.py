"""Which points of a profile a trained model looks at: measurements, not counters, switches, codes and constants.

A counter is new at every moment and a switch has no usual distance; both tell of the regime, which shows in speed, flow
and power as well.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.detector import Floats

FEW = 4
"""Values that a switch or a code has at most."""
RISES_PER_FALL = 10.0
"""A point that rises this much more often than it falls is a counter, even one that is reset now and then."""
RARELY = 0.5
"""A point that is unknown for more than this share of the time would be mostly made up."""


def sift(points: Sequence[str], levels: Floats, readings: Floats) -> tuple[NDArray[np.intp], dict[str, str]]:
    """Columns that are measurements, and why others are not: levels and single readings [K, D, P] in order of time."""
    known = (~np.isnan(levels)).mean(axis=(0, 1)) if levels.size else np.zeros(len(points))
    left_out = {}
    for number, name in enumerate(points):
        kind = "unknown" if known[number] < RARELY else _kind(readings[:, :, number])
        if kind != "measurement":
            left_out[name] = kind
    return np.array([i for i, name in enumerate(points) if name not in left_out], dtype=np.intp), left_out


def _kind(readings: Floats) -> str:
    """What readings[K, D] of one point are."""
    values = [column[~np.isnan(column)] for column in readings.T]
    distinct = max(len(np.unique(each)) for each in values)
    if distinct <= 1:
        return "constant"
    if distinct <= FEW:
        return "switch"
    moves = np.concatenate([np.diff(each) for each in values])
    return "counter" if (moves > 0).sum() > RISES_PER_FALL * (moves < 0).sum() else "measurement"
