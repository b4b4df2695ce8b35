"""Plays history through the daemon's own engine and desk: the tickets that there would have been.

It opens no file and prints nothing: the past, the site and the sets of rules are handed in.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from drivers.device import Device
from gateway.core.config import Config
from gateway.core.note import Note
from gateway.core.plugins import Plugins
from gateway.core.types import Block, Closing, Fleet
from gateway.history.grid import cells
from gateway.history.past import Past
from gateway.pipeline import assembly, warming
from gateway.pipeline.engine import Engine, Finding
from gateway.pipeline.lessons import Lesson, lessons_of
from gateway.pipeline.silent import silent
from gateway.workbench.backtest.attendance import Attendance, common
from gateway.workbench.backtest.caseload import Caseload
from gateway.workbench.backtest.outcome import Case, Outcome
from gateway.workbench.backtest.record import fit
from gateway.workbench.backtest.trace import MOST_VALUES, Trace
from models.detector import Detector
from rules.rule import Rule
from rules.vocabulary import SAID

__all__ = ["HANDLED_S", "Case", "Outcome", "Rules", "play"]

Rules = Mapping[str, tuple[Rule, ...]]
"""A set of rules, by profile, as `Config.rules` has them."""

HANDLED_S = 86400.0
"""How long after its condition went away a person is assumed to close a ticket."""

MAX_ROWS, MAX_CELLS = 4096, 1 << 20
"""Rows and values in a block. One block of each fleet is held at a time, however long the range."""
_LEAST_ROWS = 64


def play(
    config: Config,
    plugins: Plugins,
    past: Past,
    start: float,
    end: float,
    variants: Mapping[str, Rules],
    *,
    handled_s: float = HANDLED_S,
    step_s: float | None = None,
    ledger: Sequence[Closing] | None = None,
    traced: Collection[str] = (),
    progress: Callable[[float], None] = lambda _: None,
) -> dict[str, Outcome]:
    """What each set of rules would have made of [start, end). The past is read once for all of them.

    Rules look at every tick of the site, or every `step_s`, as if a daemon had been started just before `start`. What
    people taught detectors, by the ledger, they are taught again at the same moments. What detectors said is kept of
    the variants in `traced`. `progress` is told the share that is done, 0 to 1. Times are seconds since 1970.
    """
    step_s = config.tick_s if step_s is None else step_s
    record = fit(config, past, start, end)
    sites = {name: _with(record.config, rules) for name, rules in variants.items()}
    caseloads = {name: Caseload(site, handled_s) for name, site in sites.items()}
    reels = [_Reel(fleet, _engines(sites, fleet, plugins)) for fleet in record.fleets]
    shown = _Shown(progress, (end - start) / step_s * sum(len(fleet.devices) for fleet in record.fleets))
    for reel in reels:
        reel.warm(past, _tick_before(start, step_s), step_s, lessons_of(reel.fleet, ledger or ()))
    traces = {name: _traces(name, reels, start, end, step_s, len(traced)) for name in traced}
    for event in merge(*(reel.events(past, start, end, step_s, shown) for reel in reels), key=attrgetter("time")):
        caseloads[event.variant].receive(event.device, event.finding.transition, event.finding.explanations)
    return {
        name: Outcome(
            config=site,
            start=start,
            end=end,
            step_s=step_s,
            handled_s=handled_s,
            cases=caseloads[name].cases(end),
            evaluations=sum(reel.cells * len(site.rules_for(reel.fleet.profile.profile)) for reel in reels),
            known={reel.fleet.profile.profile: reel.attendance.share for reel in reels},
            silences=common(reel.attendance.silences for reel in reels),
            notes=(*record.notes, *past.notes, *_unheard(reels), *_taught(reels, start, end), *_silent(reels, name)),
            ledger=None if ledger is None else tuple(said for said in ledger if start <= said.fired_at < end),
            traces=traces.get(name, {}),
        )
        for name, site in sites.items()
    }


class _Event(NamedTuple):
    time: float
    variant: str
    device: Device
    finding: Finding


@dataclass(slots=True)
class _Shown:
    """How much of a long work is done."""

    tell: Callable[[float], None]
    total: float
    done: int = 0

    def add(self, cells: int) -> None:
        self.done += cells
        self.tell(min(1.0, self.done / self.total))


class _Reel:
    """One fleet on its way through the past, with an engine for each set of rules."""

    def __init__(self, fleet: Fleet, engines: Mapping[str, Engine]) -> None:
        self.fleet = fleet
        self.engines = engines
        self.attendance = Attendance(fleet)
        self.cells = 0  # rows x devices
        self.lessons: Sequence[Lesson] = ()

    def warm(self, past: Past, now: float, step_s: float, lessons: Sequence[Lesson]) -> None:
        """Show the past up to `now` to all engines. Meanwhile nothing fires, so all detectors learn the same: once."""
        learnt: dict[str, Detector] = {}
        learnt_until, self.lessons = -np.inf, lessons
        everyone = np.arange(len(self.fleet.devices))
        for engine in sorted(self.engines.values(), key=lambda engine: -len(engine.detectors)):
            taught = engine.detectors.keys() <= learnt.keys()
            for name, detector in engine.detectors.items() if taught else ():
                detector.restore(learnt[name].state(), everyone)
            engine.teach(lessons, learnt_until if taught else -np.inf)
            warming.warm(engine, past, now, step_s, learnt_until=now if taught else None)
            learnt.update(engine.detectors)
            learnt_until = max(learnt_until, engine.learnt_until)

    def events(self, past: Past, start: float, end: float, step_s: float, shown: _Shown) -> Iterator[_Event]:
        """What the engines find, in order of time. One block is held at a time."""
        devices, points = len(self.fleet.devices), len(self.fleet.profile.points)
        max_rows = min(MAX_ROWS, max(_LEAST_ROWS, MAX_CELLS // (devices * points)))
        for block in past.blocks(self.fleet, start, end, step_s, max_rows):
            if len(block.times):
                self.attendance.see(block)
                yield from sorted(self._found(block), key=attrgetter("time"))
                self.cells += len(block.times) * devices
                shown.add(len(block.times) * devices)
        self.attendance.finish(end)

    def _found(self, block: Block) -> Iterator[_Event]:
        for variant, engine in self.engines.items():
            for finding in engine.evaluate(block):
                device = self.fleet.devices[finding.transition.row]
                yield _Event(finding.transition.time, variant, device, finding)


def _traces(
    variant: str, reels: Iterable[_Reel], start: float, end: float, step_s: float, variants: int
) -> dict[str, Trace]:
    """Have the engines of a variant tell what their detectors say; all variants share the memory for it."""
    engines = [engine for reel in reels if (engine := reel.engines[variant]).detectors]
    devices = sum(len(engine.fleet.devices) for engine in engines)
    traces = {}
    for engine in engines:
        most = MOST_VALUES * len(engine.fleet.devices) // (devices * variants)
        trace = Trace(engine.fleet, engine.said, start, end, step_s, most)
        engine.listener = trace.hear
        traces[engine.fleet.profile.profile] = trace
    return traces


def _tick_before(time: float, step_s: float) -> float:
    return float(cells(np.array([time]), step_s)[0] - 1.0) * step_s


def _engines(sites: Mapping[str, Config], fleet: Fleet, plugins: Plugins) -> dict[str, Engine]:
    return {name: assembly.engine(site, fleet, plugins) for name, site in sites.items()}


def _with(config: Config, rules: Rules) -> Config:
    """The site with other rules, and without the detectors whose score none of them reads."""
    texts = " ".join(text for of in rules.values() for rule in of for text in rule.conditions)
    read = {name: use for name, use in config.models.items() if any(f"{what}.{name}" in texts for what in SAID)}
    return replace(config, rules=rules, models=read)


def _taught(reels: list[_Reel], start: float, end: float) -> Iterator[Note]:
    """That detectors are not left to themselves in this time."""
    watched = [reel for reel in reels if any(engine.detectors for engine in reel.engines.values())]
    if count := sum(start <= lesson.time < end for reel in watched for lesson in reel.lessons):
        yield Note(
            "lessons_played", "what people taught detectors in this time counts here too: {count}", {"count": count}
        )


def _silent(reels: list[_Reel], variant: str) -> Iterator[Note]:
    english = "score.{name} of {profile} is unknown: its detector cannot work, see `gateway check`"
    for name, profile, _ in silent(reel.engines[variant] for reel in reels):
        yield Note("silent_detector", english, {"name": name, "profile": profile})


def _unheard(reels: list[_Reel]) -> Iterator[Note]:
    if devices := [device for reel in reels for device in reel.attendance.unheard]:
        yield Note("nothing_heard", "nothing is known of {devices} in this time", {"devices": devices})
