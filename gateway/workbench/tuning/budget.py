"""At most N yellow tickets a week for each building: which rules to tune, and how, so that it comes true.

Red is never touched: a danger to people has no budget. The way is one that a person could go and can follow: as long as
a building is over its budget, the rule that opens the most yellow tickets there becomes one step milder.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateway.core.types import Level
from gateway.workbench.backtest.outcome import Case, Outcome
from gateway.workbench.tuning.suggest import Option, Record, suggest_all
from rules.rule import Rule

MOST_RULES = 8
"""That are tried: the noisiest ones of the buildings that are over their budget."""


class Step(NamedTuple):
    """One rule made milder."""

    before: Option
    after: Option


@dataclass(frozen=True, slots=True)
class Budget:
    """What to change, what it was before and what it would be then: played, not added up."""

    yellow_per_week: float
    before: Outcome
    after: Outcome
    steps: tuple[Step, ...]
    """The rules to tune, the noisiest first."""

    @property
    def is_kept(self) -> bool:
        """Whether every building is within its budget after the steps."""
        return not _over(self.after.cases, self.yellow_per_week * self.after.weeks)


def budget(
    record: Record, before: Outcome, yellow_per_week: float, tell: Callable[[float], None] = lambda _: None
) -> Budget:
    """Find the mildest changes with which no building gets more; `before` is the outcome of the rules as they are."""
    allowed = yellow_per_week * before.weeks
    over = _over(before.cases, allowed)
    noisy = Counter(case.ticket.rule for case in before.cases if _counts(case) and _building(case) in over)
    ladders = _ladders(record, [rule for rule, _ in noisy.most_common(MOST_RULES)], lambda done: tell(done / 2))
    levels = _descend(before.cases, ladders, allowed)
    steps = tuple(Step(ladders[rule][0], ladders[rule][k]) for rule, k in levels.items() if k)
    changed = {step.after.rule.id: step.after.rule for step in steps}
    after = _played(record, changed, lambda done: tell(0.5 + done / 2)) if changed else before
    return Budget(yellow_per_week, before, after, steps)


def _ladders(record: Record, rules: Sequence[str], tell: Callable[[float], None]) -> dict[str, list[Option]]:
    """For each rule its options from what is written now to the mildest; those that open fewer and fewer tickets."""
    ladders = {}
    for rule, suggestions in suggest_all(record, rules, tell).items():
        best: list[Option] = []
        for suggestion in suggestions:
            if suggestion.level == "yellow":
                options = list(suggestion.options)
                now = next(i for i, option in enumerate(options) if option.is_now)
                ladder = _falling(options[now:])
                best = max(best, ladder, key=len)
        if len(best) > 1:
            ladders[rule] = best
    return ladders


def _falling(options: Sequence[Option]) -> list[Option]:
    """Options of which each opens fewer yellow tickets than the one before, and no fewer red ones."""
    kept = list(options[:1])
    for option in options[1:]:
        last = kept[-1]
        if option.count(Level.YELLOW) < last.count(Level.YELLOW) and option.count(Level.RED) >= last.count(Level.RED):
            kept.append(option)
    return kept


def _descend(cases: Sequence[Case], ladders: Mapping[str, Sequence[Option]], allowed: float) -> dict[str, int]:
    """How far down its ladder each rule must go; as far as there are steps."""
    rest = [case for case in cases if case.ticket.rule not in ladders]
    levels = dict.fromkeys(ladders, 0)
    while True:
        now = [*rest, *(case for rule, k in levels.items() for case in ladders[rule][k].cases)]
        over = _over(now, allowed)
        worst = sorted(over, key=lambda building: -over[building])
        step = next((rule for building in worst if (rule := _noisiest(building, ladders, levels))), None)
        if step is None:
            return levels
        levels[step] += 1


def _noisiest(building: str, ladders: Mapping[str, Sequence[Option]], levels: Mapping[str, int]) -> str | None:
    """Of the rules that can still become milder, the one that opens the most yellow tickets in a building."""
    counts = {
        rule: sum(_counts(case) and _building(case) == building for case in ladders[rule][k].cases)
        for rule, k in levels.items()
        if k + 1 < len(ladders[rule])
    }
    rule = max(counts, key=lambda each: counts[each], default=None)
    return rule if rule is not None and counts[rule] else None


def _played(record: Record, changed: Mapping[str, Rule], tell: Callable[[float], None]) -> Outcome:
    rules = {
        profile: tuple(changed.get(rule.id, rule) for rule in rules) for profile, rules in record.config.rules.items()
    }
    return record.play({"after": rules}, tell)["after"]


def _over(cases: Sequence[Case], allowed: float) -> dict[str, int]:
    """The buildings with more yellow tickets than allowed, and how many they have."""
    counts = Counter(_building(case) for case in cases if _counts(case))
    return {building: count for building, count in counts.items() if count > allowed}


def _counts(case: Case) -> bool:
    return case.ticket.level is Level.YELLOW


def _building(case: Case) -> str:
    return case.device.location.get("building", "")
