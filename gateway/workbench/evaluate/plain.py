"""An evaluation as plain JSON values. The same seeds give the same text: nothing in it depends on the machine."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gateway.workbench.evaluate.figures import Figure, figures
from gateway.workbench.evaluate.judge import Unexplained, Verdict
from gateway.workbench.evaluate.raised import Raised
from gateway.workbench.evaluate.run import Evaluation
from gateway.workbench.evaluate.summary import summarise

Json = Mapping[str, Any]


def plain_evaluation(evaluation: Evaluation) -> Json:
    """Everything; times are seconds since 1970, what is not known is null."""
    asked = evaluation.asked
    return {
        "site": evaluation.config.site.id,
        "devices": len(evaluation.config.devices),
        "days": asked.days,
        "every_s": asked.every_s,
        "cases": asked.cases,
        "seeds": [{"seed": seed, "start": start} for seed, start in asked.starts.items()],
        "evaluations": evaluation.evaluations,
        "trial_days": evaluation.trial_days,
        "figures": [_figure(figure) for figure in figures(evaluation)],
        "summary": asdict(summarise(evaluation)),
        "normal": [
            {"seed": weeks.seed, "start": weeks.start, "end": weeks.end, "tickets": [_ticket(t) for t in weeks.tickets]}
            for weeks in evaluation.weeks
        ],
        "trials": [_verdict(verdict) for verdict in evaluation.verdicts],
        "unexplained": [_unexplained(stray) for stray in evaluation.strays],
    }


def _figure(figure: Figure) -> Json:
    return {
        "name": figure.name,
        "unit": figure.unit,
        "asked": {"at_most" if figure.at_most else "at_least": figure.limit},
        "seen": figure.seen,
        "met": figure.is_met,
        "by_seed": {str(seed): value for seed, value in figure.by_seed.items()},
    }


def _verdict(verdict: Verdict) -> Json:
    trial = asdict(verdict.trial)
    return {
        **trial,
        "classes": list(trial["classes"]),
        "level": verdict.trial.level,
        "found": verdict.is_found,
        "level_reached": verdict.level,
        "level_right": verdict.is_level_right,
        "by_score": verdict.is_by_score,
        "told_at": verdict.told_at,
        "red_at": verdict.red_at,
        "since_onset_s": verdict.since_onset_s,
        "since_shown_s": verdict.since_shown_s,
        "red_delay_s": verdict.red_delay_s,
        "warning_s": verdict.warning_s,
        "tickets": [_ticket(ticket) for ticket in verdict.tickets],
    }


def _unexplained(stray: Unexplained) -> Json:
    return {"why": stray.why, "during": stray.during, "seed": stray.seed, **_ticket(stray.ticket)}


def _ticket(ticket: Raised) -> Json:
    return {
        "id": ticket.ticket,
        "devices": list(ticket.devices),
        "class": ticket.kind,
        "rule": ticket.rule,
        "title": ticket.title,
        "level": ticket.level,
        "told": [[at, level] for at, level in ticket.told],
        "by_score": ticket.by_score,
    }
