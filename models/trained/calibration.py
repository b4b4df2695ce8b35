"""From a statistic of a healthy device to how rarely it gets there: peaks over a threshold, counted in device-weeks.

Excursions above the 98 % quantile are told apart by an hour below it; their peaks are taken to fall off exponentially
(the tail of the Gumbel class; Leadbetter 1991). So a statistic s is reached once in exp((s - u) / b) / r weeks, where
u is the quantile, b the mean excess of the peaks and r the excursions in a device-week.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.detector import Floats

WEEK_S = 604800.0
BEYOND = 0.02
"""Share of the time above the threshold: far enough out for a tail, near enough for some dozens of excursions."""
APART_S = 3600.0
"""Excursions less than this apart are one: a person would get one ticket."""
THINNEST = 1.0 / 5.0
"""Least mean excess, as a share of what lies between median and threshold: a Gaussian tail's. Days prove no thinner."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The tail of one statistic."""

    threshold: float
    excess: float
    per_week: float


@dataclass(frozen=True, slots=True, eq=False)
class Tails:
    """The tails of S statistics, as arrays."""

    threshold: Floats  # [S]
    excess: Floats  # [S]
    per_week: Floats  # [S]

    def log_weeks(self, statistics: Floats) -> Floats:
        """Natural logarithm of the weeks between two such values on a healthy device, for statistics[..., S]."""
        weeks: Floats = (statistics - self.threshold) / self.excess - np.log(self.per_week)
        return weeks

    def reached(self, log_weeks: float) -> Floats:
        """Which values [S] a healthy device reaches once in so long."""
        values: Floats = self.threshold + self.excess * np.maximum(log_weeks + np.log(self.per_week), 0.0)
        return values


def tail(series: Floats, step_s: float) -> Tail:
    """The tail of series[T, D] of healthy devices, a value every step_s, NaN where unknown. ValueError if all are.

    The mean excess is taken one standard error larger than it was: few excursions may have been lucky ones.
    """
    known = series[~np.isnan(series)]
    if not known.size:
        raise ValueError("nothing known")
    middle, threshold = np.quantile(known, [0.5, 1.0 - BEYOND]).tolist()
    above = peaks(series, threshold, step_s)
    count = max(len(above), 1)
    excess = float((above - threshold).mean()) * (1.0 + count**-0.5) if len(above) else 0.0
    least = max((threshold - middle) * THINNEST, 1e-3 * abs(threshold), 1e-12)
    return Tail(threshold, max(excess, least), count / device_weeks(series, step_s))


def peaks(series: Floats, level: float, step_s: float) -> Floats:
    """The highest value of each excursion of series[T, D] above a level, in order of devices, then time."""
    apart = int(np.ceil(APART_S / step_s))
    by_device = series.T  # [D, T]
    device, time = np.nonzero(by_device > level)
    if not device.size:
        return np.empty(0)
    place = device * (by_device.shape[1] + apart + 1) + time
    begins: NDArray[np.intp] = np.flatnonzero(np.diff(place, prepend=-apart - 1) > apart)
    found: Floats = np.maximum.reduceat(by_device[device, time], begins)
    return found


def device_weeks(series: Floats, step_s: float) -> float:
    """How much is known of series[T, D]."""
    return float(np.count_nonzero(~np.isnan(series))) * step_s / WEEK_S
