"""What the commands share: how they load a site, how they print, in which language, and how they end."""

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from gateway.core.config import Config, load
from gateway.core.findings import Finding, summary
from gateway.core.messages import Language, say
from gateway.core.plugins import Plugins

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The site's configuration.")]
AskedLanguage = Annotated[str | None, typer.Option("--lang", help="zh or en; the site's language if not given.")]

FAILED, WRONG_USE = 1, 2
"""Exit status: the thing asked about failed; the command was used wrongly."""

_COLOURS = {"error": "bold red", "warning": "bold yellow"}


def console(*, errors: bool = False) -> Console:
    """Standard output or error; colours only on a terminal."""
    file = sys.stderr if errors else sys.stdout
    return Console(highlight=False, emoji=False, file=file)


def load_or_exit(path: Path, plugins: Plugins, state: Path | None = None, *, need_secrets: bool = True) -> Config:
    """The site, or the same list of problems as `gateway check` prints, and exit status 1.

    `state` replaces the configured folder. Commands that only look do not need the secrets.
    """
    loaded = load(path, plugins=plugins, need_secrets=need_secrets)
    config = loaded.config
    if config is None:
        screen = console(errors=True)
        show_findings(screen, loaded.findings, loaded.language)
        print_line(screen, f"{path}: {summary(loaded.findings, loaded.language)}")
        raise typer.Exit(FAILED)
    return replace(config, state_folder=state) if state else config


def chosen_language(asked: str | None, otherwise: Language) -> Language:
    """The language of `--lang`, or the other one. Raises typer.BadParameter."""
    if asked is None:
        return otherwise
    if asked not in {"zh", "en"}:
        raise typer.BadParameter("zh or en", param_hint="--lang")
    return "zh" if asked == "zh" else "en"


def show_findings(screen: Console, findings: Iterable[Finding], language: Language) -> None:
    """Print findings as a person reads them: place, line, caret, advice."""
    for finding in findings:
        shown = Text(finding.show(language))
        label = say(f"label_{finding.severity}", finding.severity, {}, language)
        shown.highlight_words([f" {label}: "], _COLOURS[finding.severity])
        shown.highlight_regex(r"(?m)^\s+\|\s+\^+.*$", "cyan")
        screen.print(shown, soft_wrap=True)
        screen.print()


def print_line(screen: Console, text: str) -> None:
    """Print a text as it is: not folded, nothing in it taken for markup."""
    screen.print(Text(text), soft_wrap=True)


def print_json(screen: Console, value: Any) -> None:
    """Print a value for machines."""
    print_line(screen, json.dumps(value, ensure_ascii=False, indent=2))
