"""`gateway train`: fits the trained detector of a device type on history, says how it did, writes it as a bundle."""

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.backtest.chosen import stretch
from gateway.cli.backtest.command import Since, Source, Until
from gateway.cli.backtest.files import refuse_unwritable
from gateway.cli.progress import progress_bar
from gateway.cli.screen import (
    AskedLanguage,
    ConfigPath,
    Failed,
    JsonWanted,
    StatePath,
    chosen_language,
    console,
    failures,
    load_or_exit,
    print_json,
    print_line,
    word,
)
from gateway.cli.train.text import plain, screen
from gateway.core.config import Config
from gateway.core.messages import Language, say
from gateway.core.plugins import discover
from gateway.core.types import Fleet
from gateway.history.sources import open_past
from gateway.workbench.training import Trained
from gateway.workbench.training import train as trained
from models.trained.bundle import write_bundle
from models.trained.training import TooLittle


def train(
    profile: Annotated[str, typer.Option(help="The device type whose model to train.")],
    config: ConfigPath = Path("config.yaml"),
    state: StatePath = None,
    since: Since = None,
    until: Until = None,
    source: Source = "local",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The bundle; PROFILE.bundle.json beside config.yaml if not given."),
    ] = None,
    json: JsonWanted = False,
    lang: AskedLanguage = None,
) -> None:
    """Fit the trained detector of a device type on normal weeks of history, and say how it did on their last quarter.

    Half of the time fits the model, a quarter calibrates it, the last quarter is held back to test it. An old bundle
    stays in place until the new one is complete. A running daemon takes it up when it is restarted.
    """
    site = load_or_exit(config, discover(), state, need_secrets=False, lang=lang)
    language = chosen_language(lang, site.site.language)
    with failures(language):
        fleet = _fleet(site, profile)
        file = out or config.parent / f"{profile}.bundle.json"
        refuse_unwritable(str(file))
        from models.trained.fitting import VERSIONS, fit  # noqa: PLC0415 - scikit-learn: no other command may load it

        with progress_bar(say("reading_history", "reading the history", {}, language)) as tell:
            past = open_past(source, site, progress=tell)
        with past, progress_bar(say("train_training", "training", {}, language)) as tell:
            only = replace(site, fleets=(fleet,))
            start, end = stretch(only, past, since, until)
            versions = {"property-gateway": version("property-gateway"), **VERSIONS}
            try:
                found = trained(only, past, fleet, start, end, fit, versions, tell)
            except TooLittle as problem:
                raise Failed(problem.type, problem.message_template, **_said(problem, language)) from problem
        _write(file, found)
    if json:
        print_json(console(), plain(found, file, language))
        return
    for line in screen(found, file, site, language):
        print_line(console(), line)


def _fleet(site: Config, profile: str) -> Fleet:
    fleets = {fleet.profile.profile: fleet for fleet in site.fleets}
    if profile not in fleets:
        text = "no device of this site is of the type {name}; there are {profiles}"
        raise Failed("train_no_device", text, name=profile, profiles=list(fleets))
    return fleets[profile]


def _said(problem: TooLittle, language: Language) -> dict[str, object]:
    """Its words; which part of the time it speaks of, in the language of the sentence."""
    words: dict[str, object] = dict(problem.context or {})
    return words | {"part": word("part", str(words["part"]), language)} if "part" in words else words


def _write(file: Path, found: Trained) -> None:
    try:
        write_bundle(file, found.bundle.manifest, found.bundle.arrays)
    except OSError as error:
        raise Failed("not_written", "{file} cannot be written: {reason}", file=file, reason=error.strerror) from error
