"""When a drifting quantity will reach a limit: the line through what was seen, if there is one at all.

The window is looked at 60 times, at whole minutes; a look sees the value that is held. Through the looks goes the line
of Theil and Sen (Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968): its slope is the median
of the slopes of all pairs, so that a wild day or a missing one decides nothing, and a daily swing, which the looks meet
in all its phases, cancels out.

Whether there is a trend is told by Sen's interval around that median, from the variance of Kendall's S. If zero lies
within it, the quantity goes nowhere and the answer is unknown.
"""

import numpy as np
from numpy.typing import NDArray

from rules.vocabulary import Bools, Floats
from rules.windows.looks import Eye
from rules.windows.past import BUCKETS
from rules.windows.window import KNOWN_SHARE, Sized, Window

LOOK_S = 60.0
SHORTEST_S = BUCKETS * LOOK_S
SURE = 3.09
"""Normal deviate of one in a thousand: so many windows of noise show a trend upwards, rather than one in twenty, for a
rule asks day by day, of many devices."""
_AT_ONCE = 512
_FIRST, _SECOND = np.triu_indices(BUCKETS, 1)


class Trend(Window):
    """Seconds until the line through the last `length_s` reaches the limit."""

    def __init__(self, devices: int, limit: float, length_s: float) -> None:
        super().__init__(length_s, devices)
        self._limit = limit
        self._bucket_s = np.ceil(length_s / SHORTEST_S) * LOOK_S
        self.learn_s = (BUCKETS + 2) * self._bucket_s
        self._eye = Eye(self._bucket_s, BUCKETS, devices)
        self._looks = np.full((BUCKETS, devices), np.nan)
        self._reached_at = np.full((1, devices), np.nan)  # as of the last look

    def _value(self, times: Floats, x: Floats, known: Bools) -> Floats:
        seen = self._eye.feed(times, np.where(known, x, np.nan))
        reached_at = np.broadcast_to(self._reached_at, x.shape)
        if seen is not None:
            looks = np.concatenate([self._looks, seen.looks])
            at_once = looks[seen.ends[:, None] + np.arange(BUCKETS)].swapaxes(1, 2)  # [N, D, BUCKETS]
            last_s = seen.numbers[seen.ends - 1] * self._bucket_s
            ahead_s = steps_to(at_once, self._limit) * self._bucket_s
            whole = np.concatenate([self._reached_at, last_s[:, None] + ahead_s])
            self._looks, self._reached_at = looks[-BUCKETS:].copy(), whole[-1:]
            reached_at = whole[seen.counts]
        left_s = reached_at - times[:, None]
        return np.where(left_s > 0.0, left_s, np.nan)

    @property
    def grid(self) -> str:
        """How it cuts time."""
        return f"{BUCKETS} looks, {self._bucket_s / 60.0:g} min apart"

    def _memory(self) -> tuple[Sized, ...]:
        return self._eye, self._looks, self._reached_at


def steps_to(looks: Floats, limit: float) -> Floats:
    """Steps from the last of looks[..., BUCKETS] until their line reaches the limit; NaN where there is no trend to it.

    What is beyond the limit already, or moves away from it, is not on its way to it.
    """
    flat = looks.reshape(-1, BUCKETS)
    steps = np.concatenate([_steps(flat[i : i + _AT_ONCE], limit) for i in range(0, len(flat), _AT_ONCE)])
    return steps.reshape(looks.shape[:-1])


def _steps(looks: Floats, limit: float) -> Floats:
    """The same for looks[N, BUCKETS]."""
    known = BUCKETS - np.isnan(looks).sum(axis=1)
    slopes = np.sort((looks[:, _SECOND] - looks[:, _FIRST]) / (_SECOND - _FIRST), axis=1)  # NaN goes to the end
    pairs = known * (known - 1) // 2
    slope = _middle(slopes, pairs)
    margin = SURE * np.sqrt(known * (known - 1.0) * (2.0 * known + 5.0) / 18.0)
    low, high = np.floor((pairs - margin) / 2.0).astype(np.intp) - 1, np.ceil((pairs + margin) / 2.0).astype(np.intp)
    enough = (known >= KNOWN_SHARE * BUCKETS) & (low >= 0) & (high < pairs)
    rises = enough & (_at(slopes, low) > 0.0)
    falls = enough & (_at(slopes, high) < 0.0)
    levels = np.sort(looks + slope[:, None] * (BUCKETS - 1.0 - np.arange(BUCKETS)), axis=1)
    away = limit - _middle(levels, known)
    on_its_way = np.where(rises, away > 0.0, falls & (away < 0.0))
    steps = np.full(len(looks), np.nan)
    np.divide(away, slope, out=steps, where=on_its_way)
    return steps


def _middle(ordered: Floats, count: NDArray[np.integer]) -> Floats:
    """The median of the first count[N] of ordered[N, L]; of none, whatever stands there."""
    middle: Floats = (_at(ordered, np.maximum(count - 1, 0) // 2) + _at(ordered, count // 2)) / 2.0
    return middle


def _at(ordered: Floats, place: NDArray[np.integer]) -> Floats:
    found: Floats = ordered[np.arange(len(ordered)), np.clip(place, 0, ordered.shape[1] - 1)]
    return found
