"""The usual detector of anomalies: learns what is usual for each device and scores how rarely it is this unusual.

Readings are gathered into steps; of each step the usual time of day, then what the other points of the device explain,
is taken away; what remains is scaled, smoothed and held against its own tail. One numpy call serves all devices.
Score s: a healthy device gets there once in s/(1 - s) weeks; 0.5 is once a week, 0.95 once in 19 weeks.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.daily import DAY_S, NODE_S, UsualDay, expected, follow
from models.detector import Bools, DetectorPlugin, Explanation, Floats
from models.experience import LONGEST_S, Experience, running
from models.explain import Evidence
from models.kinds import Kinds
from models.memory import Memory
from models.outlook import Lessons, Outlook, Sight, flags
from models.relations import Relations
from models.settings import Settings
from models.spread import Spread, inverse_count
from models.steps import ABSURD, Ends, Means, OpenStep, ends
from models.tails import SIDES, Tails
from models.verdict import Verdict, rarest, score

_SCALARS = ("time", "opened", "node")
AT_ONCE = 50_000
"""Readings worked on at once: enough to make the cost of a numpy call small, few enough to stay in the cache."""


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
        rows = max(1, AT_ONCE // max(1, self._devices * len(self._points)))
        for first in range(0, len(times), rows):
            part = slice(first, first + rows)
            scores[part] = self._take(times[part], values[part], age[part], frozen)
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

    def _take(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        """Gather rows into steps, and judge and learn those that they finish; scores [T, D]."""
        latest = np.maximum.accumulate(np.concatenate(([self._time], times)))
        known = np.abs(values) < ABSURD
        fresh = (age < (times - latest[:-1])[:, None, None]) & known
        done, self._opened = ends(times, latest[:-1], self._opened, self._step_s)
        self._time = float(latest[-1])
        means = self._steps.gather(values, fresh, np.concatenate(([0], done.begins, [len(times)])))
        scores = np.empty((len(done.rows) + 1, self._devices))
        scores[0] = self._verdict.score
        if len(done.rows):
            self._finish(self._sight(done, means, values[done.rows], known[done.rows]), frozen, scores[1:])
        return scores[np.searchsorted(done.rows, np.arange(len(times)), side="right")]

    def _sight(self, done: Ends, means: Means, row: Floats, known: Bools) -> Sight:
        fresh = means.readings > 0.0
        stands_for_s, lived = self._experience.see(done.times, fresh)
        gaps_s = np.minimum(done.gaps_s, LONGEST_S)
        inverse = inverse_count(means.readings)
        several = flags(means.readings > 1.0)
        return Sight(
            done.times, gaps_s, means.mean, inverse, means.variance, row, known, fresh, lived, stands_for_s, several
        )

    def _finish(self, sight: Sight, frozen: Bools, scores: Floats) -> None:
        """Judge and learn K finished steps, and look back after the first of each half hour; fills scores[K, D]."""
        nodes = np.floor(sight.times / NODE_S)
        turns = np.flatnonzero(nodes > np.maximum.accumulate(np.concatenate(([self._node], nodes[:-1]))))
        start = 0
        for turn in turns.tolist():
            willing = self._follow(sight[start : turn + 1], frozen, scores[start : turn + 1])
            self._look_back(int(nodes[turn]), sight.row[turn], sight.known[turn] & (willing > 0.0)[:, None])
            start = turn + 1
        if start < len(sight):
            self._follow(sight[start:], frozen, scores[start:])

    def _follow(self, sight: Sight, frozen: Bools, scores: Floats) -> Floats:
        """Judge each step, then learn from it; returns how willing devices [D] were to learn the last one.

        The outlook holds until a device becomes suspect or ceases to be; then it is worked out anew from there.
        """
        explains, missing = self._context(sight)
        deviations, rarities, looks = np.empty_like(sight.mean), np.empty_like(scores), np.empty_like(scores)
        outlook, lessons, since, told = self._outlook(sight, frozen), None, 0, 0
        suspect = self._verdict.suspect
        for k, time in enumerate(sight.times.tolist()):
            mean, inverse = sight.mean[k], sight.inverse[k]
            left, right, share = self._day.around(time)
            usual = expected(left, right, share, mean)
            deviation = np.subtract(mean, usual, out=deviations[k])
            np.copyto(self._experience.held, deviation, where=sight.fresh[k])
            related = self._relations.expected(self._experience.held * explains[k])
            doubt = None
            if (lacking := missing[k]) is not None:
                told = self._relate(deviations[since:k], lessons, told - since) + since
                doubt = self._relations.doubt(lacking)
            sigma = self._spread.sigma(inverse, usual, doubt)
            residual = deviation - related
            over = self._tails.follow(residual / sigma, self._step_s or float(sight.gaps_s[k]))
            weeks = self._tails.weeks(over)
            if outlook.hides[k - since]:
                np.copyto(weeks, -inf, where=outlook.hidden[k - since])
            rarities[k] = rarity = rarest(weeks, outlook.looks[k - since])
            if np.count_nonzero((rarity >= 0.0) != suspect):
                suspect = rarity >= 0.0
                self._relate(deviations[since:k], lessons, told - since)
                self._settle(outlook, k - since)
                self._verdict.turn(time, suspect)
                looks[since:k] = outlook.looks[: k - since]
                since, told, outlook, lessons = k, k, self._outlook(sight[k:], frozen), None
            if lessons is None:
                lessons = Lessons.of(outlook.learns_s, outlook.learnt_s[:-1], self._first_s)
            j = k - since
            if lessons.leaves_out[j]:
                np.copyto(deviation, 0.0, where=lessons.ignored[j])
                np.copyto(residual, 0.0, where=lessons.ignored[j])
            follow(left, right, share, deviation * lessons.day[j])
            self._spread.learn(residual, inverse, lessons.spread[j])
            self._tails.learn(over, lessons.tails.up[j], lessons.tails.down[j], lessons.tails.excess[j])
            if sight.several[k]:
                self._spread.learn_within(sight.variance[k], ~lessons.ignored[j])
        self._relate(deviations[since:], lessons, told - since)
        self._settle(outlook, len(sight) - since)
        looks[since:] = outlook.looks
        scores[:] = score(rarities, looks)
        self._verdict.score[:] = scores[-1]
        self._evidence = Evidence(usual + related, sigma, self._tails.smooth, self._tails.excess, weeks)
        willing: Floats = outlook.willing[-1]
        return willing

    def _relate(self, deviations: Floats, lessons: Lessons | None, told: int) -> int:
        """Tell relations the deviations[K, D, P] from step `told` on; returns K. A counter has none."""
        if lessons is not None and told < len(deviations):
            steady = deviations[told:] * ~self._kinds.climbing
            self._relations.learn(steady, lessons.relations[told : len(deviations)])
        return len(deviations)

    def _context(self, sight: Sight) -> tuple[Bools, list[Bools | None]]:
        """Which points [K, D, P] explain others, and of each step which [D, P] cannot though they should, if any.

        A counter explains nothing, however much it has moved.
        """
        climbing = self._kinds.climbing
        explains = sight.known & sight.lived & ~climbing
        missing = ~(explains | climbing)
        return explains, [m if some else None for m, some in zip(missing, flags(missing), strict=True)]

    def _outlook(self, sight: Sight, frozen: Bools) -> Outlook:
        willing, doubted_s = self._verdict.willingness(frozen, sight.gaps_s)
        learns_s = sight.stands_for_s * willing[:, :, None]
        learnt_s = running(self._experience.learnt_s, learns_s)
        judged = self._kinds.measured & sight.known & (learnt_s[:-1] >= self.warm_up_s)
        hidden = ~judged
        hides = flags(hidden)
        looks = SIDES * judged.sum(axis=2)
        log_looks = np.where(looks > 0, np.log(np.maximum(looks, 1)), -1.0)
        return Outlook(willing, doubted_s, learns_s, learnt_s, hidden[:, :, None, :], hides, log_looks)

    def _settle(self, outlook: Outlook, steps: int) -> None:
        """The first `steps` of an outlook have come true."""
        self._experience.learnt_s[:] = outlook.learnt_s[steps]
        if steps:
            self._verdict.suspect_s[:] = outlook.doubted_s[steps - 1]

    def _look_back(self, node: int, row: Floats, known: Bools) -> None:
        """Twice an hour: settle what kind of point each is, and solve the relations anew."""
        self._node = float(node)
        measured = self._kinds.measured.copy()
        self._kinds.note(row, known)
        self._experience.start_over(self._kinds.measured & ~measured, self._first_s)
        self._relations.refresh(node, self._experience.learnt_s.max(axis=1) - self._first_s)


PLUGIN = DetectorPlugin(name="usual", settings=Settings, make=Usual)
