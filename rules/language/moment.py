"""Functions of several numbers of the same moment, each [T, D] or anything that broadcasts to it; NaN in, NaN out.

One entry per function, as in `functions`.
"""

from collections.abc import Mapping
from functools import reduce

import numpy as np

from rules.language.entries import OverPoints
from rules.vocabulary import Floats

_ANY = "when one of them is unknown"


def lowest(*numbers: Floats) -> Floats:
    """The smallest."""
    return reduce(np.minimum, numbers)


def highest(*numbers: Floats) -> Floats:
    """The largest."""
    return reduce(np.maximum, numbers)


def mean(*numbers: Floats) -> Floats:
    """Their mean."""
    return reduce(np.add, numbers) / len(numbers)


def median(*numbers: Floats) -> Floats:
    """The one in the middle, or the mean of the two there."""
    of: Floats = np.median(np.stack(np.broadcast_arrays(*numbers)), axis=0)
    return of


def spread(*numbers: Floats) -> Floats:
    """The largest less the smallest."""
    return highest(*numbers) - lowest(*numbers)


def during(number: Floats, condition: Floats) -> Floats:
    """The number while the condition, as 0 and 1, is true; unknown at all other times."""
    return np.where(condition > 0.0, number, np.nan)


OVER_POINTS: Mapping[str, OverPoints] = {
    "abs": OverPoints(
        usage="abs(x)",
        doc="x without its sign",
        example="abs(pressure - set_pressure) > 0.03",
        unknown="when x is unknown",
        least=1,
        most=1,
        of=np.abs,
    ),
    "min": OverPoints(
        usage="min(x, y, …)",
        doc="the smallest",
        example="min(pressure, suction_pressure) < 0.02 MPa",
        unknown=_ANY,
        of=lowest,
    ),
    "max": OverPoints(
        usage="max(x, y, …)",
        doc="the largest",
        example="max(bearing_temp, ambient_temp) > 80 °C",
        unknown=_ANY,
        of=highest,
    ),
    "mean": OverPoints(
        usage="mean(x, y, …)",
        doc="the mean of several points at this moment",
        example="mean(bearing_temp, ambient_temp) > 55 °C",
        unknown=_ANY,
        of=mean,
    ),
    "median": OverPoints(
        usage="median(x, y, …)",
        doc="the one in the middle; of an even number the mean of the two in the middle",
        example="bearing_temp_1 > median(bearing_temp_1, bearing_temp_2, bearing_temp_3) + 15 °C",
        unknown=_ANY,
        of=median,
    ),
    "spread": OverPoints(
        usage="spread(x, y, …)",
        doc="the largest less the smallest",
        example="running and spread(bearing_temp, ambient_temp) > 50 °C",
        unknown=_ANY,
        of=spread,
    ),
    "clip": OverPoints(
        usage="clip(x, low, high)",
        doc="x, but not below low and not above high",
        example="avg(clip(vibration, 0, 20), 5m) > 5.1 mm/s",
        unknown=_ANY,
        least=3,
        most=3,
        of=np.clip,
    ),
    "during": OverPoints(
        usage="during(x, cond)",
        doc="x while cond is true; at all other times unknown, so that no window counts it; one is known while half"
        " of it counts",
        example="avg(during(vibration, running), 6h) > 1.2 * ago(avg(during(vibration, running), 6h), 1w)",
        unknown="when x is unknown, and unless cond is true",
        most=2,
        of=during,
        condition=True,
    ),
}
