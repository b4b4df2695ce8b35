"""`gateway status`: how the running daemon stands, or what the state file says of a stopped one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from gateway.cli.local import Pages
from gateway.cli.offline import FolderInUse, offline
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
from gateway.cli.view import status_lines
from gateway.core.config import Config
from gateway.core.messages import Language
from gateway.core.plugins import discover


def status(
    config: ConfigPath = Path("config.yaml"),
    state: StatePath = None,
    as_json: JsonWanted = False,
    lang: AskedLanguage = None,
) -> None:
    """Health by part, devices, open tickets. Exit status 1 if the daemon does not run or a part is degraded."""
    site = load_or_exit(config, discover(), state, need_secrets=False, lang=lang)
    language, screen = chosen_language(lang, site.site.language), console()
    with failures(language):
        report = Pages(site.web.bind, site.state_folder).get("/api/status") or _stopped(site, language)
    if as_json:
        print_json(screen, report)
    else:
        for line in status_lines(report, site.site.zone, language):
            print_line(screen, line)
    if report["status"] != "ok":
        raise typer.Exit(FAILED)


def _stopped(site: Config, language: Language) -> Mapping[str, Any]:
    """The same report of a daemon that does not answer; `reason` says what is known of it."""
    report: dict[str, Any] = {"status": "stopped", "site": site.site.id, "parts": [], "devices": {}}
    try:
        with offline(site) as stopped:
            return report | {"reason": "", "outbox": stopped.counts(), "open_tickets": stopped.open_tickets()}
    except FolderInUse as failed:
        return report | {"status": "silent", "reason": failed.sentence(language), "outbox": None, "open_tickets": None}
    except Failed as failed:
        return report | {"reason": failed.sentence(language), "outbox": {}, "open_tickets": []}
