"""What people said of the tickets of this time, by rule, and which of those would be raised again."""

from collections.abc import Sequence

from gateway.core.markup import Markup, element
from gateway.workbench.backtest.judged import Judged, Spared, judged, spared
from gateway.workbench.page.parts import Cell, table
from gateway.workbench.page.report import Report
from gateway.workbench.page.words import UNKNOWN, Words


def judgements(report: Report) -> Markup | None:
    """The table and its sentences; nothing if nobody said anything."""
    rules, words = judged(report.outcome), report.words
    if not rules:
        return None
    sentences = [_sentence(spared(rules), words)]
    if report.before is not None:
        before = _sentence(spared(judged(report.before)), words)
        sentences.append(words.say("page_judged_before", "Without the change: {sentence}", sentence=before))
    heads = [
        words.say("page_rule_head", "rule"),
        words.say("page_true", "true"),
        words.say("page_normal", "normal"),
        words.say("page_false", "false"),
        words.say("page_precision", "precision"),
        words.say("page_true_again", "true again"),
        words.say("page_false_again", "false again"),
        words.say("page_precision_then", "precision then"),
    ]
    caption = words.say("page_judged", "What people said of the real tickets of this time, and which would come again")
    rows = map(_row, rules)
    lines = [element("p", sentence) for sentence in sentences]
    return element("div", table(caption, heads, rows, numbers=frozenset(range(1, 8))), lines)


def _row(rule: Judged) -> Sequence[Cell]:
    said, raised = rule.said, rule.raised
    counts: list[Cell] = [(str(n), n) for n in (said.done, said.normal, said.false)]
    again: list[Cell] = [(str(n), n) for n in (raised.done, raised.false)]
    name: Cell = (element("span", rule.rule, class_="code"), rule.rule)
    return [name, *counts, _precision(said.precision), *again, _precision(raised.precision)]


def _precision(precision: float | None) -> Cell:
    return (UNKNOWN, -1.0) if precision is None else (f"{precision:.0%}", precision)


def _sentence(spared: Spared, words: Words) -> str:
    return words.say(
        "page_spared",
        "Of {false} tickets judged false, {false_gone} would not have been raised; of {true} judged true, {true_gone}.",
        false=spared.false,
        false_gone=spared.false_gone,
        true=spared.true,
        true_gone=spared.true_gone,
    )
