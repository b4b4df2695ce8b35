"""The rules of one profile over all its devices: arrays in, transitions out.

In most rows of most days nothing is true anywhere. So `watch` finds the few cells (rule x device) where something is,
and only these and the ones not at rest go through the tracker. What conditions mean stands in `expression`, what
follows over time in `tracker`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from pydantic_core import InitErrorDetails, ValidationError

from rules.plan import plan_rules
from rules.rule import LEVELS, Rule, Transition
from rules.tracker import CLEAR, Alerts, Cells, Change, Tracker
from rules.vocabulary import Bools, Floats, Frame, Vocabulary
from rules.watch import Conditions, Formulas, Thresholds, Watch
from rules.why import Sight, Why, evidence_of, why
from rules.windows.window import Window, Windows

__all__ = ["Book", "Legacy", "State", "Vocabulary", "check_rules"]

State = tuple[str, int, str, dict[str, Any]]
"""Rule id, row, fingerprint, JSON body; an empty body means that nothing is left to keep."""

_AT_ONCE = 1 << 15  # rows x devices that are evaluated in one go; longer blocks are cut, which changes no result


def check_rules(rules: Sequence[Rule], vocabulary: Vocabulary) -> list[InitErrorDetails]:
    """Everything in the rules that cannot mean anything for these devices; `loc` begins with the rule's index."""
    return plan_rules(rules, vocabulary, {})[1]


class Legacy(NamedTuple):
    """What a book leaves to the one that follows it."""

    time: float
    windows: Mapping[str, Window]
    """By what they compute: a name means the same in every book of these devices."""
    alerts: Mapping[str, tuple[Alerts, Bools]]
    """By rule; and of which devices someone keeps a state."""


