"""From deviations and records to one score per device, and from the score to whether the device is learnt from.

A score promises two things of a healthy device (`docs/explanation/scores.md` has what was measured):

- 0.5, lasting: it stays over 0.5 for a quarter of an hour at most once in five weeks, over 0.55 once in twenty. What
  has changed for good scores 0.5 to 0.75, the more the farther it is from what used to be.
- 0.95, at all: it shows a single step like this at most once in twenty weeks. Sudden news scores 0.7 to 1, for one
  step, and then again only as far as it is greater news.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.detector import Bools, Floats
from models.memory import Memory

SUSPECT_SPREADS = 4.5
"""Of a single point's smoothed residual. A Gaussian one is never there; real ones have heavier tails, and spreads are
only estimated. With M points it is sqrt(4.5^2 + 2 ln M), so that it is as rare for the whole device (the maximum of M
Gaussian tails)."""
WATCHED = 0.6
"""From this share of the suspicious deviation on a device is not learnt from: a fault that comes slowly must not become
usual on its way."""
PATIENCE_S = 7.0 * 86400.0
"""After a week of that, or of a firing alert, what is there is taken for the new usual."""
RELEARNING_S = 86400.0
"""For a day after that, or after a person has said so, only an alert keeps it from being learnt from."""
LASTING_MOST = 0.75
"""Score of an endless lasting deviation; that of a suspicious one is 0.5."""
NEWS_LEAST = 0.70
"""Score of a record that is barely one, right under the most that a lasting change can have."""
NEWS_RATE = 0.287
"""How fast the rest is used up: 0.95 at a surplus of 6.2 mean excesses. In the long run bounds are crossed about 0.0024
times a step and point, so such a record comes every 200,000 steps, twenty weeks of minutes."""
ECHO = 1.0 / 40.0
"""Share by which news fades in a step; lesser news until then is an echo."""


@dataclass(slots=True)
class Verdict(Memory):
    """The score of each device and since when it is suspect."""

    score: Floats  # [D]
    since: Floats  # [D] since when it is over 0.5 or worse, NaN while not
    depth: Floats  # [D] the lasting deviation in suspicious ones, of all points that were ever judged
    doubted_s: Floats  # [D] how long it has not been learnt from; negative while it is relearnt
    news: Floats  # [D] surplus of the latest record, fading
    health: Floats  # [D] 0 to 100

    @classmethod
    def cold(cls, devices: int) -> Self:
        """Nothing known."""
        zero = np.zeros(devices)
        unknown = np.full(devices, np.nan)
        return cls(unknown, unknown.copy(), zero, zero.copy(), zero.copy(), unknown.copy())

    def willing(self, frozen: Bools, gap_s: float) -> tuple[Bools, Bools]:
        """Which devices are learnt from in a step of gap_s, [D], and whose patience has just run out."""
        doubted, before = frozen | (self.depth >= WATCHED), self.doubted_s.copy()
        self.doubted_s += gap_s
        np.copyto(self.doubted_s, 0.0, where=~doubted & (self.doubted_s > 0.0))
        over = self.doubted_s > PATIENCE_S
        return ~doubted | over | (~frozen & (self.doubted_s < 0.0)), over & (before <= PATIENCE_S)

    def judge(
        self, time: float, deviation: Floats, surplus: Floats, judged: Bools, learnt: Bools, frozen: Bools
    ) -> Bools:
        """Score devices by deviation[D, P] in spreads and surplus[D, P] in mean excesses of what is judged[D, P].

        What is learnt[D, P] but unknown at this moment makes no score, but the device remains in doubt by it.
        News of frozen[D] devices does not fade, since it is not learnt either. Returns whose score is news rather than
        lasting change, [D].
        """
        looks = judged.sum(axis=1)
        suspicious, log_looks = suspicious_spreads(looks), np.log(np.maximum(looks, 1))
        away = np.abs(deviation)
        np.divide(_largest(away, learnt), suspicious, out=self.depth)
        depth = _largest(away, judged) / suspicious
        lasting = _lasting(depth)
        news = _largest(surplus, judged) - log_looks
        self.news *= np.where(frozen, 1.0, 1.0 - ECHO)
        fresh = news > self.news
        np.maximum(self.news, news, out=self.news)
        sudden = np.where(fresh, _sudden(news), 0.0)
        self.score[:] = np.where(looks > 0, np.maximum(lasting, sudden), np.nan)
        over = self.score > 0.5
        np.copyto(self.since, time, where=over & np.isnan(self.since))
        np.copyto(self.since, np.nan, where=~over)
        return sudden > lasting

    def without(self, left: Floats, surplus: Floats | None, judged: Bools, sudden: Bools) -> Floats:
        """The score [D] without a point that is not believed: by left[D], in spreads, or by the surplus[D] of news."""
        looks = judged.sum(axis=1)
        told = _lasting(left / suspicious_spreads(looks))
        if surplus is not None:
            news = surplus - np.log(np.maximum(looks, 1))
            told = np.where(sudden & (news > 0.0), _sudden(news), told)
        return np.where(looks > 0, np.minimum(told, self.score), np.nan)

    def heal(self, lasting: Floats, judged: Bools) -> None:
        """Work out health from the means lasting[D, P] of a day's deviations, in spreads, of what is judged[D, P].

        100 / (1 + x^2), x the largest of them in suspicious deviations: 100 at its best, 50 where the mean of a day
        is itself suspicious, 20 at twice that.
        """
        looks = judged.sum(axis=1)
        health = 100.0 / (1.0 + np.square(_largest(np.abs(lasting), judged) / suspicious_spreads(looks)))
        self.health[:] = np.where(looks > 0, health, np.nan)

    def accept(self, devices: Bools) -> None:
        """What devices[D] do now is usual, and for a day they are learnt from whatever they do."""
        for array, value in ((self.depth, 0.0), (self.doubted_s, -RELEARNING_S), (self.since, np.nan)):
            np.copyto(array, value, where=devices)


def suspicious_spreads(looks: NDArray[np.intp]) -> Floats:
    """The deviation at which a device with looks[D] judged points is suspect."""
    spreads: Floats = np.sqrt(SUSPECT_SPREADS**2 + 2.0 * np.log(np.maximum(looks, 1)))
    return spreads


def _lasting(depth: Floats) -> Floats:
    """The score of a lasting deviation depth[D], in suspicious ones."""
    return LASTING_MOST * depth / (depth + 2.0 * LASTING_MOST - 1.0)


def _sudden(news: Floats) -> Floats:
    """The score of news[D] that is any."""
    score: Floats = 1.0 - (1.0 - NEWS_LEAST) * np.exp(-NEWS_RATE * np.maximum(news, 0.0))
    return score


def _largest(of: Floats, which: Bools) -> Floats:
    """The largest of which[D, P] is asked for, [D]; 0 if that is none."""
    largest: Floats = np.where(which, of, 0.0).max(axis=1, initial=0.0)
    return largest
