"""The page of an evaluation: one HTML file that needs nothing else, for whoever has to trust the product."""

from collections.abc import Iterator
from pathlib import Path

from gateway.core.markup import Content, Markup, element
from gateway.core.messages import Language
from gateway.workbench.evaluate.figures import device_days, figures
from gateway.workbench.evaluate.labels import UNKNOWN, asked_value, figure_name, figure_value, percent
from gateway.workbench.evaluate.plots import example_plots, false_timelines, safety_plots, slow_plots
from gateway.workbench.evaluate.run import Evaluation
from gateway.workbench.evaluate.summary import FaultLine, Summary, summarise
from gateway.workbench.evaluate.trial import MANY
from gateway.workbench.page.document import head, script
from gateway.workbench.page.parts import Cell, table
from gateway.workbench.page.words import Words, per_week

_NUMBERS = frozenset(range(2, 8))


def write_page(path: Path, evaluation: Evaluation, language: Language) -> None:
    """Write the page of an evaluation. Raises OSError."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(pieces(evaluation, language))


def pieces(evaluation: Evaluation, language: Language) -> Iterator[str]:
    """The page in pieces, none of them larger than a table or a plot."""
    words, summary = Words(language, evaluation.config.site.zone), summarise(evaluation)
    yield f'<!doctype html>\n<html lang="{language}">\n'
    yield head(words.say("evaluation_title", "Evaluation of {site}", site=evaluation.config.site.name))
    yield "<body>\n<main>\n"
    yield _headline(evaluation, words)
    yield _figures(evaluation, words)
    if summary.faults:
        yield _faults(summary, words)
        yield from _plots("evaluation_slow", "Days of warning", slow_plots(evaluation, words), words)
        yield from _plots("evaluation_safety", "Delay of red", safety_plots(evaluation, words), words)
    if evaluation.weeks:
        yield from _normal(evaluation, summary, words)
    yield from _plots("evaluation_examples", "One example of each fault", example_plots(evaluation, words), words)
    yield _trust(evaluation, summary, words)
    yield "\n</main>\n"
    yield script(words)
    yield "\n</body>\n</html>\n"


def _headline(evaluation: Evaluation, words: Words) -> Markup:
    asked, config = evaluation.asked, evaluation.config
    starts = [f"{seed} ({words.day(start)})" for seed, start in asked.starts.items()]
    facts = [
        words.say("page_devices", "{count} devices", count=len(config.devices)),
        words.say("page_rules", "{count} rules", count=len(config.all_rules)),
        words.say("evaluation_seeds", "property {seeds}", seeds=starts),
        words.say("page_zone", "clock of {zone}", zone=config.site.timezone),
    ]
    met = [figure.is_met for figure in figures(evaluation) if figure.is_met is not None]
    english = "{met} of {count} figures are met."
    return element(
        "header",
        element("p", words.say("evaluation_kind", "Evaluation: tickets against the truth"), class_="eyebrow"),
        element("h1", config.site.name),
        element("p", " · ".join(facts), class_="facts"),
        element("p", words.say("evaluation_lead", english, met=sum(met), count=len(met)), class_="lead"),
    )


def _figures(evaluation: Evaluation, words: Words) -> Markup:
    seeds = tuple(evaluation.asked.starts) if len(evaluation.asked.starts) > 1 else ()
    heads = [
        words.say("head_figure", "figure"),
        words.say("head_asked", "asked"),
        words.say("head_measured", "measured"),
        *(words.say("head_of_seed", "seed {seed}", seed=seed) for seed in seeds),
        words.say("head_verdict", "verdict"),
    ]
    rows: list[list[Cell]] = []
    for figure in figures(evaluation):
        if figure.seen is not None:
            ok = words.say("figure_ok", "ok") if figure.is_met else words.say("figure_short", "short")
            verdict: Content = ok if figure.is_met else element("span", ok, class_="level red")
            values = [figure.seen, *(figure.by_seed[seed] for seed in seeds)]
            name, asked = figure_name(figure, words.language), asked_value(figure)
            cells: list[Cell] = [(figure_value(value, figure.unit), value) for value in values]
            rows.append([(name, None), (asked, figure.limit), *cells, (verdict, None)])
    caption = words.say("evaluation_figures", "What is asked, and what was seen")
    return element("section", table(caption, heads, rows, numbers=frozenset(range(1, 3 + len(seeds)))), id="figures")


def _faults(summary: Summary, words: Words) -> Markup:
    heads = [
        words.say("head_fault", "fault"),
        words.say("head_machine", "machine"),
        words.say("head_found", "found"),
        words.say("head_level_right", "level right"),
        words.say("head_after_onset", "after onset"),
        words.say("head_after_it_shows", "after it shows"),
        words.say("head_before_failure", "before failure"),
        words.say("head_by_score", "by score"),
    ]
    caption = words.say("evaluation_faults", "Every fault; times are the median of the trials that were found")
    rows = [_fault_row(line, words) for line in summary.faults]
    return element("section", table(caption, heads, rows, numbers=_NUMBERS), id="faults")


def _fault_row(line: FaultLine, words: Words) -> list[Cell]:
    asked = line.trials - line.hidden
    times: list[Cell] = [
        (UNKNOWN if seconds is None else _signed(seconds, words), seconds)
        for seconds in (line.since_onset_s, line.since_shown_s, line.warning_s)
    ]
    return [
        (line.fault, None),
        (words.say("faults_of_many", "many at once") if line.kind == MANY else line.kind, None),
        *(
            (element("span", f"{count}/{asked}", class_=None if count == asked else "level red"), count)
            for count in (line.found, line.level_right)
        ),
        *times,
        (f"{line.by_score}/{line.found}", line.by_score),
    ]


def _signed(seconds: float, words: Words) -> str:
    return f"{'−' if seconds < 0 else ''}{words.duration(abs(seconds))}"


def _normal(evaluation: Evaluation, summary: Summary, words: Words) -> Iterator[Markup]:
    yield element("h2", words.say("evaluation_normal", "False tickets in normal weeks"))
    if not summary.rules:
        yield element("p", words.say("no_false_tickets", "no ticket in normal weeks"))
        return
    yield from false_timelines(evaluation, words)
    heads = [words.say("page_rule_head", "rule"), words.level("red"), words.level("yellow")]
    rows: list[list[Cell]] = [
        [(element("span", line.rule, class_="code"), line.rule), (line.red, line.red), (line.yellow, line.yellow)]
        for line in summary.rules
    ]
    yield table(words.say("evaluation_by_rule", "By rule"), heads, rows, numbers=frozenset({1, 2}))
    heads[0] = words.say("page_building_head", "building")
    rows = [
        [
            (line.building or UNKNOWN, None),
            (per_week(line.red_per_week), line.red_per_week),
            (per_week(line.yellow_per_week), line.yellow_per_week),
        ]
        for line in summary.buildings
    ]
    yield table(words.say("evaluation_by_building", "By building, a week"), heads, rows, numbers=frozenset({1, 2}))


def _plots(kind: str, english: str, plots: Iterator[Markup], words: Words) -> Iterator[Markup]:
    for number, plot in enumerate(plots):
        if not number:
            yield element("h2", words.say(kind, english))
        yield plot


def _trust(evaluation: Evaluation, summary: Summary, words: Words) -> Markup:
    sentences = [
        words.say(
            "evaluation_isolated",
            "Each trial has a machine of its own, a copy of one of the site's, and two weeks of normal life before it.",
        )
    ]
    if evaluation.weeks:
        days = f"{device_days(evaluation):,.0f}"
        sentences.append(words.say("evaluation_days", "Normal life seen: {days} device days.", days=days))
    if evaluation.verdicts:
        days = f"{evaluation.trial_days:,.0f}"
        sentences.append(words.say("evaluation_trial_days", "Trials: {days} device days.", days=days))
    for kind, english, share in (
        ("found_by", "found first by a limit: {limit}, by a score: {score}", summary.found_by_score),
        ("false_by", "false tickets by a limit: {limit}, by a score: {score}", summary.false_by_score),
    ):
        if share is not None:
            sentences.append(words.say(kind, english, limit=percent(1.0 - share), score=percent(share)))
    items = [element("li", sentence) for sentence in sentences]
    return element(
        "div", element("h2", words.say("page_trust", "How to read this")), element("ul", items), class_="trust"
    )
