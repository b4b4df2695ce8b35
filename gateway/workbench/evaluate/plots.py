"""Which plots the page of an evaluation has, and what each of them shows."""

from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np

from gateway.core.markup import Markup, element
from gateway.core.types import Level
from gateway.workbench.evaluate.course import Event, Lane, course, timeline
from gateway.workbench.evaluate.example import Example
from gateway.workbench.evaluate.judge import Verdict
from gateway.workbench.evaluate.raised import Raised
from gateway.workbench.evaluate.run import Evaluation
from gateway.workbench.evaluate.scatter import Dot, Limit, scatter
from gateway.workbench.page.words import Words
from rules.duration import DAY_S
from simulators.faults import Family

_MOST_LANES = 40


def slow_plots(evaluation: Evaluation, words: Words) -> Iterator[Markup]:
    """Days of warning by severity, for each slow fault."""
    days = words.say("evaluation_unit_days", "days before failure")
    limits = [Limit(3.0, words.say("page_days", "{n} d", n=3), Level.RED)]
    limits.append(Limit(7.0, words.say("page_days", "{n} d", n=7), Level.YELLOW))
    yield from _scatters(evaluation, "slow", lambda each: each.warning_s, DAY_S, days, limits, words)


def safety_plots(evaluation: Evaluation, words: Words) -> Iterator[Markup]:
    """Seconds until red beyond what the rule waits for, by severity, for each safety fault."""
    seconds = words.say("evaluation_unit_seconds", "seconds until red, beyond `for`")
    limits = [Limit(10.0, words.say("page_seconds", "{n} s", n=10), Level.RED)]
    yield from _scatters(evaluation, "safety", lambda each: each.red_delay_s, 1.0, seconds, limits, words)


def false_timelines(evaluation: Evaluation, words: Words) -> Iterator[Markup]:
    """When the false tickets of each seed came, by device; those with most first."""
    for weeks in evaluation.weeks:
        by_device: dict[str, list[Raised]] = defaultdict(list)
        for ticket in weeks.tickets:
            by_device[ticket.device].append(ticket)
        most = sorted(by_device.items(), key=lambda item: (-len(item[1]), item[0]))[:_MOST_LANES]
        lanes = [
            Lane(device, tuple((each.fired_at, each.level, each.rule) for each in found)) for device, found in most
        ]
        if lanes:
            title = words.say(
                "evaluation_false_of",
                "Property {seed}: {count} false tickets",
                seed=weeks.seed,
                count=len(weeks.tickets),
            )
            almanac = evaluation.config.site.almanac
            yield _plot(title, timeline(title, weeks.start, weeks.end, lanes, words, almanac))


def example_plots(evaluation: Evaluation, words: Words) -> Iterator[Markup]:
    """The channel that a fault changes most, with onset, tickets and failure."""
    for example in evaluation.examples:
        trial = example.verdict.trial
        title = words.say(
            "evaluation_example",
            "{fault} on {device}, severity {severity}: {channel}",
            fault=trial.fault,
            device=trial.device,
            severity=f"{trial.severity:g}",
            channel=f"{example.channel} [{example.unit}]" if example.unit else example.channel,
        )
        if np.isnan(np.concatenate([example.values, example.without])).all():
            continue
        drawn = course(
            title,
            example.times,
            example.values,
            example.without,
            list(_events(example, words)),
            words,
            evaluation.config.site.almanac,
        )
        yield _plot(title, drawn)


def _scatters(
    evaluation: Evaluation,
    family: Family,
    height_s: Callable[[Verdict], float | None],
    unit_s: float,
    unit: str,
    limits: list[Limit],
    words: Words,
) -> Iterator[Markup]:
    across = words.say("evaluation_severity", "severity")
    groups: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in evaluation.verdicts:
        if verdict.trial.family == family and verdict.is_asked:
            groups[verdict.trial.fault, verdict.trial.kind].append(verdict)
    for (fault, kind), group in groups.items():
        dots = []
        for each in group:
            seconds = height_s(each)
            text = f"{each.trial.device} · {each.trial.severity:g}" + (
                "" if seconds is None else f" · {words.duration(abs(seconds))}"
            )
            dots.append(Dot(each.trial.severity, None if seconds is None else seconds / unit_s, each.level, text))
        title = f"{fault} ({kind})"
        yield _plot(title, scatter(dots, limits, title, unit, across))


def _events(example: Example, words: Words) -> Iterator[Event]:
    verdict = example.verdict
    trial = verdict.trial
    yield Event(trial.onset, words.say("evaluation_onset", "onset"), "quiet")
    if trial.shown_at is not None:
        yield Event(trial.shown_at, words.say("evaluation_shows", "it shows"), "quiet")
    if verdict.told_at is not None:
        level = Level.RED if verdict.told_at == verdict.red_at else Level.YELLOW
        yield Event(verdict.told_at, words.say("evaluation_ticket", "ticket"), level)
    if verdict.red_at is not None and verdict.red_at != verdict.told_at:
        yield Event(verdict.red_at, words.level("red"), "red")
    if trial.failure is not None:
        yield Event(trial.failure, words.say("evaluation_failure", "failure"), "quiet")


def _plot(title: str, drawn: Markup) -> Markup:
    return element("div", element("h4", title), drawn, class_="ticket")
