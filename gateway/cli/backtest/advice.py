"""How suggestions for a rule, and the way to a budget, look on a screen and to machines."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from gateway.cli.backtest.files import STDOUT, write_plain
from gateway.cli.look import STYLES
from gateway.cli.progress import progress_bar
from gateway.cli.screen import aligned, console, print_line, word
from gateway.core.messages import Language, printable, say
from gateway.core.types import Level
from gateway.workbench.backtest.outcome import Outcome
from gateway.workbench.backtest.summary import summarise
from gateway.workbench.tuning.budget import Budget, Step, budget
from gateway.workbench.tuning.candidates import Origin
from gateway.workbench.tuning.patch import as_yaml
from gateway.workbench.tuning.suggest import Option, Record, Suggestion, suggest

_INDENT = "  "


def show_suggestions(record: Record, rule: str, file: str | None, language: Language) -> None:
    """Look for other limits of a rule, and show them: to a person, or to machines."""
    with progress_bar(say("suggest_playing", "trying other limits", {}, language)) as tell:
        suggestions = suggest(record, rule, tell)
    if file is not None:
        write_plain(file, {"rule": rule, "suggestions": plain_suggestions(suggestions, record.weeks)})
    if file != STDOUT:
        for line in suggestion_lines(rule, suggestions, record.weeks, language):
            print_line(console(), line)


def find_budget(record: Record, outcome: Outcome, yellow_per_week: float, language: Language) -> Budget:
    """Look for the mildest changes that keep a budget."""
    with progress_bar(say("budget_playing", "trying milder limits", {}, language)) as tell:
        return budget(record, outcome, yellow_per_week, tell)


def suggestion_lines(rule: str, suggestions: Sequence[Suggestion], weeks: float, language: Language) -> Iterator[Text]:
    """A table for each number of the rule: the limit, what it stands for, its tickets, the line to paste."""
    if not suggestions:
        english = "{rule} compares nothing with a number, so there is no limit to suggest"
        yield Text(say("nothing_to_suggest", english, {"rule": rule}, language))
    for suggestion in suggestions:
        limit = suggestion.limit
        words = {"rule": rule, "level": word("level", suggestion.level, language), "quantity": limit.quantity}
        yield Text(say("suggest_heading", "{rule}, {level}: limits for {quantity}", words, language), style="bold")
        yield Text(_basis(suggestion, language), style="dim")
        rows = [_heads(language), *(_row(option, weeks, language) for option in suggestion.options)]
        yield from aligned(rows, right={0, 1, 2, 3})
        yield Text()


def budget_lines(budget: Budget, language: Language) -> Iterator[Text]:
    """What each building gets now and would get then, the rules to tune, and the lines to paste."""
    words = {"count": f"{budget.yellow_per_week:g}"}
    english = "budget: at most {count} yellow tickets a week for each building; red is never limited"
    yield Text(say("budget_heading", english, words, language), style="bold")
    after = {load.building: load for load in summarise(budget.after).buildings}
    heads = [Text(word("head", name, language), style="dim") for name in ("building", "now", "then")]
    rows = [heads]
    for load in summarise(budget.before).buildings:
        then = after[load.building].yellow_per_week if load.building in after else 0.0
        style = STYLES["yellow"] if then > budget.yellow_per_week else ""
        rows.append(
            [Text(printable(load.building or "")), Text(f"{load.yellow_per_week:.1f}"), Text(f"{then:.1f}", style)]
        )
    yield from aligned(rows, right={1, 2})
    yield Text()
    if not budget.steps:
        english = "nothing has to change" if budget.is_kept else "no limit of a yellow rule would help"
        yield Text(say("budget_kept" if budget.is_kept else "budget_helpless", english, {}, language))
        return
    for step in budget.steps:
        yield from _step_lines(step, budget.before.weeks, language)
    if not budget.is_kept:
        english = "the mildest limits are not enough; look at the rules themselves, or at the equipment"
        yield Text(say("budget_missed", english, {}, language), style=STYLES["yellow"])


def plain_suggestions(suggestions: Sequence[Suggestion], weeks: float) -> list[dict[str, Any]]:
    """The same for machines."""
    return [
        {
            "level": suggestion.level,
            "quantity": suggestion.limit.quantity,
            "operator": suggestion.limit.operator,
            "known": suggestion.known,
            "rest_held": suggestion.held,
            "options": [_plain(option, weeks) for option in suggestion.options],
        }
        for suggestion in suggestions
    ]


def plain_budget(budget: Budget) -> dict[str, Any]:
    """The same for machines."""
    before, after = summarise(budget.before), summarise(budget.after)
    return {
        "yellow_per_week": budget.yellow_per_week,
        "kept": budget.is_kept,
        "before": {load.building: load.yellow_per_week for load in before.buildings},
        "after": {load.building: load.yellow_per_week for load in after.buildings},
        "steps": [
            {
                "rule": step.after.rule.id,
                "before": _plain(step.before, budget.before.weeks),
                "after": _plain(step.after, budget.before.weeks),
            }
            for step in budget.steps
        ],
    }


def _basis(suggestion: Suggestion, language: Language) -> str:
    words = {"known": f"{100 * suggestion.known:.0f}", "held": f"{100 * suggestion.held:.1f}"}
    if not suggestion.held:
        english = "known for {known} % of the time; the rest of the condition never held, so all values count"
        return say("suggest_basis_all", english, words, language)
    english = "known for {known} % of the time, and in {held} % of that the rest of the condition held"
    return say("suggest_basis", english, words, language)


def _heads(language: Language) -> list[Text]:
    names = ("limit", "yellow_per_week", "red_per_week", "devices", "stands_for", "to_paste")
    return [Text(word("head", name, language), style="dim") for name in names]


def _row(option: Option, weeks: float, language: Language) -> list[Text]:
    style = "bold" if option.is_now else ""
    origins = say("comma", ", ", {}, language).join(_origin(origin, language) for origin in _telling(option.origins))
    return [
        Text(f"{option.number:g}", style=style),
        Text(f"{option.count(Level.YELLOW) / weeks:.2f}"),
        Text(f"{option.count(Level.RED) / weeks:.2f}"),
        Text(str(option.devices)),
        Text(origins, style=style),
        Text(as_yaml(option.rule, option.level)),
    ]


def _telling(origins: Sequence[Origin]) -> list[Origin]:
    """Of several of a kind the largest; a limit that nothing was beyond needs no percentile."""
    largest = {origin.kind: origin for origin in origins}
    if "beyond" in largest:
        largest.pop("percentile", None)
    return list(largest.values())


def _origin(origin: Origin, language: Language) -> str:
    words = {"size": f"{origin.size:g}"}
    english = {
        "now": "as it is",
        "percentile": "{size} % of the values",
        "deviations": "{size} deviations",
        "beyond": "all values",
    }
    return say(f"origin_{origin.kind}", english[origin.kind], words, language)


def _step_lines(step: Step, weeks: float, language: Language) -> Iterator[Text]:
    words = {
        "rule": step.after.rule.id,
        "before": f"{step.before.count(Level.YELLOW) / weeks:.1f}",
        "after": f"{step.after.count(Level.YELLOW) / weeks:.1f}",
    }
    yield Text(say("budget_step", "{rule}: {before} yellow tickets a week become {after}", words, language))
    yield Text(f"{_INDENT}- {as_yaml(step.before.rule, step.before.level)}", style="red")
    yield Text(f"{_INDENT}+ {as_yaml(step.after.rule, step.after.level)}", style="green")


def _plain(option: Option, weeks: float) -> dict[str, Any]:
    return {
        "limit": option.number,
        "now": option.is_now,
        "origins": [{"kind": origin.kind, "size": origin.size} for origin in option.origins],
        "yellow_per_week": option.count(Level.YELLOW) / weeks,
        "red_per_week": option.count(Level.RED) / weeks,
        "devices": option.devices,
        "yaml": as_yaml(option.rule, option.level),
    }
