"""Functions over the recent past of one quantity, for all devices at once; what may be asked stands in `functions`.

**A row speaks until the next row.** Values are held, as the board holds them: a row at 08:00:00 followed by one at
08:00:05 counts for five seconds. NaN counts for nothing.

**What counts at time t:** time is cut into buckets of a sixtieth of the window, aligned to absolute time; the bucket of
t and the 59 before it count. So a window of 1h reaches back between 59 and 60 minutes, never further, and needs the
memory of 60 rows. Cutting the same rows into other blocks gives the same bits.

**When a window is unknown:** while less than half of its length is known. `rate` and `delta` need the value now and the
value at the beginning of the window; `stuck` needs all of it, but one change is enough to say no.
"""

from abc import abstractmethod

import numpy as np

from rules.vocabulary import Bools, Floats
from rules.windows.past import Beginning, Growth, Peak, begin_of, held
from rules.windows.window import SLACK_S, Sized, Window

_SHORTEST_ERA_S = 21_600.0


class _Integrals(Window):
    """Windows made of time integrals: of "known", of x, of x squared.

    x is taken relative to a value that its device had, so that the totals stay small and a constant series has exactly
    its own average. Totals and that value are renewed in every *era*, a stretch of absolute time at least as long as
    the window: a wild reading, or a year of uptime, must not cost the digits of all that follows.
    """

    paced = True
    powers = 1

    def __init__(self, length_s: float, devices: int) -> None:
        super().__init__(length_s, devices)
        self._origin = np.full(devices, np.nan)
        self._growth = Growth(length_s, 1 + self.powers, devices)
        self._era_s = max(length_s, _SHORTEST_ERA_S)
        self._era = np.nan

    def _memory(self) -> tuple[Sized, ...]:
        return self._growth, self._origin

    def _value(self, times: Floats, x: Floats, known: Bools) -> Floats:
        eras = np.floor(times / self._era_s)
        if eras[0] == eras[-1]:
            return self._within_era(eras[0], times, x, known)
        begins = np.flatnonzero(np.diff(eras, prepend=np.nan))
        parts = [slice(begin, end) for begin, end in zip(begins, [*begins[1:], len(times)], strict=True)]
        return np.concatenate([self._within_era(eras[p.start], times[p], x[p], known[p]) for p in parts])

    def _within_era(self, era: float, times: Floats, x: Floats, known: Bools) -> Floats:
        if era != self._era:
            self._era = era
            self._renew()
        self._notice_first(x, known)
        slopes = np.empty((len(times), 1 + self.powers, self.devices))
        slopes[:, 0] = known
        slopes[:, 1] = np.where(known, x - self._origin, 0.0)
        for power in range(2, 1 + self.powers):
            slopes[:, power] = slopes[:, 1] ** power
        grown = self._growth.feed(times, slopes)
        return self._if_enough(grown[:, 0], self._of_integrals(grown))

    def _renew(self) -> None:
        """From now on take x relative to its last value, and let the totals begin at 0."""
        last = self._growth.slopes
        shift = np.where(last[0] > 0, -last[1], 0.0)
        self._origin = self._origin - shift

        def shifted(integrals: Floats) -> Floats:
            known, first, *second = np.moveaxis(integrals, -2, 0)
            moved = [known, first + shift * known, *(of + shift * (2.0 * first + shift * known) for of in second)]
            return np.stack(moved, axis=-2)

        self._growth.renew(shifted)

    @abstractmethod
    def _of_integrals(self, grown: Floats) -> Floats:
        """Compute the function from the integrals [T, 1 + powers, D] over the window."""

    def _notice_first(self, x: Floats, known: Bools) -> None:
        if np.isnan(self._origin).any():
            row = known.argmax(axis=0)
            seen = np.where(known.any(axis=0), x[row, np.arange(self.devices)], np.nan)
            self._origin = np.where(np.isnan(self._origin), seen, self._origin)


class Average(_Integrals):
    """Time-weighted mean of the known part. Of a condition: the share of the known time in which it was true."""

    def _of_integrals(self, grown: Floats) -> Floats:
        return self._origin + grown[:, 1] / grown[:, 0]


