"""`gateway tickets`: what was raised, where it stands at the dispatch API, and what a person may do to it."""

import getpass
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import typer

from gateway.cli.ledger_view import ledger_lines, plain_ledger
from gateway.cli.local import NotThere, Pages
from gateway.cli.offline import kept_closings, offline
from gateway.cli.screen import (
    WRONG_USE,
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
from gateway.cli.view import ticket_lines, ticket_page
from gateway.core.config import Config
from gateway.core.messages import Language, say
from gateway.core.plugins import discover
from gateway.core.types import Status, Verdict

Action = Literal["ack", "close", "resend"]

app = typer.Typer(help="Tickets: list, show, ack, close, resend, ledger.", no_args_is_help=False)

IdArgument = Annotated[str, typer.Argument(help="The ticket's id, as `gateway tickets list` shows it.")]
DEFAULT = Path("config.yaml")

NormalSaid = Annotated[bool, typer.Option("--normal", help="Worth a look, but from now on this is usual here.")]
FalseSaid = Annotated[bool, typer.Option("--false", help="Nothing was wrong.")]

DONE: Mapping[Action | Verdict, tuple[str, str]] = {
    "ack": ("done_ack", "{ticket}: acknowledged"),
    "resend": ("done_resend", "{ticket}: will be sent again"),
    Verdict.DONE: ("done_close", "{ticket}: closed"),
    Verdict.NORMAL: ("done_close_normal", "{ticket}: closed; this is normal from now on"),
    Verdict.FALSE: ("done_close_false", "{ticket}: closed; nothing was wrong"),
}


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
    site, language = _opened(config, state, lang)
    with failures(language):
        found = Pages(site.web.bind, site.state_folder).get("/api/tickets", status=status, limit=limit)
        if found is None:
            with offline(site) as stopped:
                found = stopped.tickets(status, limit)
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
    """One ticket with its evidence and every message about it."""
    site, language = _opened(config, state, lang)
    with failures(language):
        found = _found(site, ticket)
    if as_json:
        print_json(console(), found)
        return
    for line in ticket_page(found, site.site.zone, language):
        print_line(console(), line)


@app.command()
def ack(ticket: IdArgument, config: ConfigPath = DEFAULT, state: StatePath = None, lang: AskedLanguage = None) -> None:
    """Someone has seen it."""
    _act(ticket, "ack", config, state, lang)


@app.command()
def close(
    ticket: IdArgument,
    normal: NormalSaid = False,
    false: FalseSaid = False,
    config: ConfigPath = DEFAULT,
    state: StatePath = None,
    lang: AskedLanguage = None,
) -> None:
    """It is over: the work is done, or what was seen is normal from now on, or nothing was wrong."""
    _act(ticket, "close", config, state, lang, said={Verdict.NORMAL: normal, Verdict.FALSE: false})


@app.command()
def ledger(
    config: ConfigPath = DEFAULT, state: StatePath = None, as_json: JsonWanted = False, lang: AskedLanguage = None
) -> None:
    """What people said of tickets when they closed them, and the precision of each rule: true / (true + false)."""
    site, language = _opened(config, state, lang)
    with failures(language):
        closings = kept_closings(site)
        if closings is None:
            raise Failed("no_ledger", "no ledger is kept in the state folder {folder} yet", folder=site.state_folder)
    if as_json:
        print_json(console(), plain_ledger(closings))
        return
    for line in ledger_lines(closings, language):
        print_line(console(), line)


@app.command()
def resend(
    ticket: IdArgument, config: ConfigPath = DEFAULT, state: StatePath = None, lang: AskedLanguage = None
) -> None:
    """Send messages again that the dispatch API refused."""
    _act(ticket, "resend", config, state, lang)


def _act(
    ticket: str,
    action: Action,
    config: Path,
    state: Path | None,
    lang: Language | None,
    said: Mapping[Verdict, bool] | None = None,
) -> None:
    site, language = _opened(config, state, lang)
    verdict = _verdict(said or {}, language)
    with failures(language):
        daemon_runs = _done(site, ticket, action, verdict)
    screen = console()
    print_line(screen, say(*DONE[verdict if action == "close" else action], {"ticket": ticket}, language))
    if not daemon_runs:
        print_line(screen, say("told_later", "the dispatch API learns of it when the daemon runs", {}, language))


def _opened(config: Path, state: Path | None, lang: Language | None) -> tuple[Config, Language]:
    site = load_or_exit(config, discover(), state, need_secrets=False, lang=lang)
    return site, chosen_language(lang, site.site.language)


def _verdict(said: Mapping[Verdict, bool], language: Language) -> Verdict:
    """The one that was given; that the work is done, if none was. Two are wrong use."""
    given = [verdict for verdict, is_given in said.items() if is_given]
    if len(given) > 1:
        english = "--normal and --false exclude each other: either it was worth a look, or nothing was wrong"
        label = say("label_error", "error", {}, language)
        print_line(console(errors=True), f"{label}: {say('two_verdicts', english, {}, language)}")
        raise typer.Exit(WRONG_USE)
    return given[0] if given else Verdict.DONE


def _found(site: Config, ticket: str) -> Any:
    """The ticket from the daemon or from its state file. Raises Failed if neither has it."""
    try:
        found = Pages(site.web.bind, site.state_folder).get(f"/api/tickets/{quote(ticket, safe='')}")
        if found is None:
            with offline(site) as stopped:
                found = stopped.ticket(ticket)
    except NotThere:
        found = None
    if found is None:
        raise Failed("no_ticket", "there is no ticket {ticket}", ticket=ticket)
    return found


def _done(site: Config, ticket: str, action: Action, verdict: Verdict) -> bool:
    """Do it; returns whether a daemon runs that tells the dispatch API at once. Raises Failed."""
    by, runs = getpass.getuser(), True
    try:
        said = verdict if action == "close" else None
        done = Pages(site.web.bind, site.state_folder).act(ticket, action, by, said)
        if done is None:
            runs = False
            with offline(site) as stopped:
                done = stopped.act(ticket, action, by, verdict)
    except NotThere:
        done = None
    if done:
        return runs
    if action == "resend":
        raise Failed("nothing_to_resend", "no message of ticket {ticket} waits or was refused", ticket=ticket)
    raise Failed("no_open_ticket", "there is no open ticket {ticket}", ticket=ticket)
