"""`gateway evaluate`: a simulated property through normal weeks and every fault; tickets are held against the truth."""

import resource
import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.backtest.files import STDOUT, refuse_unwritable, write, write_plain
from gateway.cli.evaluate import text
from gateway.cli.evaluate.asked import Part, asked_for
from gateway.cli.progress import progress_bar
from gateway.cli.property import simulated
from gateway.cli.screen import (
    FAILED,
    AskedLanguage,
    Failed,
    chosen_language,
    console,
    failures,
    load_or_exit,
    print_line,
)
from gateway.core.config import Config
from gateway.core.messages import Language, say
from gateway.core.plugins import Plugins, discover
from gateway.workbench.evaluate.campaign import Asked, known_faults
from gateway.workbench.evaluate.figures import figures
from gateway.workbench.evaluate.page import write_page
from gateway.workbench.evaluate.plain import plain_evaluation
from gateway.workbench.evaluate.run import Evaluation, evaluate

SEED = 7
"""The property of `gateway simulate` and of the demo."""


def evaluation(
    site: Annotated[Path, typer.Argument(help="A site's config.yaml.")] = Path("config.yaml"),
    days: Annotated[int, typer.Option(min=1, max=366, help="How long the normal weeks are.")] = 14,
    seed: Annotated[
        list[int] | None, typer.Option("--seed", help="Chooses one of many similar properties. Repeatable.")
    ] = None,
    cases: Annotated[
        int, typer.Option(min=1, max=50, help="Trials of each fault on each kind of machine, mild ones and bad ones.")
    ] = 5,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", metavar="NAME", help="Only this fault, no normal weeks. Repeatable.")
    ] = None,
    only: Annotated[Part | None, typer.Option(help="Only the normal weeks, or only the faults.")] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="When it begins; otherwise each seed has a season of its own."),
    ] = None,
    every: Annotated[str, typer.Option(help="How often the gateway looks; slower devices stay slow.")] = "5s",
    html_file: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Write a page with plots, for a browser.")
    ] = None,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write everything for machines; - prints it.")
    ] = None,
    lang: AskedLanguage = None,
) -> None:
    """Run a simulated site through normal weeks and every fault, and hold the tickets against what really happened.

    The daemon's own engine and ticket desk play it with the site's rules and detectors, at full speed. Exit status: 0
    if every figure that is asked for is met, 1 if one is not.
    """
    plugins = discover()
    config = load_or_exit(site, plugins, need_secrets=False, lang=lang)
    language = chosen_language(lang, config.site.language)
    with failures(language):
        refuse_unwritable(html_file, json_file)
        known = _known(config, (seed or [SEED])[0])
        asked = asked_for(config, known, days, seed or [SEED], since, every, cases, fault or (), only)
        begun, worked_s = time.perf_counter(), time.process_time()
        found = _played(config, plugins, asked, language)
        if json_file is not None:
            write_plain(json_file, plain_evaluation(found))
        if html_file is not None:
            write(html_file, lambda path: write_page(path, found, language))
    took_s, worked_s = time.perf_counter() - begun, time.process_time() - worked_s
    if json_file != STDOUT:
        for line in text.screen(found, language):
            print_line(console(), line)
        print_line(console(errors=True), text.cost(took_s, worked_s, _peak_mib(), language))
    if any(figure.is_met is False for figure in figures(found)):
        raise typer.Exit(FAILED)


def _known(config: Config, seed: int) -> tuple[str, ...]:
    """The faults that can befall a site. Raises Failed if it cannot be simulated."""
    try:
        return known_faults(simulated(config, seed))
    except ValueError as error:
        raise Failed("not_simulated", "the site cannot be simulated: {reason}", reason=error) from error


def _played(config: Config, plugins: Plugins, asked: Asked, language: Language) -> Evaluation:
    """What was found."""
    with progress_bar(say("evaluating", "playing the property", {}, language)) as tell:
        return evaluate(config, plugins, simulated, asked, tell)


def _peak_mib() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