class Book:
    """Rules, their windows and the state of their alerts, for D devices."""

    def __init__(self, rules: Sequence[Rule], vocabulary: Vocabulary) -> None:
        """Compile; raises pydantic's ValidationError with all findings of `check_rules`."""
        self._windows: Windows = {}
        self._plans, problems = plan_rules(rules, vocabulary, self._windows)
        if problems:
            raise ValidationError.from_exception_data("rules", problems)
        self._vocabulary = vocabulary
        self._devices = vocabulary.devices
        self._numbers = {plan.rule.id: i for i, plan in enumerate(self._plans)}
        self._fingerprints = [plan.rule.fingerprint for plan in self._plans]
        simple = {i: plan for i, plan in enumerate(self._plans) if plan.thresholds}
        others = {i: plan for i, plan in enumerate(self._plans) if i not in simple}
        self._watches: dict[bool, Watch] = {}
        if simple:
            self._watches[True] = Thresholds(simple, self._devices, len(vocabulary.points))
        if others:
            self._watches[False] = Formulas(others, self._devices)
        self._is_simple = np.array([i in simple for i in range(len(self._plans))], np.bool_)
        reads_score = [any(name.startswith("score.") for name in plan.names) for plan in self._plans]
        self._reads_score = np.array(reads_score, np.bool_)[:, None]
        self._tracker = Tracker(self._enough_s(), self._devices)
        self._seen: Frame | None = None  # the last rows that rules were evaluated over
        self._moved: set[int] = set()  # cells that changed level since changed_states was asked
        self._kept = np.zeros(len(self._plans) * self._devices, np.bool_)  # cells of which someone keeps a state
        self.horizon_s = max((plan.horizon_s for plan in self._plans), default=0.0)
        self.learn_s = max((standing.window.learn_s for standing in self._windows.values()), default=0.0)

    @property
    def time(self) -> float:
        """Time of the last row; -inf before the first."""
        return self._tracker.time

    @property
    def windows(self) -> frozenset[str]:
        """What its windows compute."""
        return frozenset(self._windows)

    @property
    def fingerprints(self) -> dict[str, str]:
        """Its rules, by id."""
        return {plan.rule.id: fingerprint for plan, fingerprint in zip(self._plans, self._fingerprints, strict=True)}

    def update(self, times: Floats, values: Floats, age: Floats, scores: Mapping[str, Floats]) -> list[Transition]:
        """Take times[T], values and age [T, D, P] and what detectors say, [T, D] by name; NaN is unknown.

        Transitions come in order of time, rule, row. Raises ValueError unless times increase, from call to call too.
        """
        frame = self._next(times, values, age, scores)
        with np.errstate(all="ignore"):
            return [transition for part in self._parts(frame) for transition in self._watch(part)]

    def warm(self, times: Floats, values: Floats, age: Floats, scores: Mapping[str, Floats]) -> None:
        """Let the windows see past rows, like `update`; no alert changes and no time counts as evidence."""
        frame = self._next(times, values, age, scores)
        with np.errstate(all="ignore"):
            for part in self._parts(frame):
                self._feed(part)
                self._tracker.pause(float(part.times[-1]))

    def learn(self, times: Floats, values: Floats, age: Floats, scores: Mapping[str, Floats]) -> None:
        """Let the windows that look once a minute see rows of the distant past, a minute apart; like `warm`, before it.

        They look back `learn_s`, all others together `horizon_s`, and the latter must know what the former knew then.
        """
        frame = self._next(times, values, age, scores)
        with np.errstate(all="ignore"):
            for part in self._parts(frame):
                self._feed(part, learning=True)
                self._tracker.pause(float(part.times[-1]))

    def firing(self, accepted_at: Floats | float = -np.inf) -> Bools:
        """Which devices have a firing rule, [D]; if it reads scores, only one that rose after `accepted_at` [D]."""
        active = self._tracker.firing(np.where(self._reads_score, accepted_at, -np.inf))
        return np.asarray(active.any(axis=0))

    def explain(self, rule: str, row: int) -> Why | None:
        """How a rule stands on one device in the last row; None before the first. Raises KeyError for no such rule."""
        number = self._numbers[rule]
        if self._seen is None:
            return None
        sight = Sight(self._vocabulary, self._windows, self._seen, row)
        return why(self._plans[number].rule, sight, self._tracker.state(number * self._devices + row))

    def changed_states(self) -> list[State]:
        """States of the cells that fired, escalated or cleared since the last call: to be kept with the transitions."""
        cells, self._moved = sorted(self._moved), set()
        return self._states(np.array(cells, np.intp))

    def pending_states(self) -> list[State]:
        """States of all cells that are not at rest, and an empty one for each that was kept before and now is."""
        return self._states(np.flatnonzero(self._tracker.awake | self._kept))

    def restore(self, rule: str, row: int, fingerprint: str, body: Mapping[str, Any]) -> bool:
        """Take up a state; False if it belongs to no rule of this book as it is written now.

        What had held goes on from there. The time in between is not evidence, and neither is the first step after.
        """
        number = self._numbers.get(rule)
        if number is None or self._fingerprints[number] != fingerprint or not 0 <= row < self._devices:
            return False
        cell = number * self._devices + row
        self._kept[cell] = self._tracker.restore(cell, body)
        return bool(self._kept[cell])

    def blind_windows(self) -> frozenset[str]:
        """Those of its windows that know nothing of any device in the last row."""
        known = {name: ~np.isnan(np.atleast_2d(standing.now)[-1]) for name, standing in self._windows.items()}
        return frozenset(name for name, devices in known.items() if not devices.any())

    def legacy(self) -> Legacy:
        """What another book for the same devices needs to go on from here. This one must not be used any more."""
        windows = {name: standing.window for name, standing in self._windows.items()}
        cells = {plan.rule.id: self._cells(number) for number, plan in enumerate(self._plans)}
        alerts = {rule: (self._tracker.alerts(mine), self._kept[mine]) for rule, mine in cells.items()}
        return Legacy(self._tracker.time, windows, alerts)

    def take_over(self, legacy: Legacy, rules: Collection[str]) -> None:
        """Go on as if this book had been there all along: the time, all windows it knows, the alerts of these rules.

        Whoever keeps states asks for `pending_states` next.
        """
        self._tracker.time = legacy.time
        for name, standing in self._windows.items():
            standing.window = legacy.windows.get(name, standing.window)
        for rule in rules:
            alerts, kept = legacy.alerts[rule]
            mine = self._cells(self._numbers[rule])
            self._tracker.take_up(mine, alerts)
            self._kept[mine] = kept

    def last_states(self, rules: Collection[str]) -> list[State]:
        """The states of these rules that are kept, or not at rest."""
        mine = np.concatenate([np.empty(0, np.intp), *(self._cells(self._numbers[rule]) for rule in rules)])
        return self._states(mine[self._tracker.awake[mine] | self._kept[mine]])

    def _cells(self, number: int) -> Cells:
        return number * self._devices + np.arange(self._devices)

    def _enough_s(self) -> Floats:
        enough_s = np.full((len(self._plans), 3), np.inf)
        for i, plan in enumerate(self._plans):
            for name, level in plan.rule.levels.items():
                enough_s[i, LEVELS.index(name)] = level.for_s
            enough_s[i, CLEAR] = plan.rule.keep_s
        return enough_s

    def _next(self, times: Floats, values: Floats, age: Floats, scores: Mapping[str, Floats]) -> Frame:
        if len(times) and not (times[0] > self._tracker.time and (len(times) == 1 or (np.diff(times) > 0).all())):
            raise ValueError(f"times must increase, and begin after {self._tracker.time}")
        return Frame(times, values, age, scores, self._vocabulary.calendar)

    def _parts(self, frame: Frame) -> list[Frame]:
        rows, step = len(frame.times), max(1, _AT_ONCE // max(1, self._devices))
        return [frame] if 0 < rows <= step else [frame.rows(i, i + step) for i in range(0, rows, step)]

    def _feed(self, frame: Frame, *, learning: bool = False) -> None:
        for standing in self._windows.values():
            if standing.window.learn_s or not learning:
                standing.feed(frame)

    def _watch(self, frame: Frame) -> list[Transition]:
        self._feed(frame)
        self._seen = frame
        tracker = self._tracker
        due = tracker.awake.copy()
        for watch in self._watches.values():
            due[watch.candidates(frame)] = True
        cells = due.nonzero()[0]
        if not cells.size:
            tracker.pass_by(float(frame.times[-1]))
            return []
        changes = tracker.update(frame.times, cells, *self._conditions(frame, cells))
        self._moved.update(change.cell for change in changes)
        return [self._transition(frame, change) for change in changes]

    def _conditions(self, frame: Frame, cells: Cells) -> Conditions:
        if len(self._watches) == 1:
            return next(iter(self._watches.values())).conditions(frame, cells)
        simple = self._is_simple[cells // self._devices]
        shape = (len(frame.times), len(cells), 3)
        both = Conditions(np.empty(shape, np.bool_), np.empty(shape, np.bool_))
        for kind, watch in self._watches.items():
            part = simple == kind
            if part.any():
                both.true[:, part], both.false[:, part] = watch.conditions(frame, cells[part])
        return both

    def _transition(self, frame: Frame, change: Change) -> Transition:
        number, row = divmod(change.cell, self._devices)
        plan = self._plans[number]
        evidence = evidence_of(plan.names, self._vocabulary, frame, change.at, row)
        time = float(frame.times[change.at])
        doubts = () if change.change == "cleared" else plan.doubted(change.level, frame, change.at, row)
        return Transition(time, plan.rule.id, row, change.change, change.level, change.since, evidence, doubts)

    def _states(self, cells: Cells) -> list[State]:
        states: list[State] = []
        for cell in cells.tolist():
            number, row = divmod(cell, self._devices)
            body = self._tracker.state(cell)
            self._kept[cell] = bool(body)
            states.append((self._plans[number].rule.id, row, self._fingerprints[number], body))
        return states
