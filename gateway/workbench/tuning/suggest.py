"""Other limits for a rule, and the tickets that each would have made of this site's own history."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.core.config import Config
from gateway.core.plugins import Plugins
from gateway.core.types import Closing, Fleet, Level
from gateway.history.past import Past
from gateway.workbench.backtest.outcome import Case, Outcome
from gateway.workbench.backtest.play import HANDLED_S, Rules, play
from gateway.workbench.tuning.candidates import Origin, candidates
from gateway.workbench.tuning.distribution import distribution
from rules.duration import DAY_S
from rules.language.limits import Limit, limits, with_limit
from rules.lint.conflicts import conflicts
from rules.rule import LevelName, Rule
from rules.vocabulary import Vocabulary

MOST_LIMITS = 6
"""Of one level that are looked at; a rule with more numbers than that is no threshold rule."""
_ANY = (float("-inf"), float("inf"))


@dataclass(frozen=True, slots=True)
class Record:
    """The stretch of the past to judge by, and the site that it is of."""

    config: Config
    plugins: Plugins
    past: Past
    start: float
    end: float
    handled_s: float = HANDLED_S
    step_s: float | None = None
    ledger: Sequence[Closing] | None = None

    @property
    def weeks(self) -> float:
        """How long it is."""
        return (self.end - self.start) / (7 * DAY_S)

    def play(
        self, variants: Mapping[str, Rules], tell: Callable[[float], None], traced: Collection[str] = ()
    ) -> dict[str, Outcome]:
        """See `backtest.play`."""
        return play(
            self.config, self.plugins, self.past, self.start, self.end, variants,
            handled_s=self.handled_s, step_s=self.step_s, ledger=self.ledger, traced=traced, progress=tell,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """One way to write a level of a rule, and the tickets that the rule would then have opened."""

    rule: Rule
    level: LevelName
    number: float
    origins: tuple[Origin, ...]
    cases: tuple[Case, ...] = ()

    @property
    def is_now(self) -> bool:
        """Whether it is as the rule is written."""
        return any(origin.kind == "now" for origin in self.origins)

    def count(self, level: Level) -> int:
        """Tickets that had this level in the end."""
        return sum(case.ticket.level is level for case in self.cases)

    @property
    def devices(self) -> int:
        """How many devices make the tickets."""
        return len({case.ticket.device for case in self.cases})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The options for one number of a rule, mildest last."""

    level: LevelName
    limit: Limit
    options: tuple[Option, ...]
    known: float
    """Share of the time for which the quantity was known."""
    held: float
    """Share of that in which the rest of the condition held; 0 if never, then all values were counted."""


def suggest(record: Record, rule: str, tell: Callable[[float], None] = lambda _: None) -> tuple[Suggestion, ...]:
    """For every number that a rule compares something with; empty if it has none. Raises KeyError for no such rule."""
    return suggest_all(record, [rule], tell)[rule]


def suggest_all(
    record: Record, rules: Iterable[str], tell: Callable[[float], None] = lambda _: None
) -> dict[str, tuple[Suggestion, ...]]:
    """The same for several rules; the past is played once for all of them."""
    plain = {rule: tuple(_suggestions(record, rule)) for rule in rules}
    options = {
        f"{rule} {i} {k}": option
        for rule, suggestions in plain.items()
        for i, suggestion in enumerate(suggestions)
        for k, option in enumerate(suggestion.options)
    }
    variants = {name: _alone(record.config, option.rule) for name, option in options.items()}
    outcomes = record.play(variants, tell) if variants else {}
    played = {name: replace(option, cases=_of(outcomes[name], option.rule.id)) for name, option in options.items()}
    return {
        rule: tuple(
            replace(each, options=tuple(played[f"{rule} {i} {k}"] for k in range(len(each.options))))
            for i, each in enumerate(suggestions)
        )
        for rule, suggestions in plain.items()
    }


def _suggestions(record: Record, name: str) -> Iterator[Suggestion]:
    """Without tickets yet, and without limits that make no sense beside the rest of the rule."""
    fleet, rule = _place(record.config, name)
    words = record.config.vocabulary(fleet)
    for level, condition in rule.levels.items():
        for limit in limits(condition.when, words)[:MOST_LIMITS]:
            if limit.operator in {"==", "!="}:
                continue
            spread = distribution(condition.when, limit, fleet, words, record.past, record.start, record.end)
            low, high = _possible(limit, words)
            upward = limit.operator in {">", ">="}
            tried = candidates(spread.values, limit.number, upward=upward, low=low, high=high)
            texts = [with_limit(condition.when, limit.span, each.number) for each in tried]
            options = [
                Option(_with(rule, level, text), level, each.number, each.origins)
                for each, text in zip(tried, texts, strict=True)
            ]
            known = _objections(rule, words)
            sound = tuple(option for option in options if option.is_now or _objections(option.rule, words) <= known)
            yield Suggestion(level, limit, sound, spread.known, spread.held)


def _place(config: Config, name: str) -> tuple[Fleet, Rule]:
    """The rule, and the first fleet that it watches."""
    for fleet in config.fleets:
        for rule in config.rules_for(fleet.profile.profile):
            if rule.id == name:
                return fleet, rule
    raise KeyError(name)


def _possible(limit: Limit, words: Vocabulary) -> tuple[float, float]:
    """Where the limit means something: in the range of the point, over the rating if it is a share of one."""
    low, high = words.ranges.get(limit.point or "", _ANY) if limit.alike else _ANY
    if limit.rating is None:
        return low / limit.times, high / limit.times
    ratings = words.ratings[limit.rating]
    known = ratings[ratings > 0]
    return (low / known.max(), high / known.min()) if known.size else _ANY


def _objections(rule: Rule, words: Vocabulary) -> set[str]:
    """What `gateway check` has against a rule, such as a `clear` that overlaps with a level."""
    return {conflict.kind for conflict in conflicts({0: rule}, words)}


def _with(rule: Rule, level: LevelName, when: str) -> Rule:
    condition = rule.levels[level].model_copy(update={"when": when})
    return rule.model_copy(update={level: condition})


def _alone(config: Config, changed: Rule) -> dict[str, tuple[Rule, ...]]:
    """The rule in its new form, beside the others of its class: they share its tickets."""
    kind = changed.kind or changed.id
    return {
        profile: tuple(changed if rule.id == changed.id else rule for rule in rules if (rule.kind or rule.id) == kind)
        for profile, rules in config.rules.items()
    }


def _of(outcome: Outcome, rule: str) -> tuple[Case, ...]:
    return tuple(case for case in outcome.cases if case.ticket.rule == rule)