class Total(_Integrals):
    """Integral over the known part, in x times seconds: the sum of kW is kJ, and divided by 3600 it is kWh."""

    def _of_integrals(self, grown: Floats) -> Floats:
        return self._origin * grown[:, 0] + grown[:, 1]


class Deviation(_Integrals):
    """Time-weighted standard deviation of the known part."""

    powers = 2

    def _of_integrals(self, grown: Floats) -> Floats:
        mean = grown[:, 1] / grown[:, 0]
        return np.sqrt(np.maximum(grown[:, 2] / grown[:, 0] - mean * mean, 0.0))


class Change(Window):
    """Value now less the value that was held when the window began."""

    paced = True

    def __init__(self, length_s: float, devices: int) -> None:
        super().__init__(length_s, devices)
        self._beginning = Beginning(length_s, devices)

    def _memory(self) -> tuple[Sized, ...]:
        return (self._beginning,)

    def _value(self, times: Floats, x: Floats, known: Bools) -> Floats:
        x = np.where(known, x, np.nan)
        then, x_then = self._beginning.feed(times, x)
        return self._per(x - x_then, times - then)

    def _per(self, change: Floats, _seconds: Floats) -> Floats:
        return change


class Rate(Change):
    """Change per second since the row that was held when the window began; exact on a ramp, however sparse the rows."""

    def _per(self, change: Floats, seconds: Floats) -> Floats:
        return change / seconds[:, None]


class Rises(Window):
    """How often a condition went from false to true; unknown in between neither makes nor hides a rise."""

    paced = True

    def __init__(self, length_s: float, devices: int) -> None:
        super().__init__(length_s, devices)
        self._growth = Growth(length_s, 2, devices)
        self._last = np.full(devices, np.nan)

    def _memory(self) -> tuple[Sized, ...]:
        return self._growth, self._last

    def _value(self, times: Floats, x: Floats, known: Bools) -> Floats:
        states = np.concatenate([self._last[None], x])
        gaps = np.flatnonzero(np.isnan(states).any(axis=0))
        states[:, gaps] = held(states[:, gaps])
        self._last = states[-1].copy()
        slopes, jumps = np.zeros((2, len(times), 2, self.devices))
        slopes[:, 0] = known
        jumps[:, 1] = (states[:-1] == 0) & (states[1:] > 0)
        grown = self._growth.feed(times, slopes, jumps)
        return self._if_enough(grown[:, 0], grown[:, 1])


class Highest(Window):
    """Highest known value, the one held when the window began and the one of this row included."""

    paced = True
    sign = 1.0

    def __init__(self, length_s: float, devices: int) -> None:
        super().__init__(length_s, devices)
        self._peak = Peak(length_s, 1, devices)
        self._growth = Growth(length_s, 1, devices)

    def _memory(self) -> tuple[Sized, ...]:
        return self._peak, self._growth

    def _value(self, times: Floats, x: Floats, known: Bools) -> Floats:
        peak = self._peak.feed(times, np.where(known, self.sign * x, -np.inf)[:, None])[:, 0]
        known_s = self._growth.feed(times, known[:, None].astype(float))[:, 0]
        return self._if_enough(known_s, self.sign * peak)


class Lowest(Highest):
    """Lowest known value, likewise."""

    sign = -1.0


class Stuck(Window):
    """1 if the value was known through the window and never changed, 0 as soon as it did change, NaN in between."""

    paced = True

    def __init__(self, length_s: float, devices: int) -> None:
        super().__init__(length_s, devices)
        self._peak = Peak(length_s, 2, devices)
        self._growth = Growth(length_s, 1, devices)

    def _memory(self) -> tuple[Sized, ...]:
        return self._peak, self._growth

    def _value(self, times: Floats, x: Floats, known: Bools) -> Floats:
        both_ways = np.where(known[:, None], np.stack([x, -x], axis=1), -np.inf)
        peaks = self._peak.feed(times, both_ways)
        moved = peaks[:, 0] > -peaks[:, 1]
        known_s = self._growth.feed(times, known[:, None].astype(float))[:, 0]
        whole = known & (known_s >= (times - begin_of(times, self.length_s))[:, None] - SLACK_S)
        return np.where(moved, 0.0, np.where(whole, 1.0, np.nan))
