"""What people said of real tickets, held against the tickets that a set of rules would have raised.

A real ticket is raised again by a ticket of the same id, or by one of the same rule and device whose life overlaps that
of the real one: a changed rule fires at other moments. So a change of rules shows which false tickets it spares, and
which true ones it loses.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.core.types import Closing
from gateway.tickets.ledger import Tally, tallies
from gateway.workbench.backtest.outcome import Case, Outcome


@dataclass(frozen=True, slots=True)
class Judged:
    """The real tickets of one rule, by what people said of them; and those of them that would be raised again."""

    rule: str
    said: Tally
    raised: Tally


@dataclass(frozen=True, slots=True)
class Spared:
    """Real tickets in all that people judged false, or true, and how many of each would not be raised."""

    false: int
    false_gone: int
    true: int
    true_gone: int


def judged(outcome: Outcome) -> tuple[Judged, ...]:
    """By rule, those with most closings first; empty without a ledger."""
    said = outcome.ledger or ()
    again = {closing.ticket for closings in closings_of(outcome).values() for closing in closings}
    raised = tallies(closing for closing in said if closing.ticket in again)
    return tuple(Judged(rule, tally, raised.get(rule, Tally())) for rule, tally in tallies(said).items())


def spared(rules: Iterable[Judged]) -> Spared:
    """The sum of several rules."""
    each = list(rules)
    false, true = sum(one.said.false for one in each), sum(one.said.done for one in each)
    false_kept, true_kept = sum(one.raised.false for one in each), sum(one.raised.done for one in each)
    return Spared(false, false - false_kept, true, true - true_kept)


def closings_of(outcome: Outcome) -> Mapping[str, list[Closing]]:
    """By ticket of the outcome, the closings of real tickets that it raises again."""
    cases: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in outcome.cases:
        for rule in {case.ticket.rule, *(change.rule for change in case.changes)}:
            cases[rule, case.ticket.device].append(case)
    found: dict[str, list[Closing]] = defaultdict(list)
    for closing in outcome.ledger or ():
        for case in cases[closing.rule, closing.device]:
            if _is_same(case, closing, outcome.end):
                found[case.ticket.id].append(closing)
    return found


def _is_same(case: Case, closing: Closing, end: float) -> bool:
    since, until = case.life(end)
    return case.ticket.id == closing.ticket or (since <= closing.closed_at and closing.fired_at <= until)
