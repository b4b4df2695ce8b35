"""A backtest as plain JSON values, for whoever goes on from here with a program of his own."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from gateway.core.messages import Language
from gateway.workbench.backtest.comparison import Comparison, Pair
from gateway.workbench.backtest.judged import Judged, closings_of, judged
from gateway.workbench.backtest.outcome import Case, Outcome
from gateway.workbench.backtest.summary import firing_s, summarise

Json = Mapping[str, Any]


def plain_outcome(outcome: Outcome, language: Language) -> Json:
    """Everything about an outcome; times are seconds since 1970."""
    return {
        "site": outcome.config.site.id,
        "start": outcome.start,
        "end": outcome.end,
        "step_s": outcome.step_s,
        "handled_s": outcome.handled_s,
        "evaluations": outcome.evaluations,
        "known": dict(outcome.known),
        "silences": [list(span) for span in outcome.silences],
        "notes": [{"kind": note.kind, "text": note.sentence(language)} for note in outcome.notes],
        "summary": asdict(summarise(outcome)),
        "judged": None if outcome.ledger is None else [_judged(rule) for rule in judged(outcome)],
        "tickets": _cases(outcome.cases, outcome),
    }


def plain_comparison(comparison: Comparison, before: Outcome, language: Language) -> Json:
    """What changed, and the outcome that the other rules have; tickets are named by their ids there and here."""
    return {
        "added": [case.ticket.id for case in comparison.added],
        "lost": _cases(comparison.lost, before),
        "moved": [_pair(pair) for pair in comparison.moved],
        "levels": [_pair(pair) for pair in comparison.levels],
        "same": len(comparison.same),
        "before": plain_outcome(before, language),
    }


def _judged(rule: Judged) -> Json:
    said, raised = rule.said, rule.raised
    return {
        "rule": rule.rule,
        "said": {**asdict(said), "precision": said.precision},
        "raised_again": {**asdict(raised), "precision": raised.precision},
    }


def _cases(cases: Iterable[Case], outcome: Outcome) -> list[Json]:
    end, closings = outcome.end, closings_of(outcome)
    return [
        {
            **asdict(case.ticket),
            "opened_as": case.opened_as,
            "escalated_at": case.escalated_at,
            "lasted_s": firing_s(case, end),
            "judged": [{"ticket": said.ticket, "verdict": said.verdict} for said in closings.get(case.ticket.id, ())],
            "changes": [asdict(change) for change in case.changes],
        }
        for case in cases
    ]


def _pair(pair: Pair) -> Json:
    before, after = pair.before, pair.after
    return {
        "before": before.ticket.id,
        "after": after.ticket.id,
        "moved_s": pair.moved_s,
        "levels_before": [before.opened_as, before.ticket.level],
        "levels_after": [after.opened_as, after.ticket.level],
    }
