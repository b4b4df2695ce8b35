"""Where the outcome of a backtest goes: a screen, a page for a browser, a file for machines."""

from collections.abc import Iterator, Mapping

from rich.text import Text

from gateway.cli.backtest import text
from gateway.cli.backtest.advice import budget_lines, plain_budget
from gateway.cli.backtest.chosen import Only
from gateway.cli.backtest.files import write, write_plain
from gateway.cli.ledger_view import judged_lines
from gateway.core.messages import Language
from gateway.history.past import Past
from gateway.workbench.backtest.comparison import compare
from gateway.workbench.backtest.outcome import Outcome
from gateway.workbench.backtest.plain import plain_comparison, plain_outcome
from gateway.workbench.backtest.summary import summarise
from gateway.workbench.page import write_page
from gateway.workbench.tuning.budget import Budget

OURS, THEIRS = "ours", "theirs"
"""The names under which the rules and those that they are compared with are played."""

Outcomes = Mapping[str, Outcome]


def write_html(file: str | None, outcomes: Outcomes, past: Past, language: Language) -> None:
    """The page, if it is asked for. Raises Failed."""
    if file is not None:
        ours, before = outcomes[OURS], outcomes.get(THEIRS)
        write(file, lambda path: write_page(path, ours, past, language=language, before=before))


def write_json(file: str | None, outcomes: Outcomes, budget: Budget | None, language: Language) -> None:
    """Everything for machines, if it is asked for. Raises Failed."""
    if file is None:
        return
    ours, theirs = outcomes[OURS], outcomes.get(THEIRS)
    everything = dict(plain_outcome(ours, language))
    if theirs is not None:
        everything["comparison"] = plain_comparison(compare(theirs, ours), theirs, language)
    if budget is not None:
        everything["budget"] = plain_budget(budget)
    write_plain(file, everything)


def screen(outcomes: Outcomes, only: Only, against: str, budget: Budget | None, language: Language) -> Iterator[Text]:
    """For people: figures, tickets if some were asked for, changes if there is something to compare with, notes."""
    ours, theirs = outcomes[OURS], outcomes.get(THEIRS)
    cases = [case for case in ours.cases if only.takes(case)]
    summary = summarise(ours, cases)
    yield from text.heading(ours, language)
    yield Text()
    yield from text.rule_lines(summary, language)
    if cases:
        yield Text()
        yield from text.load_lines(summary, language)
    if ours.ledger:
        yield Text()
        yield from judged_lines(ours, theirs, against, language)
    if cases and only:
        yield Text()
        yield from text.case_lines(cases, ours, language)
    if theirs is not None:
        yield Text()
        yield from text.change_lines(only.of(compare(theirs, ours)), against, ours.config.site.zone, language)
    if budget is not None:
        yield Text()
        yield from budget_lines(budget, language)
    yield Text()
    yield from text.note_lines(ours, language)
