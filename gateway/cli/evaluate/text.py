"""How an evaluation looks on a screen: lines of text."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.text import Text

from gateway.cli.look import STYLES
from gateway.cli.screen import aligned, word
from gateway.core.messages import Language, printable, say
from gateway.workbench.backtest.figures import roughly
from gateway.workbench.evaluate.figures import Figure, figures
from gateway.workbench.evaluate.labels import UNKNOWN, asked_value, figure_name, figure_value, percent
from gateway.workbench.evaluate.run import Evaluation
from gateway.workbench.evaluate.summary import FaultLine, RuleLine, Summary, summarise
from gateway.workbench.evaluate.trial import MANY

_MOST_DEVICES = 3


def screen(evaluation: Evaluation, language: Language) -> Iterator[Text]:
    """Everything, for people: what was played, the faults, the false tickets, the figures."""
    summary = summarise(evaluation)
    yield from heading(evaluation, language)
    if summary.faults:
        yield Text()
        yield from fault_lines(summary, language)
    if evaluation.weeks:
        yield Text()
        yield from normal_lines(summary, language)
    if shares := list(share_lines(summary, language)):
        yield Text()
        yield from shares
    yield Text()
    yield from figure_lines(evaluation, language)


def heading(evaluation: Evaluation, language: Language) -> Iterator[Text]:
    """What was played."""
    asked, config = evaluation.asked, evaluation.config
    zone = config.site.zone
    begins = [f"{seed} ({datetime.fromtimestamp(at, zone):%Y-%m-%d})" for seed, at in asked.starts.items()]
    words = {
        "site": config.site.name,
        "devices": len(config.devices),
        "rules": len(config.all_rules),
        "seeds": say("comma", ", ", {}, language).join(begins),
    }
    english = (
        f"{{site}}: {{devices}} device{_s(words['devices'])}, {{rules}} rule{_s(words['rules'])}; property {{seeds}}"
    )
    yield Text(say("evaluated_site", english, words, language), style="bold")
    counts = {"days": asked.days, "every": roughly(asked.every_s)}
    if evaluation.weeks:
        yield Text(say("evaluated_weeks", "normal life: {days} days each, looked at every {every}", counts, language))
    if evaluation.verdicts:
        counts = {"trials": len(evaluation.verdicts), "days": f"{evaluation.trial_days:,.0f}"}
        english = "faults: {trials} trials, {days} device days"
        yield Text(say("evaluated_trials", english, counts, language))


def fault_lines(summary: Summary, language: Language) -> Iterator[Text]:
    """A line for each fault and kind of machine."""
    heads = ("fault", "machine", "found", "level_right", "after_onset", "after_it_shows", "before_failure", "by_score")
    rows = [_heads((*heads, "besides"), language), *(_fault_row(line, language) for line in summary.faults)]
    for line in aligned(rows, right={2, 3, 4, 5, 6, 7}):
        line.rstrip()
        yield line


def normal_lines(summary: Summary, language: Language) -> Iterator[Text]:
    """The false tickets of the normal weeks by rule, and the load of each building."""
    if not summary.rules:
        yield Text(say("no_false_tickets", "no ticket in normal weeks", {}, language))
        return
    heads = ("false_tickets", "red", "yellow", "devices")
    rows = [_heads(heads, language), *(_rule_row(line, language) for line in summary.rules)]
    yield from aligned(rows, right={1, 2})
    yield Text()
    yield Text(say("evaluated_loads", "tickets in normal weeks, per building and week", {}, language))
    rows = [_heads(("building", "yellow", "red"), language)]
    for line in summary.buildings:
        name = printable(line.building) or say("building_unknown", "(no building)", {}, language)
        rows.append([Text(name), Text(f"{line.yellow_per_week:.1f}"), Text(f"{line.red_per_week:.1f}")])
    yield from aligned(rows, right={1, 2})


def share_lines(summary: Summary, language: Language) -> Iterator[Text]:
    """What limits find and what detectors find."""
    if summary.found_by_score is not None:
        words = {"score": percent(summary.found_by_score), "limit": percent(1.0 - summary.found_by_score)}
        yield Text(say("found_by", "found first by a limit: {limit}, by a score: {score}", words, language))
    if summary.false_by_score is not None:
        words = {"score": percent(summary.false_by_score), "limit": percent(1.0 - summary.false_by_score)}
        yield Text(say("false_by", "false tickets by a limit: {limit}, by a score: {score}", words, language))
    if summary.false_in_trials:
        words = {"count": str(summary.false_in_trials)}
        english = "false tickets about machines of the trials, before or after their fault: {count}"
        yield Text(say("false_in_trials", english, words, language))


def figure_lines(evaluation: Evaluation, language: Language) -> Iterator[Text]:
    """What is asked, what was seen, and whether that is enough; by seed if there are several."""
    seeds = tuple(evaluation.asked.starts) if len(evaluation.asked.starts) > 1 else ()
    shown = [figure for figure in figures(evaluation) if figure.seen is not None]
    heads = _heads(("figure", "asked", "measured", "verdict"), language)
    by_seed = [Text(say("head_of_seed", "seed {seed}", {"seed": seed}, language), style="dim") for seed in seeds]
    rows = [[*heads[:3], *by_seed, heads[3]], *(_figure_row(figure, seeds, language) for figure in shown)]
    yield from aligned(rows, right=set(range(1, 3 + len(seeds))))


def cost(took_s: float, worked_s: float, peak_mib: float, language: Language) -> Text:
    """What it cost: seconds on the clock and of a core, and memory."""
    words = {"took": roughly(took_s), "worked": roughly(worked_s), "memory": f"{peak_mib:.0f}"}
    english = "took {took}, {worked} of one core, at most {memory} MiB of memory"
    return Text(say("evaluation_cost", english, words, language), style="dim")


def _fault_row(line: FaultLine, language: Language) -> list[Text]:
    asked = line.trials - line.hidden
    return [
        Text(line.fault),
        Text(say("faults_of_many", "many at once", {}, language) if line.kind == MANY else line.kind),
        _of(line.found, asked),
        _of(line.level_right, asked),
        Text(_time(line.since_onset_s)),
        Text(_time(line.since_shown_s)),
        Text(_time(line.warning_s) + (f" (≥{_time(line.least_warning_s)})" if line.warning_s is not None else "")),
        Text(f"{line.by_score}/{line.found}" if line.found else UNKNOWN),
        Text(say("comma", ", ", {}, language).join(_besides(line, language))),
    ]


def _besides(line: FaultLine, language: Language) -> Iterator[str]:
    counts = (
        ("hidden", "{count} never show", line.hidden),
        ("repeated", "{count} again", line.repeated),
        ("beside", "{count} of another kind", line.beside),
        ("wrong_kind", "{count} of the wrong kind", line.wrong_kind),
    )
    for kind, english, count in counts:
        if count:
            yield say(f"trials_{kind}", english, {"count": count}, language)


def _rule_row(line: RuleLine, language: Language) -> list[Text]:
    shown = [f"{device} ×{count}" for device, count in line.devices[:_MOST_DEVICES]]
    left = len(line.devices) - len(shown)
    more = [say("more_devices", "{count} more", {"count": left}, language)] if left else []
    return [
        Text(line.rule),
        Text(str(line.red), style=STYLES["red"] if line.red else ""),
        Text(str(line.yellow), style=STYLES["yellow"] if line.yellow else ""),
        Text(say("comma", ", ", {}, language).join([*shown, *more])),
    ]


def _figure_row(figure: Figure, seeds: Iterable[int], language: Language) -> list[Text]:
    verdict = "ok" if figure.is_met else "short"
    return [
        Text(figure_name(figure, language)),
        Text(asked_value(figure)),
        Text(figure_value(figure.seen, figure.unit)),
        *(Text(figure_value(figure.by_seed[seed], figure.unit)) for seed in seeds),
        Text(word("figure", verdict, language), style="green" if figure.is_met else "bold red"),
    ]


def _of(count: int, asked: int) -> Text:
    return Text(f"{count}/{asked}", style="" if count == asked else "bold red")


def _time(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else roughly(seconds)


def _heads(names: Iterable[str], language: Language) -> list[Text]:
    return [Text(word("head", name, language), style="dim") for name in names]


def _s(count: object) -> str:
    """The plural."""
    return "" if count == 1 else "s"
