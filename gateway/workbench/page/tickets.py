"""The middle of the page: the table of rules, then each rule with the plots of its tickets; all tickets at the end."""

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.core.markup import Content, Markup, element
from gateway.history.past import Past
from gateway.tickets import texts
from gateway.workbench.backtest.outcome import Case
from gateway.workbench.backtest.summary import Line
from gateway.workbench.page.drawing import drawing
from gateway.workbench.page.parts import Cell, level_word, levels, link, table
from gateway.workbench.page.picture import picture
from gateway.workbench.page.report import Report
from gateway.workbench.page.words import Words, number, per_week
from gateway.workbench.testing.moments import moment
from rules.rule import Rule


def rule_table(report: Report) -> Markup:
    """What each rule costs, by the level with which its tickets open."""
    words = report.words
    heads = [
        words.say("page_rule_head", "rule"),
        words.say("page_level_head", "level"),
        words.say("page_week_head", "a week"),
        words.say("page_count_head", "tickets"),
        words.say("page_devices_head", "devices"),
        words.say("page_most_head", "most from"),
        words.say("page_median_head", "median"),
        words.say("page_escalated_head", "to red"),
        words.say("page_again_head", "again"),
    ]
    rows = [_rule_row(line, words) for line in report.summary.lines]
    caption = words.say("page_rule_table", "By rule, and the level with which its tickets open")
    title = words.say("page_rules_title", "Rules")
    body = table(caption, heads, rows, numbers=frozenset({2, 3, 4, 6, 7, 8}))
    return element("section", element("h2", title), body, id="rules")


def rule_sections(report: Report, past: Past) -> Iterator[Markup]:
    """Each rule as it is written, and its tickets; one plot at a time."""
    words = report.words
    yield element("h2", words.say("page_plots_title", "Tickets"), id="tickets")
    if len(report.drawn) < len(report.outcome.cases):
        english = "{drawn} of {count} tickets have a plot: red ones first, then the longest. All are in the list below."
        told = words.say("page_not_all", english, drawn=len(report.drawn), count=len(report.outcome.cases))
        yield element("p", told, class_="note")
    for rule, cases in report.by_rule.items():
        shown = [case for case in cases if case.ticket.id in report.drawn]
        yield _rule_head(report.rules[rule], len(cases), len(shown), words)
        for case in shown:
            yield _article(case, report, past)


def ticket_list(report: Report) -> Markup:
    """Every ticket in order of time."""
    words = report.words
    heads = [
        words.say("page_time_head", "opened"),
        words.say("page_level_head", "level"),
        words.say("page_title_head", "what"),
        words.say("page_device_head", "device"),
        words.say("page_rule_head", "rule"),
        words.say("page_duration_head", "for"),
        words.say("page_times_head", "times"),
    ]
    rows = [_list_row(case, report) for case in report.outcome.cases]
    title = words.say("page_list_title", "All tickets")
    caption = words.say("page_list_caption", "In order of time, on the clock of the site")
    return element("section", element("h2", title), table(caption, heads, rows, numbers=frozenset({5, 6})), id="all")


def _rule_row(line: Line, words: Words) -> Sequence[Cell]:
    device, count = line.devices[0]
    most = f"{device} ×{count}"
    return [
        (element("a", line.rule, href=f"#rule-{line.rule}", class_="code"), line.rule),
        (level_word(line.level, words), line.level),
        (per_week(line.per_week), line.per_week),
        (line.count, line.count),
        (len(line.devices), len(line.devices)),
        (most, most),
        (words.duration(line.median_s), line.median_s),
        (f"{line.escalated:.0%}", line.escalated),
        (f"{line.again:.0%}", line.again),
    ]


def _rule_head(rule: Rule, count: int, drawn: int, words: Words) -> Markup:
    """The rule as its author wrote it."""
    conditions = [
        element(
            "p",
            level_word(name, words),
            element("code", level.when),
            words.say("page_for", "for {time}", time=moment(level.for_s)) if level.for_s else None,
            class_="condition",
        )
        for name, level in rule.levels.items()
    ]
    clear = words.say("page_clear", "clears when")
    advice, basis = texts.advice(rule, words.language), texts.basis(rule, words.language)
    without = words.say("page_without", "{count} more without a plot", count=count - drawn) if count > drawn else None
    return element(
        "section",
        element("h3", rule.id, element("span", words.tickets(count), class_="side")),
        conditions,
        element("p", element("span", clear, class_="level clear"), element("code", rule.clear), class_="condition")
        if rule.clear
        else None,
        element("p", advice, class_="advice") if advice else None,
        element("p", words.say("page_basis", "Basis: {basis}", basis=basis), class_="basis") if basis else None,
        element("p", without, class_="note") if without else None,
        class_="rule",
        id=f"rule-{rule.id}",
    )


