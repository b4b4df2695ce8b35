"""The top of the page: what a manager wants to know in half a minute, and how far it can be trusted."""

from collections.abc import Iterator, Sequence
from statistics import median

from gateway.core.markup import Markup, element
from gateway.workbench.backtest.summary import Load, summarise
from gateway.workbench.page.changes import change_sentence
from gateway.workbench.page.heat import heat_map, hours
from gateway.workbench.page.judged import judgements
from gateway.workbench.page.parts import Cell, bar, table
from gateway.workbench.page.report import Report
from gateway.workbench.page.words import UNKNOWN, Words, per_week

_MOST_RULES = 5


def headline(report: Report) -> Markup:
    """The site, the time, and the one sentence that says it all."""
    outcome, words = report.outcome, report.words
    config = outcome.config
    facts = [
        f"{words.day(outcome.start)} – {words.day(outcome.end - 1)}",
        words.duration(outcome.end - outcome.start),
        words.say("page_devices", "{count} devices", count=sum(len(fleet.devices) for fleet in config.fleets)),
        words.say("page_rules", "{count} rules", count=len(report.rules)),
        words.say("page_zone", "clock of {zone}", zone=config.site.timezone),
    ]
    return element(
        "header",
        element("p", words.say("page_kind", "Backtest: the tickets that would have been"), class_="eyebrow"),
        element("h1", config.site.name),
        element("p", " · ".join(facts), class_="facts"),
        element("p", _sentence(report), class_="lead"),
        change_sentence(report.comparison, words) if report.comparison else None,
    )


def overview(report: Report) -> Markup:
    """Figures, buildings, rules, hours, and the assumptions behind them."""
    if not report.outcome.cases:
        return element("section", judgements(report), _trust(report), id="overview")
    return element(
        "section",
        _figures(report),
        element("div", _buildings(report), _top_rules(report), class_="pair"),
        judgements(report),
        element("h2", report.words.say("page_when", "When they come")),
        heat_map(hours(report.outcome.cases, report.outcome.config.site.almanac), report.words),
        _trust(report),
        id="overview",
    )


def _sentence(report: Report) -> str:
    cases, words, site = report.outcome.cases, report.words, report.summary.site
    if not cases:
        return words.say("page_none", "No rule would have opened a ticket.")
    rule, of = max(report.by_rule.items(), key=lambda item: len(item[1]))
    english = "{count} tickets: {red} red and {yellow} yellow a week; {share} of them come from {rule}."
    rates = {"red": per_week(site.red_per_week), "yellow": per_week(site.yellow_per_week)}
    return words.say("page_lead", english, count=len(cases), **rates, share=f"{len(of) / len(cases):.0%}", rule=rule)


def _figures(report: Report) -> Markup:
    cases, words, site = report.outcome.cases, report.words, report.summary.site
    escalated = sum(case.escalated_at is not None for case in cases) / len(cases)
    again = sum(case.ticket.occurrences > 1 for case in cases) / len(cases)
    typical_s = median(report.firing_s(case) for case in cases)
    figures = [
        (per_week(site.red_per_week), words.say("page_red_a_week", "red a week"), "red"),
        (per_week(site.yellow_per_week), words.say("page_yellow_a_week", "yellow a week"), "yellow"),
        (f"{escalated:.0%}", words.say("page_escalated_share", "went from yellow to red"), None),
        (f"{again:.0%}", words.say("page_again_share", "came again before they were handled"), None),
        (words.duration(typical_s), words.say("page_median", "median time that the problem was there"), None),
    ]
    pairs = (element("div", element("dd", value, class_=tone), element("dt", what)) for value, what, tone in figures)
    return element("dl", pairs, class_="figures")


def _buildings(report: Report) -> Markup | None:
    words, loads = report.words, report.summary.buildings
    if not loads:
        return None
    most = max(load.red + load.yellow for load in loads)
    heads = [words.say("page_building_head", "building"), *_rate_heads(words), ""]
    rows = [
        [
            (load.building, None),
            (per_week(load.red_per_week), load.red_per_week),
            (per_week(load.yellow_per_week), load.yellow_per_week),
            (_load_bar(load, most, words), load.red + load.yellow),
        ]
        for load in loads
    ]
    caption = words.say("page_by_building", "Tickets a week by building")
    return table(caption, heads, rows, numbers=frozenset({1, 2}))


def _top_rules(report: Report) -> Markup:
    words = report.words
    top = sorted(report.by_rule.items(), key=lambda item: -len(item[1]))[:_MOST_RULES]
    loads = [(rule, summarise(report.outcome, cases).site) for rule, cases in top]
    most = max(load.red + load.yellow for _, load in loads)
    heads = [words.say("page_rule_head", "rule"), *_rate_heads(words), ""]
    rows: list[Sequence[Cell]] = [
        [
            (element("a", rule, href=f"#rule-{rule}", class_="code"), rule),
            (per_week(load.red_per_week), load.red_per_week),
            (per_week(load.yellow_per_week), load.yellow_per_week),
            (_load_bar(load, most, words), load.red + load.yellow),
        ]
        for rule, load in loads
    ]
    caption = words.say("page_top_rules", "The rules with the most tickets")
    return table(caption, heads, rows, numbers=frozenset({1, 2}))


def _rate_heads(words: Words) -> list[str]:
    return [words.level("red"), words.level("yellow")]


def _load_bar(load: Load, most: float, words: Words) -> Markup:
    label = f"{words.level('red')} {load.red}, {words.level('yellow')} {load.yellow}"
    return bar(load.red, load.yellow, most, label)


def _trust(report: Report) -> Markup:
    sentences = [element("li", sentence) for sentence in _assumptions(report)]
    title = report.words.say("page_trust", "How to read this")
    return element("div", element("h2", title), element("ul", sentences), class_="trust")


def _assumptions(report: Report) -> Iterator[str]:
    outcome, words = report.outcome, report.words
    yield words.say(
        "page_handled",
        "A person is assumed to close each ticket {time} after its condition went away. A problem that comes again "
        "before that counts to the same ticket; without that person the first ticket would swallow all later ones.",
        time=words.duration(outcome.handled_s),
    )
    known = ", ".join(f"{profile} {share:.0%}" for profile, share in outcome.known.items())
    if known:
        english = "Share of the time for which the record knows of the devices, by type:"
        yield f"{words.say('page_known', english)} {known}"
    if outcome.silences:
        total = words.duration(sum(end - start for start, end in outcome.silences))
        english = "In {count} stretches, {total} in all, no device was heard: nothing could be found then."
        yield words.say("page_silences", english, count=len(outcome.silences), total=total or UNKNOWN)
    english = "Readings as they were recorded, looked at every {step}: {count} evaluations of a rule on a device."
    yield words.say("page_looked", english, step=words.duration(outcome.step_s), count=f"{outcome.evaluations:,}")
    for note in outcome.notes:
        yield note.sentence(words.language)
