"""The usual detector of anomalies: learns what is usual for each device and scores how rarely it is this unusual.

Readings are gathered into steps; of each step the usual time of day, then what the other points of the device explain,
is taken away; what remains is scaled, smoothed and held against its own tail. One numpy call serves all devices.
Score s: a healthy device gets there once in s/(1 - s) weeks; 0.5 is once a week, 0.95 once in 19 weeks.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import floor, inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.daily import DAY_S, NODE_S, UsualDay, day_gain
from models.detector import Bools, DetectorPlugin, Explanation, Floats
from models.experience import LONGEST_S, Experience
from models.explain import Evidence
from models.kinds import Kinds
from models.memory import Memory
from models.relations import Relations
from models.settings import Settings
from models.spread import Spread, inverse_count
from models.steps import ABSURD, OpenStep
from models.tails import Tails
from models.verdict import Verdict

_SCALARS = ("time", "opened", "node")


class Usual:
    """A `Detector` over the D devices of one profile. About 850 bytes of state per device and point."""

    def __init__(self, settings: Settings, points: Sequence[str], devices: int) -> None:
        self.warm_up_s = settings.warm_up
        self._step_s = settings.step
        # The first day, or a third of a shorter warm-up, goes to the profile alone.
        self._first_s = min(DAY_S, settings.warm_up / 3.0)
        self._points, self._devices = tuple(points), devices
        self._time = self._opened = self._node = -inf
        self._cold()

    def update(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        """See `Detector.update`. A score stands until the next step is finished."""
        scores = np.empty(values.shape[:2])
        for t, time in enumerate(times.tolist()):
            self._take(time, values[t], age[t], frozen)
            scores[t] = self._verdict.score
        return scores

    def explain(self, row: int) -> Explanation:
        """See `Detector.explain`; `since` is when the score rose above 0.5, NaN while it has not."""
        score, since = float(self._verdict.score[row]), float(self._verdict.since[row])
        if self._evidence is None:
            return Explanation(score, since, ())
        return self._evidence.explain(row, score, since, self._points)

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
        self._spread = Spread.cold(*size)
        self._tails = Tails.cold(*size, self._step_s or 60.0)
        self._experience = Experience.cold(*size)
        self._verdict = Verdict.cold(self._devices)
        self._evidence: Evidence | None = None

    def _parts(self) -> Iterator[tuple[str, Memory]]:
        yield "steps", self._steps
        yield "kinds", self._kinds
        yield "day", self._day
        yield "relations", self._relations
        yield "spread", self._spread
        yield "tails", self._tails
        yield "experience", self._experience
        yield "verdict", self._verdict

    @property
    def _signature(self) -> NDArray[Any]:
        return np.array(f"usual 1, step {self._step_s:g} s, points {' '.join(self._points)}")

    def _take(self, time: float, row: Floats, age: Floats, frozen: Bools) -> None:
        known = np.abs(row) < ABSURD
        fresh = (age < time - self._time) & known
        gap, self._time = time - self._time, max(time, self._time)
        if self._step_s == 0.0:
            self._steps.add(row, fresh)
            self._finish(time, gap, row, known, frozen)
            return
        step = floor(time / self._step_s)
        if step > self._opened:
            if self._opened > -inf:
                gap = (step - self._opened) * self._step_s
                self._finish((self._opened + 0.5) * self._step_s, gap, row, known, frozen)
            self._opened = float(step)
        self._steps.add(row, fresh)

    def _finish(self, time: float, gap_s: float, row: Floats, known: Bools, frozen: Bools) -> None:
        """Judge the finished step around `time`, then learn from it; `row` is where the points stand `gap_s` later."""
        mean, count, variance = self._steps.close()
        fresh, gap_s = count > 0.0, min(gap_s, LONGEST_S)
        usual = self._day.expected(time, mean)
        deviation = mean - usual
        stands_for_s = self._experience.see(time, deviation, fresh)
        related, doubt = self._relations.expected(*self._context(known))
        residual, inverse = deviation - related, inverse_count(count)
        sigma = self._spread.sigma(inverse, doubt, usual)
        self._tails.follow(residual / sigma, self._step_s or gap_s)
        self._judge(time, usual + related, sigma, known)

        willing = self._verdict.willingness(frozen, gap_s)[:, None]
        learns_s = stands_for_s * willing
        learns = learns_s > 0.0
        np.copyto(deviation, 0.0, where=~learns)
        np.copyto(residual, 0.0, where=~learns)
        self._learn(time, learns_s, deviation, residual, inverse)
        self._spread.learn_within(variance, learns)
        if (node := floor(time / NODE_S)) > self._node:
            self._look_back(node, row, known & (willing > 0.0))

    def _judge(self, time: float, expected: Floats, sigma: Floats, known: Bools) -> None:
        judged = self._kinds.measured & known & (self._experience.learnt_s >= self.warm_up_s)
        weeks = self._tails.weeks()
        np.copyto(weeks, -inf, where=~judged[:, None, :])
        self._verdict.judge(time, weeks, judged)
        self._evidence = Evidence(expected, sigma, self._tails.smooth, self._tails.excess, weeks)

    def _learn(self, time: float, learns_s: Floats, deviation: Floats, residual: Floats, inverse: Floats) -> None:
        """Learn learns_s[D, P] seconds: the usual day first, then relations, then spreads, then tails.

        Each waits half a day or a day (a sixth or a third of the warm-up) for what it builds on.
        """
        experience, first_s = self._experience, self._first_s
        self._day.learn(time, deviation, day_gain(experience.learnt_s, first_s), learns_s)
        self._relations.learn(deviation * ~self._kinds.climbing, experience.rate(learns_s, first_s))
        self._spread.learn(residual, inverse, experience.rate(learns_s, 1.5 * first_s))
        self._tails.learn(experience.rate(learns_s, 2.0 * first_s))
        experience.learnt_s += learns_s

    def _look_back(self, node: int, row: Floats, known: Bools) -> None:
        """Twice an hour: settle what kind of point each is, and solve the relations anew."""
        self._node = float(node)
        measured = self._kinds.measured.copy()
        self._kinds.note(row, known)
        self._experience.start_over(self._kinds.measured & ~measured, self._first_s)
        self._relations.refresh(node, self._experience.learnt_s.max(axis=1) - self._first_s)

    def _context(self, known: Bools) -> tuple[Floats, Bools]:
        """Deviations that others may be explained by: the last ones of points still known, 0 where missing.

        A counter explains nothing, however much it has moved.
        """
        climbing = self._kinds.climbing
        missing = ~(known | climbing) | np.isnan(self._experience.held)
        return np.where(missing | climbing, 0.0, self._experience.held), missing


PLUGIN = DetectorPlugin(name="usual", settings=Settings, make=Usual)
