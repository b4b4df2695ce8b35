"""The tickets of a site: with the running daemon, or in the state file of a stopped one. Commands need not know."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import typer
from pydantic_core import PydanticCustomError

from gateway.cli.local import NotThere, Pages
from gateway.cli.offline import Offline, offline
from gateway.cli.screen import WRONG_USE, Failed, chosen_language, console, load_or_exit, print_line
from gateway.core.config import Config
from gateway.core.messages import Language, say
from gateway.core.plugins import discover
from rules.duration import duration_s


def opened(config: Path, state: Path | None, lang: Language | None) -> tuple[Config, Language]:
    """The site, and the language to speak; ends the command where there is none."""
    site = load_or_exit(config, discover(), state, need_secrets=False, lang=lang)
    return site, chosen_language(lang, site.site.language)


def either(
    site: Config, online: Callable[[Pages], Any], stopped: Callable[[Offline], Any], missing: Failed
) -> tuple[Any, bool]:
    """Ask the daemon, or its state file if it does not run; the answer, and whether it runs.

    Raises Failed and Denied; `missing` if the daemon has no such thing.
    """
    try:
        found = online(Pages(site.web.bind, site.state_folder))
    except NotThere as nothing:
        raise missing from nothing
    if found is not None:
        return found, True
    with offline(site) as state:
        return stopped(state), False


def done(sentence: str, language: Language, *, daemon_runs: bool) -> None:
    """Say what was done; without a daemon also that others are yet to learn of it."""
    screen = console()
    print_line(screen, sentence)
    if not daemon_runs:
        print_line(screen, say("told_later", "the dispatch API learns of it when the daemon runs", {}, language))


def misused(kind: str, english: str, language: Language, **words: object) -> NoReturn:
    """End the command with one sentence and the exit status of wrong use."""
    label = say("label_error", "error", {}, language)
    print_line(console(errors=True), f"{label}: {say(kind, english, words, language)}")
    raise typer.Exit(WRONG_USE)


def seconds(text: str, language: Language) -> float:
    """A duration such as 4h; ends the command if it is none."""
    try:
        return duration_s(text)
    except PydanticCustomError as error:
        misused(error.type, error.message_template, language, **(error.context or {}))
