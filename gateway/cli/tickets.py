"""`gateway tickets`: what was raised, where it stands at the dispatch API, and what a person may do to it."""

import getpass
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from gateway.cli.local import Pages, Refused
from gateway.cli.offline import NoState, Offline, offline
from gateway.cli.screen import console, load_or_exit
from gateway.core.config import Config
from gateway.core.plugins import discover
from gateway.core.types import Status
from gateway.delivery.statefile import StateInUse, StorageFailed

app = typer.Typer(help="Tickets: list, show, ack, close, resend.", no_args_is_help=False)

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The site.")]
StateOption = Annotated[Path | None, typer.Option(help="The state folder, instead of `state:`.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]
IdArgument = Annotated[str, typer.Argument(help="The ticket's id, as `gateway tickets list` shows it.")]
DEFAULT = Path("config.yaml")


@app.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_(
    config: ConfigOption = DEFAULT,
    state: StateOption = None,
    status: Annotated[Status | None, typer.Option(help="Only tickets that stand so.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    as_json: JsonOption = False,
) -> None:
    """Tickets, newest first, from the running daemon or from its state file."""
    site = load_or_exit(config, discover(), state, need_secrets=False)
    found = _ask(site, "/api/tickets", status=status, limit=limit)
    if found is None:
        with _stopped(site) as stopped:
            found = stopped.tickets(status, limit)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    console().print(_table(found, site.site.zone))


@app.command()
def show(ticket: IdArgument, config: ConfigOption = DEFAULT, state: StateOption = None) -> None:
    """One ticket with its evidence and every message about it, as JSON."""
    site = load_or_exit(config, discover(), state, need_secrets=False)
    found = _ask(site, f"/api/tickets/{ticket}")
    if found is None:
        with _stopped(site) as stopped:
            found = stopped.ticket(ticket)
    if found is None:
        _fail(f"there is no ticket {ticket}")
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))


@app.command()
def ack(ticket: IdArgument, config: ConfigOption = DEFAULT, state: StateOption = None) -> None:
    """Someone has seen it."""
    _act(ticket, "ack", config, state)


@app.command()
def close(ticket: IdArgument, config: ConfigOption = DEFAULT, state: StateOption = None) -> None:
    """The work is done."""
    _act(ticket, "close", config, state)


@app.command()
def resend(ticket: IdArgument, config: ConfigOption = DEFAULT, state: StateOption = None) -> None:
    """Send messages again that the dispatch API refused."""
    _act(ticket, "resend", config, state)


def _act(ticket: str, action: Literal["ack", "close", "resend"], config: Path, state: Path | None) -> None:
    site = load_or_exit(config, discover(), state, need_secrets=False)
    by = getpass.getuser()
    try:
        done = Pages(site.web.bind, site.state_folder).act(ticket, action, by)
    except Refused as error:
        _fail(str(error))
    if done is None:
        with _stopped(site) as stopped:
            done = stopped.act(ticket, action, by)
    if not done:
        _fail(f"there is no open ticket {ticket}")
    typer.echo(f"{ticket}: {action}")


def _ask(site: Config, path: str, **query: str | int | None) -> Any:
    try:
        return Pages(site.web.bind, site.state_folder).get(path, **query)
    except Refused as error:
        _fail(str(error))


@contextmanager
def _stopped(site: Config) -> Iterator[Offline]:
    """The state of a stopped daemon, or one clear sentence and exit status 1."""
    try:
        with offline(site) as stopped:
            yield stopped
    except (NoState, StateInUse, StorageFailed) as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)


def _table(tickets: list[Mapping[str, Any]], zone: ZoneInfo) -> Table:
    table = Table("fired", "level", "device", "title", "status", "delivery", "id", box=None, pad_edge=False)
    for ticket in tickets:
        colour = "red" if ticket["level"] == "red" else "yellow"
        delivery = ", ".join(f"{count} {state}" for state, count in ticket["delivery"].items() if count)
        table.add_row(
            datetime.fromtimestamp(ticket["fired_at"], zone).strftime("%m-%d %H:%M:%S"),
            f"[{colour}]{ticket['level']}[/]",
            ticket["device"],
            ticket["title"],
            ticket["status"] + (" (cleared)" if ticket["cleared_at"] else ""),
            delivery,
            ticket["id"],
        )
    return table
