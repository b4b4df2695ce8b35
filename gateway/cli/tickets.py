"""`gateway tickets`: what was raised, where it stands at the dispatch API, and what a person may do to it."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from gateway.cli import deeds, silences
from gateway.cli.deeds import IdArgument
from gateway.cli.either import either, opened
from gateway.cli.ledger_view import ledger_lines, plain_ledger
from gateway.cli.offline import kept_closings
from gateway.cli.screen import (
    AskedLanguage,
    ConfigPath,
    Failed,
    JsonWanted,
    StatePath,
    console,
    failures,
    print_json,
    print_line,
)
from gateway.cli.ticket_view import ticket_lines, ticket_page
from gateway.core.types import Status

DEFAULT = Path("config.yaml")

app = typer.Typer(
    help="Tickets: what there is, what a person does to it, what is silenced.",
    no_args_is_help=False,
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_(
    config: ConfigPath = DEFAULT,
    state: StatePath = None,
    status: Annotated[Status | None, typer.Option(help="Only tickets that stand so.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    as_json: JsonWanted = False,
    lang: AskedLanguage = None,
) -> None:
    """Tickets, newest first, from the running daemon or from its state file."""
    site, language = opened(config, state, lang)
    with failures(language):
        found, _ = either(
            site,
            lambda pages: pages.get("/api/tickets", status=status, limit=limit),
            lambda stopped: stopped.tickets(status, limit),
            Failed("no_tickets", "no tickets"),
        )
    if as_json:
        print_json(console(), found)
        return
    for line in ticket_lines(found, site.site.zone, language):
        print_line(console(), line)


@app.command()
def show(
    ticket: IdArgument,
    config: ConfigPath = DEFAULT,
    state: StatePath = None,
    as_json: JsonWanted = False,
    lang: AskedLanguage = None,
) -> None:
    """One ticket: how it stands, its evidence, its ledger, and every message and notice about it."""
    site, language = opened(config, state, lang)
    missing = Failed("no_ticket", "there is no ticket {ticket}", ticket=ticket)
    path = f"/api/tickets/{quote(ticket, safe='')}"
    with failures(language):
        found, _ = either(site, lambda pages: pages.get(path), lambda stopped: stopped.ticket(ticket), missing)
        if found is None:
            raise missing
    if as_json:
        print_json(console(), found)
        return
    for line in ticket_page(found, site.site.zone, language):
        print_line(console(), line)


@app.command()
def ledger(
    config: ConfigPath = DEFAULT, state: StatePath = None, as_json: JsonWanted = False, lang: AskedLanguage = None
) -> None:
    """What people said of tickets when they closed them, and the precision of each rule: true / (true + false)."""
    site, language = opened(config, state, lang)
    with failures(language):
        closings = kept_closings(site)
        if closings is None:
            raise Failed("no_ledger", "no ledger is kept in the state folder {folder} yet", folder=site.state_folder)
    if as_json:
        print_json(console(), plain_ledger(closings))
        return
    for line in ledger_lines(closings, language):
        print_line(console(), line)


for _deed in (deeds.ack, deeds.progress, deeds.resolve, deeds.reject, deeds.close, deeds.resend):
    app.command()(_deed)
for _command in (silences.silence, silences.silences, silences.unsilence):
    app.command()(_command)
