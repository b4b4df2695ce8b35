"""What a change of rules does to the tickets: one sentence, a table by rule, and every ticket that comes or goes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from gateway.core.markup import Content, Markup, element
from gateway.workbench.backtest.comparison import Comparison, Pair
from gateway.workbench.backtest.outcome import Case
from gateway.workbench.page.parts import Cell, levels, link, table
from gateway.workbench.page.report import Report
from gateway.workbench.page.words import UNKNOWN, Words


def change_sentence(comparison: Comparison, words: Words) -> Markup:
    """How many tickets are not as they were."""
    text = words.say(
        "page_change_lead",
        "The change adds {added} tickets, loses {lost}, moves {moved} in time and gives {levels} another level; {same} "
        "stay as they are.",
        added=len(comparison.added),
        lost=len(comparison.lost),
        moved=len(comparison.moved),
        levels=len(comparison.levels),
        same=len(comparison.same),
    )
    return element("p", text, class_="lead")


def changes(comparison: Comparison, report: Report) -> Markup:
    """The section: by rule, and one by one."""
    return element(
        "section",
        element("h2", report.words.say("page_change_title", "What the change does")),
        _by_rule(comparison, report.words),
        _one_by_one(comparison, report),
        id="change",
    )


def _by_rule(comparison: Comparison, words: Words) -> Markup:
    """Pairs count to the rule that they have after the change."""
    before = _count([*comparison.lost, *(pair.before for pair in comparison.pairs)])
    after = _count([*comparison.added, *(pair.after for pair in comparison.pairs)])
    added, lost = _count(comparison.added), _count(comparison.lost)
    level = _count([pair.after for pair in comparison.levels])
    heads = [
        words.say("page_rule_head", "rule"),
        words.say("page_before_head", "before"),
        words.say("page_after_head", "after"),
        words.say("page_added", "added"),
        words.say("page_lost", "lost"),
        words.say("page_other_level", "another level"),
        words.say("page_moved_head", "moved"),
        words.say("page_typically_head", "typically"),
    ]
    rows: list[Sequence[Cell]] = []
    for rule in sorted(before.keys() | after.keys()):
        moves = [pair.moved_s for pair in comparison.moved if pair.after.ticket.rule == rule]
        if moves or added[rule] or lost[rule] or level[rule] or before[rule] != after[rule]:
            counts = [before[rule], after[rule], added[rule], lost[rule], level[rule], len(moves)]
            typically: Cell = (_move(median(moves), words) if moves else UNKNOWN, median(moves) if moves else 0.0)
            rows.append([(element("span", rule, class_="code"), rule), *((n or UNKNOWN, n) for n in counts), typically])
    caption = words.say("page_change_rules", "Rules whose tickets are not as they were")
    return table(caption, heads, rows, numbers=frozenset(range(1, 8)))


def _one_by_one(comparison: Comparison, report: Report) -> Markup | None:
    """Tickets that come, go or have another level; those that only moved say so where they are drawn."""
    words = report.words
    heads = [
        words.say("page_time_head", "opened"),
        words.say("page_change_head", "change"),
        words.say("page_level_head", "level"),
        words.say("page_title_head", "what"),
        words.say("page_device_head", "device"),
        words.say("page_rule_head", "rule"),
    ]
    rows = sorted(_rows(comparison, report), key=lambda row: row[0][1] or 0.0)
    caption = words.say("page_change_tickets", "Tickets that come, go or have another level")
    return table(caption, heads, rows, numbers=frozenset()) if rows else None


def _rows(comparison: Comparison, report: Report) -> Iterator[Sequence[Cell]]:
    words = report.words
    added, lost = words.say("page_added", "added"), words.say("page_lost", "lost")
    yield from (_row(added, case, report, levels(case, words)) for case in comparison.added)
    yield from (_row(lost, case, report, levels(case, words)) for case in comparison.lost)
    other = words.say("page_other_level", "another level")
    yield from (_row(other, pair.after, report, _both(pair, words)) for pair in comparison.levels)


def _row(what: str, case: Case, report: Report, level: Content) -> Sequence[Cell]:
    ticket = case.ticket
    return [
        (link(case, report, report.words.moment(ticket.fired_at)), ticket.fired_at),
        (what, what),
        (level, ticket.level),
        (ticket.title, ticket.title),
        (ticket.device, ticket.device),
        (element("span", ticket.rule, class_="code"), ticket.rule),
    ]


def _both(pair: Pair, words: Words) -> Content:
    return [levels(pair.after, words), " (", words.say("page_was", "was"), " ", levels(pair.before, words), ")"]


def _move(moved_s: float, words: Words) -> str:
    if moved_s > 0:
        return words.say("page_moved_later", "{time} later", time=words.duration(moved_s))
    return words.say("page_moved_earlier", "{time} earlier", time=words.duration(-moved_s))


def _count(cases: Sequence[Case]) -> Mapping[str, int]:
    return Counter(case.ticket.rule for case in cases)
