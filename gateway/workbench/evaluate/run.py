"""Plays the normal weeks and the trials of a site through the daemon's own engine and desk, and has them judged."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.core.config import Config
from gateway.core.plugins import Plugins
from gateway.pipeline import assembly
from gateway.pipeline.engine import LEARN_STEP_S
from gateway.pipeline.warming import LEARN_FROM_S, NEAR_S
from gateway.workbench.backtest.outcome import Outcome
from gateway.workbench.backtest.play import play
from gateway.workbench.evaluate.campaign import Asked, Build, Round, paced, rounds
from gateway.workbench.evaluate.example import Example, examples
from gateway.workbench.evaluate.judge import Unexplained, Verdict, unexplained, verdicts
from gateway.workbench.evaluate.past import SimulatedPast, Stretch
from gateway.workbench.evaluate.raised import Raised, raised
from rules.duration import DAY_S
from simulators.site import SimulatedSite

_RULES = "site"
_DENSE_S = 3 * 3600.0


@dataclass(frozen=True, slots=True)
class Weeks:
    """The normal weeks of one seed, in which nothing is wrong with any device."""

    seed: int
    start: float
    end: float
    tickets: tuple[Raised, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation found out."""

    config: Config
    asked: Asked
    weeks: tuple[Weeks, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    strays: tuple[Unexplained, ...] = ()
    """Tickets of the trials' machines that tell of no trial."""
    examples: tuple[Example, ...] = ()
    """One trial of each fault and kind of machine, of the first seed."""
    trial_days: float = 0.0
    """Device days of all rounds of trials."""
    evaluations: int = 0
    """Rows x devices x rules."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """What became of a round."""

    verdicts: tuple[Verdict, ...]
    strays: tuple[Unexplained, ...]
    examples: tuple[Example, ...]


@dataclass(slots=True)
class _Stage:
    """What all plays of an evaluation share."""

    plugins: Plugins
    tell: Callable[[float], None]
    total_s: float
    done_s: float = 0.0
    evaluations: int = 0

    def play(self, config: Config, plant: SimulatedSite, start: float, end: float, step_s: float) -> Outcome:
        """One play, after two weeks of normal life, of which windows see up to a day as densely as the play."""
        books = [assembly.engine(config, fleet, self.plugins).book for fleet in config.fleets]
        dense_s = min(max([_DENSE_S, *(book.horizon_s for book in books)]), NEAR_S)
        turn = start - (dense_s // LEARN_STEP_S + 1) * LEARN_STEP_S
        stretches = Stretch(start - LEARN_FROM_S, turn, LEARN_STEP_S), Stretch(turn, end, step_s)
        past = SimulatedPast(plant, config, stretches)
        weight_s = (end - start + LEARN_FROM_S) * len(config.devices)

        def progress(share: float) -> None:
            self.tell(min(1.0, (self.done_s + share * weight_s) / self.total_s))

        outcome = play(config, self.plugins, past, start, end, {_RULES: config.rules}, step_s=step_s, progress=progress)
        self.done_s += weight_s
        self.evaluations += outcome[_RULES].evaluations
        return outcome[_RULES]


def evaluate(
    config: Config,
    plugins: Plugins,
    build: Build,
    asked: Asked,
    progress: Callable[[float], None] = lambda _: None,
) -> Evaluation:
    """Play everything. `build` makes the property; `progress` is told the share that is done, 0 to 1."""
    site = paced(config, asked.every_s)
    planned = list(rounds(config, build, asked))
    normal_s = (asked.days * DAY_S + LEARN_FROM_S) * len(site.devices) * len(asked.starts) if asked.normal else 0.0
    trial_s = sum((each.end - each.start + LEARN_FROM_S) * len(each.config.devices) for each in planned)
    stage = _Stage(plugins, progress, normal_s + trial_s)
    weeks = tuple(_normal(stage, site, build, asked, seed) for seed in asked.starts) if asked.normal else ()
    first = next(iter(asked.starts))
    judged = [_judged(stage, each, build if each.seed == first else None) for each in planned]
    return Evaluation(
        config=config,
        asked=asked,
        weeks=weeks,
        verdicts=tuple(verdict for each in judged for verdict in each.verdicts),
        strays=tuple(stray for each in judged for stray in each.strays),
        examples=tuple(example for each in judged for example in each.examples),
        trial_days=sum((each.end - each.start) * len(each.config.devices) for each in planned) / DAY_S,
        evaluations=stage.evaluations,
    )


def _normal(stage: _Stage, site: Config, build: Build, asked: Asked, seed: int) -> Weeks:
    start = asked.starts[seed]
    end = start + asked.days * DAY_S
    outcome = stage.play(site, build(site, seed), start, end, asked.every_s)
    return Weeks(seed, start, end, _tickets(outcome))


def _judged(stage: _Stage, of: Round, build: Build | None) -> _Judged:
    """The trials of a round; with examples to look at, if there is a way to build the property without faults."""
    tickets = _tickets(stage.play(of.config, of.plant, of.start, of.end, of.step_s))
    found = verdicts(of.trials, tickets)
    shown = examples(found, of.plant, build(of.config, of.seed)) if build else ()
    return _Judged(found, unexplained(of.trials, tickets, of.seed), shown)


def _tickets(outcome: Outcome) -> tuple[Raised, ...]:
    rules = outcome.config.all_rules
    return tuple(raised(case, rules) for case in outcome.cases)