def _article(case: Case, report: Report, past: Past) -> Markup:
    """One ticket: what, where, when, the plot, and what the rule saw."""
    words, ticket, anchor = report.words, case.ticket, report.anchor(case)
    drawn = drawing(picture(case, report.outcome, past), words, report.outcome.config.site.almanac, anchor)
    return element(
        "article",
        element("h4", levels(case, words), " ", element("a", ticket.title, href=f"#{anchor}")),
        element("p", " · ".join(_facts(case, report)), class_="facts"),
        element("div", drawn, class_="wide"),
        element("p", _saw(case, report), class_="saw"),
        [element("p", text, class_="saw") for text in _scores(ticket.evidence)],
        id=anchor,
        class_="ticket",
        data_level=ticket.level,
    )


def _facts(case: Case, report: Report) -> Iterator[str]:
    words, ticket, end = report.words, case.ticket, report.outcome.end
    yield case.device.name or case.device.id
    if place := words.place(case.device):
        yield place
    until = ticket.cleared_at
    yield words.day(ticket.fired_at)
    yield f"{words.clock(ticket.fired_at)} – {words.span(ticket.fired_at, until).partition(' – ')[2] if until else '…'}"
    yield words.duration(report.firing_s(case))
    if ticket.occurrences > 1:
        yield words.say("page_times", "{count} times", count=ticket.occurrences)
    others = sorted({change.rule for change in case.changes} - {ticket.rule})
    if others:
        yield words.say("page_also", "also seen by {rules}", rules=", ".join(others))
    if until is None:
        yield words.say("page_still", "still there at the end, {time}", time=words.moment(end))
    yield from _change(case, report)


def _change(case: Case, report: Report) -> Iterator[str]:
    """What became of the ticket by the change of rules."""
    words = report.words
    if case.ticket.id not in report.changes:
        return
    pair = report.changes[case.ticket.id]
    if pair is None:
        yield words.say("page_is_new", "new with the change")
        return
    if pair.moved_s > 0:
        yield words.say("page_later", "{time} later than before", time=words.duration(pair.moved_s))
    elif pair.moved_s < 0:
        yield words.say("page_earlier", "{time} earlier than before", time=words.duration(-pair.moved_s))
    if pair.changed_level:
        was = " → ".join(
            dict.fromkeys(words.level(level) for level in (pair.before.opened_as, pair.before.ticket.level))
        )
        yield words.say("page_was_level", "{level} before", level=was)


def _saw(case: Case, report: Report) -> str:
    """The values behind the ticket when it was opened, and when it became red."""
    evidence = case.ticket.evidence
    found = [(case.ticket.fired_at, evidence), (case.escalated_at, evidence.get("escalated", {}))]
    units = report.units(case.device.profile)
    sentences = []
    for time, seen in found:
        values = ", ".join(
            f"{name} {number(value, units.get(name, ''))}" for name, value in seen.get("values", {}).items()
        )
        if time is not None and values:
            sentences.append(report.words.say("page_saw", "At {time}:", time=report.words.clock(time)) + " " + values)
    return " · ".join(sentences)


def _scores(evidence: Any) -> list[str]:
    """Why scores opened the ticket, and why they made it red."""
    found = [seen for each in (evidence, evidence.get("escalated", {})) for seen in each.get("scores", {}).values()]
    return [score["text"] for score in found if score.get("text")]


def _list_row(case: Case, report: Report) -> Sequence[Cell]:
    words, ticket = report.words, case.ticket
    duration_s = report.firing_s(case)
    rule: Content = element("a", ticket.rule, href=f"#rule-{ticket.rule}", class_="code")
    return [
        (link(case, report, words.moment(ticket.fired_at)), ticket.fired_at),
        (levels(case, words), ticket.level),
        (ticket.title, ticket.title),
        (ticket.device, ticket.device),
        (rule, ticket.rule),
        (words.duration(duration_s), duration_s),
        (ticket.occurrences, ticket.occurrences),
    ]
