"""What the commands share: how they load a site, how they print, in which language, and how they end.

A command speaks the language of `--lang`; without it the site's own (`site: language:`); and where there is no site to
ask, the machine's: Chinese if LC_ALL, LC_MESSAGES or LANG begins with zh, otherwise English. The demo is for whoever
sits at this machine, not for the site, so it goes by the machine; its tickets keep the site's language.
"""

import io
import json
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from gateway.core.config import Config, load
from gateway.core.denial import Denied
from gateway.core.findings import Finding, summary
from gateway.core.messages import Language, say
from gateway.core.plugins import Plugins
from gateway.history.past import NoPast

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The site's configuration.")]
StatePath = Annotated[Path | None, typer.Option("--state", help="The state folder, instead of the configured one.")]
AskedLanguage = Annotated[Language | None, typer.Option("--lang", help="The site's language if not given.")]
JsonWanted = Annotated[bool, typer.Option("--json", help="Print for machines.")]

FAILED, WRONG_USE = 1, 2
"""Exit status: the thing asked about failed; the command was used wrongly."""

_COLOURS = {"error": "bold red", "warning": "bold yellow"}


class Failed(Denied):
    """A command cannot do what was asked for."""


@contextmanager
def failures(language: Language) -> Iterator[None]:
    """Where something in the block fails, end the command with one sentence and exit status 1."""
    try:
        yield
    except (Denied, NoPast) as failed:
        label = say("label_error", "error", {}, language)
        print_line(console(errors=True), f"{label}: {failed.sentence(language)}")
        raise typer.Exit(FAILED) from failed


def console(*, errors: bool = False) -> Console:
    """Standard output or error; colours only on a terminal, and a question mark for what its encoding lacks."""
    file = sys.stderr if errors else sys.stdout
    if isinstance(file, io.TextIOWrapper):
        file.reconfigure(errors="replace")
    return Console(highlight=False, emoji=False, file=file)


def load_or_exit(
    path: Path, plugins: Plugins, state: Path | None = None, *, need_secrets: bool = True, lang: Language | None = None
) -> Config:
    """The site, or the same list of problems as `gateway check` prints, and exit status 1.

    `state` replaces the configured folder. Commands that only look do not need the secrets.
    """
    loaded = load(path, plugins=plugins, need_secrets=need_secrets)
    config = loaded.config
    if config is None:
        screen, language = console(errors=True), chosen_language(lang, loaded.language)
        show_findings(screen, loaded.findings, language)
        print_line(screen, f"{path}: {summary(loaded.findings, language)}")
        raise typer.Exit(FAILED)
    return replace(config, state_folder=state) if state else config


def chosen_language(asked: Language | None, otherwise: Language) -> Language:
    """The language of `--lang`, or the other one."""
    return asked or otherwise


def word(family: str, name: str, language: Language) -> str:
    """A word of the program, such as a level or a state, as people read it; its kind is FAMILY_NAME."""
    plain = name.replace("_", " ").replace("-", " ")
    kind = "_".join([family, *plain.lower().split()])
    return say(kind, plain, {}, language)


def aligned(rows: Iterable[Sequence[Text]], right: Collection[int] = ()) -> list[Text]:
    """Rows as lines: each column as wide as its widest cell, the last one left to run. Nothing is cut or folded.

    The columns in `right` hold figures, which are flush on the right.
    """
    listed = [[cell.copy() for cell in row] for row in rows]
    widths = [max(cell.cell_len for cell in column) for column in zip(*listed, strict=True)]
    for row in listed:
        for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
            if number in right:
                cell.pad_left(width - cell.cell_len)
            elif number < len(row) - 1:
                cell.append(" " * (width - cell.cell_len))
    return [Text("  ").join(row) for row in listed]


def show_findings(screen: Console, findings: Iterable[Finding], language: Language) -> None:
    """Print findings as a person reads them: place, line, caret, advice."""
    for finding in findings:
        shown = Text(finding.show(language))
        label = say(f"label_{finding.severity}", finding.severity, {}, language)
        shown.highlight_words([f" {label}: "], _COLOURS[finding.severity])
        shown.highlight_regex(r"(?m)^\s+\|\s+\^+.*$", "cyan")
        screen.print(shown, soft_wrap=True)
        screen.print()


def print_line(screen: Console, text: str | Text) -> None:
    """Print a text as it is: not folded, nothing in it taken for markup."""
    screen.print(Text(text) if isinstance(text, str) else text, soft_wrap=True)


def print_json(screen: Console, value: Any) -> None:
    """Print a value for machines."""
    print_line(screen, json.dumps(value, ensure_ascii=False, indent=2))
