"""What the plot of a ticket shows: its sketch, the stretch of time, and the envelope of its series.

The series are read from the past ticket by ticket; only their envelope is kept, and only until the plot is drawn.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from drivers.device import Profile
from gateway.core.envelope import Envelope
from gateway.core.types import Fleet
from gateway.history.past import Past
from gateway.workbench.backtest.outcome import Case, Outcome, Span
from gateway.workbench.lens import Lens, values
from gateway.workbench.page.bands import bands
from gateway.workbench.page.sketch import Sketch, sketch
from rules.vocabulary import Vocabulary

WIDE = 1120
"""Width of a drawing in the units of its paths, which are half pixels."""

_COLUMNS, _ALL_COLUMNS = 280, 900
"""Of a curve, and of all curves of a ticket together: about 8 kB."""
_BEFORE, _AFTER, _SHORTEST_S = 0.3, 0.15, 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """All that is drawn of a ticket; series s of the envelope is curve s of the strips, counted through."""

    case: Case
    profile: Profile
    sketch: Sketch
    envelope: Envelope
    end: float
    """Of the backtest: a ticket that still fires then has no other end."""

    @property
    def step(self) -> int:
        """Width of a column in the units of the drawing."""
        return WIDE // self.envelope.columns


def picture(case: Case, outcome: Outcome, past: Past) -> Picture:
    """Read the past around a ticket."""
    whole = next(fleet for fleet in outcome.config.fleets if case.device.id in fleet.ids)
    seen = {case.ticket.rule, *(change.rule for change in case.changes)}
    rules = [rule for rule in outcome.config.rules_for(case.device.profile) if rule.id in seen]
    rules.sort(key=lambda rule: rule.id != case.ticket.rule)
    fleet, words = Fleet(whole.profile, (case.device,)), _about(case, whole, outcome)
    trace, usual = outcome.traces.get(case.device.profile), bands(case.ticket)
    drawn = sketch(rules, whole.profile, words, trace.names if trace else (), usual)
    start, end = _stretch(case, outcome, drawn.horizon_s, min((band.since for band in usual.values()), default=np.inf))
    columns = min(_COLUMNS, _ALL_COLUMNS // max(1, len(drawn.texts)))
    envelope = Envelope(len(drawn.texts), WIDE // -(-WIDE // columns), start, end)
    lens = Lens(words, partial(trace.of, case.device.id)) if trace else Lens(words)
    _read(drawn, lens, fleet, past, envelope, max(outcome.step_s, (end - start) / envelope.columns))
    return Picture(case, whole.profile, drawn, envelope, outcome.end)


def _about(case: Case, fleet: Fleet, outcome: Outcome) -> Vocabulary:
    """The words of a fleet, about one device only."""
    row, words = fleet.ids.index(case.device.id), outcome.config.vocabulary(fleet)
    return replace(words, devices=1, ratings={name: of[[row]] for name, of in words.ratings.items()})


def _stretch(case: Case, outcome: Outcome, horizon_s: float, unusual_since: float) -> Span:
    """From before the condition began to hold, or it began to be unusual, until after it went away."""
    first = min([change.since for change in case.changes] + [case.ticket.fired_at])
    last = max([until for _, until in case.firing(outcome.end)] + [case.ticket.fired_at])
    whole_s = max(last - first, _SHORTEST_S)
    before_s = max(_BEFORE * whole_s, min(max(horizon_s, 1.1 * (first - unusual_since)), 2.0 * whole_s))
    return first - before_s, max(last, min(last + _AFTER * whole_s, outcome.end)) + 1e-6


def _read(drawn: Sketch, lens: Lens, fleet: Fleet, past: Past, envelope: Envelope, step_s: float) -> None:
    numbers = [lens.quantity(text) for text in drawn.texts]
    for block in past.blocks(fleet, envelope.start - max(drawn.horizon_s, step_s), envelope.end, step_s):
        frame = lens.frame(block)
        envelope.feed(block.times, np.stack([values(number, frame)[:, 0] for number in numbers], axis=1))
    envelope.finish()
