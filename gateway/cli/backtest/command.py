"""`gateway backtest`: history in, tickets out that there would have been; nothing is sent and no state is changed."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.backtest.advice import find_budget, show_suggestions
from gateway.cli.backtest.chosen import chosen_tickets, duration, pace, rules_of, stretch
from gateway.cli.backtest.files import STDOUT, refuse_unwritable
from gateway.cli.backtest.output import OURS, THEIRS, screen, write_html, write_json
from gateway.cli.offline import kept_closings
from gateway.cli.progress import progress_bar
from gateway.cli.screen import (
    AskedLanguage,
    ConfigPath,
    StatePath,
    chosen_language,
    console,
    failures,
    load_or_exit,
    print_line,
)
from gateway.core.messages import say
from gateway.core.plugins import discover
from gateway.history.sources import open_past
from gateway.workbench.tuning.suggest import Record

RulePaths = Annotated[
    list[Path] | None,
    typer.Option("--rules", exists=True, help="Rule files or folders, instead of the site's. Repeatable."),
]
AgainstPaths = Annotated[
    list[Path] | None,
    typer.Option(exists=True, help="Rule files or folders to compare with: what is added, lost, moved. Repeatable."),
]
Since = Annotated[
    str | None, typer.Option("--from", help="A date or time of the site, or 14d: as long before the record's end.")
]
Until = Annotated[str | None, typer.Option("--to", help="The same; a date alone is the midnight at which it begins.")]
Source = Annotated[
    str, typer.Option(help="Where the history is: local, a path, csv:PATH, influxdb, or influxdb:URL?db=NAME.")
]
Handled = Annotated[str, typer.Option(help="A person is assumed to close a ticket so long after its condition went.")]
Step = Annotated[
    str | None,
    typer.Option(help="How often rules look, instead of the site's tick: coarser is quicker and less exact."),
]
Devices = Annotated[list[str] | None, typer.Option("--device", help="Show tickets of this device only. Repeatable.")]
RuleIds = Annotated[list[str] | None, typer.Option("--rule", help="Show tickets of this rule only. Repeatable.")]
HtmlFile = Annotated[
    str | None, typer.Option("--html", metavar="FILE", help="Write a page with a plot for each ticket, for a browser.")
]
Suggest = Annotated[
    str | None,
    typer.Option(metavar="RULE", help="Other limits for this rule, from the site's own history, and their tickets."),
]
BudgetOf = Annotated[
    float | None,
    typer.Option("--budget", min=0, metavar="N", help="Which rules to tune for at most N yellow tickets a week each."),
]
JsonFile = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write everything for machines; - prints it.")
]


def backtest(
    config: ConfigPath = Path("config.yaml"),
    state: StatePath = None,
    since: Since = None,
    until: Until = None,
    rules: RulePaths = None,
    against: AgainstPaths = None,
    source: Source = "local",
    handled: Handled = "24h",
    step: Step = None,
    device: Devices = None,
    rule: RuleIds = None,
    suggest: Suggest = None,
    budget: BudgetOf = None,
    html_file: HtmlFile = None,
    json_file: JsonFile = None,
    lang: AskedLanguage = None,
) -> None:
    """Play the recorded history through the rules and show the tickets that there would have been.

    The daemon's own engine and ticket desk see what the daemon saw. Nothing is sent, no state is changed.
    """
    plugins = discover()
    site = load_or_exit(config, plugins, state, need_secrets=False, lang=lang)
    language = chosen_language(lang, site.site.language)
    with failures(language):
        refuse_unwritable(html_file, json_file)
        handled_s, step_s = duration(handled, "--handled"), pace(step) if step else site.tick_s
        variants = {OURS: rules_of(site, rules, language) if rules else site.rules}
        if against:
            variants[THEIRS] = rules_of(site, against, language)
        only = chosen_tickets(site, variants.values(), device or (), [*(rule or ()), *([suggest] if suggest else ())])
        with progress_bar(say("reading_history", "reading the history", {}, language)) as tell:
            past = open_past(source, site, progress=tell)
        with past:
            start, end = stretch(site, past, since, until)
            ours, ledger = replace(site, rules=variants[OURS]), kept_closings(site)
            record = Record(ours, plugins, past, start, end, handled_s, step_s, ledger)
            if suggest is not None:
                show_suggestions(record, suggest, json_file, language)
                return
            with progress_bar(say("backtest_playing", "playing the record", {}, language)) as tell:
                outcomes = record.play(variants, tell, traced=[OURS] if html_file else [])
            plan = None if budget is None else find_budget(record, outcomes[OURS], budget, language)
            write_html(html_file, outcomes, past, language)
        write_json(json_file, outcomes, plan, language)
    if json_file != STDOUT:
        for line in screen(outcomes, only, " ".join(map(str, against or ())), plan, language):
            print_line(console(), line)
