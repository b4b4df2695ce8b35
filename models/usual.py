"""The usual detector of anomalies: learns what is usual for each device, and scores sudden news and lasting change.

Readings are gathered into steps. Of each step's mean the usual time of day, then what the other points of the device
explain, is taken away; where the rest stands, against where it used to stand, is lasting change. The mean itself, held
against everything seen before, is sudden news. One numpy call serves all devices; what a score promises stands in
`verdict`.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.company import left_of, second
from models.daily import DAY_S, NODE_S, UsualDay
from models.detector import Bools, DetectorPlugin, Explanation, Floats
from models.experience import LONGEST_S, Experience
from models.explain import Evidence
from models.kinds import Kinds
from models.level import PACE, Level
from models.memory import Memory
from models.records import Records
from models.relations import Relations
from models.seasons import Seasons
from models.settings import Settings
from models.steps import ABSURD, OpenStep, ends
from models.verdict import Verdict, suspicious_spreads

_SCALARS = ("time", "opened", "node")
AT_ONCE = 50_000
"""Readings gathered at once: enough to make the cost of a numpy call small, few enough to stay in the cache."""


class Usual:
    """A `Detector` over the D devices of one profile."""

    def __init__(self, settings: Settings, points: Sequence[str], devices: int) -> None:
        self.warm_up_s = settings.warm_up
        self._step_s = settings.step
        self._points, self._devices = tuple(points), devices
        self._time = self._opened = self._node = -inf
        self._cold()

    def update(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        """See `Detector.update`. A score stands until the next step is finished."""
        said = np.empty((3, *values.shape[:2]))
        rows = max(1, AT_ONCE // max(1, self._devices * len(self._points)))
        for first in range(0, len(times), rows):
            part = slice(first, first + rows)
            said[:, part] = self._take(times[part], values[part], age[part], frozen)
        self._shown = said
        scores: Floats = said[0]
        return scores

    def health(self) -> Floats:
        """See `Detector.health`."""
        health: Floats = self._shown[1]
        return health

    def others(self) -> Floats:
        """See `Detector.others`."""
        others: Floats = self._shown[2]
        return others

    def explain(self, row: int) -> Explanation:
        """See `Detector.explain`; `since` is when the score rose above 0.5, NaN while it has not."""
        score, since = float(self._verdict.score[row]), float(self._verdict.since[row])
        if self._evidence is None:
            return Explanation(score, since, ())
        return self._evidence.explain(row, score, since, self._points)

    def accept(self, rows: Bools) -> None:
        """See `Detector.accept`: the usual day moves to where the device now is; what varies is relearnt in a day."""
        self._move(rows)
        self._verdict.accept(rows)

    def state(self) -> dict[str, NDArray[Any]]:
        """See `Detector.state`."""
        state = {"signature": self._signature}
        state |= {name: np.array(getattr(self, f"_{name}")) for name in _SCALARS}
        for name, part in self._parts():
            state |= part.state(name)
        return state

    def restore(self, state: Mapping[str, NDArray[Any]], rows: NDArray[np.intp]) -> None:
        """See `Detector.restore`. Foreign: other points, another order of points, another step."""
        if "signature" not in state or str(state["signature"]) != str(self._signature):
            raise ValueError(f"state of another detector: {state.get('signature', 'no signature')}")
        misfits = [name for name in _SCALARS if name not in state]
        misfits += [name for key, part in self._parts() for name in part.misfits(key, state)]
        if misfits:
            raise ValueError(f"state lacks or misshapes {', '.join(misfits)}")
        self._cold()
        for name, part in self._parts():
            part.restore(name, state, rows)
        self._time, self._opened, self._node = (float(state[name]) for name in _SCALARS)

    def _cold(self) -> None:
        size = (self._devices, len(self._points))
        self._steps = OpenStep.cold(*size)
        self._kinds = Kinds.cold(*size)
        self._day = UsualDay.cold(*size)
        self._relations = Relations.cold(*size)
        self._level = Level.cold(*size)
        self._seasons = Seasons.cold(*size)
        self._records = Records.cold(*size)
        self._experience = Experience.cold(*size)
        self._verdict = Verdict.cold(self._devices)
        self._left = np.full(self._devices, np.nan)  # known again with the first step after a start
        self._evidence: Evidence | None = None
        self._shown = np.empty((3, 0, self._devices))  # scores, health and others' scores of the last update

    def _parts(self) -> Iterator[tuple[str, Memory]]:
        yield "steps", self._steps
        yield "kinds", self._kinds
        yield "day", self._day
        yield "relations", self._relations
        yield "level", self._level
        yield "seasons", self._seasons
        yield "records", self._records
        yield "experience", self._experience
        yield "verdict", self._verdict

    @property
    def _signature(self) -> NDArray[Any]:
        return np.array(f"usual 2, step {self._step_s:g} s, points {' '.join(self._points)}")

    def _take(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        """Gather rows into steps, judge and learn those that they finish; scores, health, others' scores, [3, T, D]."""
        latest = np.maximum.accumulate(np.concatenate(([self._time], times)))
        known = np.abs(values) < ABSURD
        fresh = (age < (times - latest[:-1])[:, None, None]) & known
        done, self._opened = ends(times, latest[:-1], self._opened, self._step_s)
        self._time = float(latest[-1])
        means = self._steps.gather(values, fresh, np.concatenate(([0], done.begins, [len(times)])))
        said = np.empty((3, len(done.rows) + 1, self._devices))
        said[:, 0] = self._said()
        for k, row in enumerate(done.rows.tolist()):
            gap_s = min(float(done.gaps_s[k]), LONGEST_S)
            self._finish(float(done.times[k]), gap_s, means.mean[k], values[row], known[row], frozen)
            said[:, k + 1] = self._said()
        shown: Floats = said[:, np.searchsorted(done.rows, np.arange(len(times)), side="right")]
        return shown

    def _said(self) -> tuple[Floats, Floats, Floats]:
        return self._verdict.score, self._verdict.health, self._left

    def _finish(self, time: float, gap_s: float, mean: Floats, row: Floats, known: Bools, frozen: Bools) -> None:
        """Judge one finished step, then learn from it."""
        experience = self._experience
        fresh = ~np.isnan(mean)
        stands_for_s = experience.see(time, mean - self._steps.base, fresh)
        usual = self._day.expected(time, experience.learnt_s)
        deviation = experience.held - usual
        explains = self._explains
        deviation *= known & explains
        experience.calm += PACE * (deviation - experience.calm)
        related = self._relations.expected(deviation)
        if np.count_nonzero(missing := explains & ~known):
            # What is not known is where the others say it is; as if it were where it usually is, they would be strange.
            related = self._relations.expected(np.where(missing, related, deviation))
        residual = experience.held - usual - related
        self._level.follow(residual, fresh, stands_for_s)
        surprises = self._seasons.surprises(time, np.where(fresh, experience.held, np.nan))
        statistics = self._records.follow(np.where(fresh, experience.held, np.nan), surprises)
        self._judge(time, known, usual + related, statistics, frozen)
        willing, impatient = self._verdict.willing(frozen, gap_s)
        if np.count_nonzero(impatient):
            self._move(impatient)
            self._verdict.accept(impatient & ~frozen)
        learns_s = stands_for_s * willing[:, None]
        self._kinds.note(row, known & willing[:, None])
        self._learn(time, experience.calm, residual, learns_s)
        # News of a lasting change is news once: only a firing alert keeps it from being remembered.
        remembers = fresh & (willing | ~frozen)[:, None]
        self._records.learn(statistics, remembers)
        self._seasons.learn(time, experience.held, surprises, remembers)
        self._look_back(time)

    def _judge(self, time: float, known: Bools, expected: Floats, statistics: Floats, frozen: Bools) -> None:
        base, level = np.where(np.isnan(self._steps.base), 0.0, self._steps.base), self._level
        learnt = self._kinds.measured & (self._experience.learnt_s >= self.warm_up_s)
        judged = learnt & known
        spread = level.spread(base + expected)
        away = level.smooth - level.mean
        deviation = away / spread
        surplus = self._records.surplus(statistics)
        low, high = self._records.low.copy(), self._records.high.copy()
        news = surplus.max(axis=1, initial=0.0)
        sudden = self._verdict.judge(time, deviation, news, judged, learnt, frozen)
        left = left_of(away, spread, judged, self._relations)
        self._left = self._verdict.without(left, second(news, judged) if sudden.any() else None, judged, sudden)
        self._verdict.heal((level.day - level.mean) / spread, judged)
        suspicious = suspicious_spreads(judged.sum(axis=1))
        expected = base + expected + level.mean
        self._evidence = Evidence(
            judged, deviation, suspicious, expected, away, spread, surplus, statistics, low, high, base, sudden
        )

    @property
    def _explains(self) -> Bools:
        """Which points [D, P] explain others. A counter explains nothing, however much it has moved."""
        return ~np.isnan(self._experience.seen) & ~self._kinds.climbing

    def _learn(self, time: float, deviation: Floats, residual: Floats, learns_s: Floats) -> None:
        experience, before = self._experience, self._experience.learnt_s
        after = before + learns_s
        self._day.learn(time, experience.held, before, learns_s)
        self._relations.learn(deviation, learns_s, before)
        self._level.learn(residual, learns_s)
        founded = np.floor(np.minimum(after / DAY_S, 2.0)) > np.floor(np.minimum(before / DAY_S, 2.0))
        if np.count_nonzero(founded):
            self._level.start_over(founded)
        experience.learnt_s[:] = after

    def _move(self, rows: Bools) -> None:
        """Let the usual day of devices rows[D] be where they are now."""
        calm = self._experience.calm
        shift = np.where(rows[:, None], calm, 0.0)
        self._day.move(shift)
        calm -= shift
        self._level.accept(np.broadcast_to(rows[:, None], calm.shape))

    def _look_back(self, time: float) -> None:
        """Twice an hour: solve the relations anew."""
        node = np.floor(time / NODE_S)
        if node > self._node:
            self._node = float(node)
            self._relations.refresh(int(node), self._experience.learnt_s)


PLUGIN = DetectorPlugin(name="usual", settings=Settings, make=Usual)
