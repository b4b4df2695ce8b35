"""What the page tells, gathered once: the outcome, what it is compared with, the language, the tickets to draw."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from gateway.core.messages import Language
from gateway.core.types import Level
from gateway.workbench.backtest.comparison import Comparison, Pair, compare
from gateway.workbench.backtest.outcome import Case, Outcome
from gateway.workbench.backtest.summary import Summary, firing_s, summarise
from gateway.workbench.page.words import Words
from rules.rule import Rule


@dataclass(frozen=True, eq=False)
class Report:
    """An outcome as a page. `before` is what the rules would have made of the same time without the change."""

    outcome: Outcome
    before: Outcome | None
    words: Words
    plots: int
    comparison: Comparison | None = field(init=False)

    def __post_init__(self) -> None:
        compared = compare(self.before, self.outcome) if self.before else None
        object.__setattr__(self, "comparison", compared)

    @classmethod
    def of(cls, outcome: Outcome, before: Outcome | None, language: Language, plots: int) -> "Report":
        """The report in a language, with at most so many plots."""
        return cls(outcome, before, Words(language, outcome.config.site.zone), plots)

    @cached_property
    def summary(self) -> Summary:
        """The figures of the outcome."""
        return summarise(self.outcome)

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """Every rule of the site by its id."""
        config = self.outcome.config
        return config.all_rules

    @cached_property
    def drawn(self) -> frozenset[str]:
        """The tickets that get a plot: red ones first, then those whose problem was there for longest."""
        order = sorted(self.outcome.cases, key=self._rank)
        return frozenset(case.ticket.id for case in order[: self.plots])

    @cached_property
    def by_rule(self) -> Mapping[str, tuple[Case, ...]]:
        """The tickets of each rule, in the order of the table of rules; within one red first, then longest."""
        order = dict.fromkeys(line.rule for line in self.summary.lines)
        return {
            rule: tuple(sorted((case for case in self.outcome.cases if case.ticket.rule == rule), key=self._rank))
            for rule in order
        }

    @cached_property
    def changes(self) -> Mapping[str, Pair | None]:
        """What the change did to a ticket, by its id: the pair if it is an old one, None if it is new."""
        if self.comparison is None:
            return {}
        pairs = {pair.after.ticket.id: pair for pair in self.comparison.pairs}
        return {case.ticket.id: None for case in self.comparison.added} | pairs

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {case.ticket.id: i for i, case in enumerate(self.outcome.cases, 1)}

    def units(self, profile: str) -> Mapping[str, str]:
        """The units of the points of a device type, by point."""
        return {point.name: point.unit for point in self.outcome.config.profiles[profile].points}

    def anchor(self, case: Case) -> str:
        """The id of a ticket in the page."""
        return f"t{self._numbers[case.ticket.id]}" if case.ticket.id in self._numbers else ""

    def firing_s(self, case: Case) -> float:
        """How long the problem of a ticket was there in all."""
        return firing_s(case, self.outcome.end)

    def _rank(self, case: Case) -> tuple[bool, float, float]:
        return case.ticket.level is not Level.RED, -self.firing_s(case), case.ticket.fired_at
