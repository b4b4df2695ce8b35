"""`gateway reload`: the running daemon takes the configuration over as it is written now, or says why not."""

from pathlib import Path

import typer

from gateway.cli.local import Pages
from gateway.cli.screen import (
    FAILED,
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
)
from gateway.cli.view import reload_lines
from gateway.core.plugins import discover


def reload(
    config: ConfigPath = Path("config.yaml"),
    state: StatePath = None,
    as_json: JsonWanted = False,
    lang: AskedLanguage = None,
) -> None:
    """Let the running daemon take over rules and policies as they are written now, all or nothing.

    Alerts, pending time and windows of rules that did not change go on. Exit status 1 if it was refused; then nothing
    has changed.
    """
    site = load_or_exit(config, discover(), state, need_secrets=False, lang=lang)
    language = chosen_language(lang, site.site.language)
    with failures(language):
        report = Pages(site.web.bind, site.state_folder).reload()
        if report is None:
            raise Failed("nobody_reloads", "no daemon of this site answers at {address}", address=site.web.bind)
    if as_json:
        print_json(console(), report)
    else:
        for line in reload_lines(report, site.site.zone, language):
            print_line(console(), line)
    if report["outcome"] != "accepted":
        raise typer.Exit(FAILED)
