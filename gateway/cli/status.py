"""`gateway status`: how the running daemon stands, or what the state file says of a stopped one."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape
from rich.table import Table

from gateway.cli.local import Pages, Refused
from gateway.cli.offline import NoState, offline
from gateway.cli.screen import console, load_or_exit
from gateway.core.plugins import discover
from gateway.delivery.statefile import StateInUse, StorageFailed

COLOURS = {"ok": "green", "good": "green", "degraded": "yellow", "stale": "yellow", "bad": "red", "offline": "red"}


def status(
    config: Annotated[Path, typer.Option("--config", "-c", help="The site.")] = Path("config.yaml"),
    state: Annotated[Path | None, typer.Option(help="The state folder, instead of `state:`.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Health by part, devices, open tickets. Exit status 1 if the daemon does not run or a part is degraded."""
    site = load_or_exit(config, discover(), state, need_secrets=False)
    try:
        report = Pages(site.web.bind, site.state_folder).get("/api/status")
    except Refused as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    if report is None:
        report = _stopped_report(site)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _show(report, site.site.zone)
    raise typer.Exit(0 if report["status"] == "ok" else 1)


def _stopped_report(site: Any) -> Mapping[str, Any]:
    report: dict[str, Any] = {"status": "stopped", "site": site.site.id, "parts": [], "devices": {}}
    try:
        with offline(site) as stopped:
            return report | {"outbox": stopped.counts(), "open_tickets": _open(stopped.tickets(None, 10_000))}
    except (NoState, StateInUse, StorageFailed) as error:
        return report | {"outbox": {}, "open_tickets": [], "reason": str(error)}


def _open(tickets: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [ticket for ticket in tickets if ticket["status"] != "closed"]


def _show(report: Mapping[str, Any], zone: ZoneInfo) -> None:
    out = console()
    out.print(f"{report['site']}: [bold {COLOURS.get(report['status'], 'red')}]{report['status']}[/]")
    if reason := report.get("reason"):
        out.print(f"  {escape(reason)}")
    for part in report["parts"]:
        since = f" since {_clock(part['since'], zone)}" if part["since"] else ""
        out.print(f"  [{COLOURS[part['state']]}]{part['state']:9}[/] {part['part']}{since}  {escape(part['reason'])}")
    if report["devices"]:
        out.print(_devices(report["devices"], zone))
    out.print(f"open tickets: {len(report['open_tickets'])}")
    for ticket in report["open_tickets"]:
        out.print(
            f"  [{'red' if ticket['level'] == 'red' else 'yellow'}]{ticket['level']}[/] {escape(ticket['title'])}"
        )


def _devices(devices: Mapping[str, Mapping[str, Any]], zone: ZoneInfo) -> Table:
    table = Table("device", "state", "since", "reason", box=None, pad_edge=False)
    for name, health in sorted(devices.items()):
        since = _clock(health["since"], zone) if health["since"] else ""
        state = f"[{COLOURS.get(health['state'], 'dim')}]{health['state']}[/]"
        table.add_row(name, state, since, escape(health["reason"]))
    return table


def _clock(time: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(time, zone).strftime("%m-%d %H:%M:%S")
