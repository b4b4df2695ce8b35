"""What the demo shows: devices and tickets while it runs, the table at the end. Pure: values in, renderables out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich import box
from rich.columns import Columns
from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gateway.cli.demo.verdict import Order, Row
from gateway.cli.look import STYLES
from gateway.cli.screen import word
from gateway.core.messages import Language, printable, say

Json = Mapping[str, Any]
Stamp = Callable[[float], str]
"""Writes a site time as the site's wall shows it."""

_MOST_TICKETS = 12


@dataclass(frozen=True, slots=True)
class Scenery:
    """What does not change while the demo runs."""

    name: str
    wires: Mapping[str, Sequence[str]]  # connection -> devices
    speed: float
    seconds: float | None  # None: until interrupted
    language: Language
    stamp: Stamp


def running(scenery: Scenery, now: float, left_s: float, report: Json, tickets: Sequence[Json], orders: Json) -> Group:
    """The screen during the demo at site time `now`: the daemon's own report and tickets, the API's orders by id."""
    headline, devices = _headline(scenery, now, left_s), _devices(scenery, report.get("devices", {}))
    return Group("", headline, "", devices, "", _tickets(scenery, tickets[:_MOST_TICKETS], orders))


def result(rows: Sequence[Row], unexplained: Sequence[Order], injected: Stamp, language: Language) -> Group:
    """The table at the end; `injected` writes the wall time of a fault as a time of the site."""
    heads = ("fault", "device", "injected", "level", "seconds", "verdict")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for head in heads:
        justify: Literal["left", "right"] = "right" if head == "seconds" else "left"
        table.add_column(word("head", head, language), no_wrap=True, justify=justify)
    for row in rows:
        table.add_row(
            word("fault", row.expected.fault, language),
            row.expected.device,
            injected(row.expected.injected_at),
            _levels(list(row.order.reached) if row.order else [], language),
            _seconds(row),
            Text(word("verdict", row.verdict, language), "green" if row.verdict == "ok" else "bold red"),
        )
    return Group(table, *_notes(rows, unexplained, language))


def _headline(scenery: Scenery, now: float, left_s: float) -> Table:
    line = Table.grid(expand=True, padding=(0, 2))
    line.add_column(no_wrap=True)
    line.add_column(no_wrap=True, ratio=1)
    line.add_column(no_wrap=True, justify="right")
    speed = say("demo_speed", "time x{speed}", {"speed": scenery.speed}, scenery.language)
    site = Text.assemble((printable(scenery.name), "bold"), f"  {scenery.stamp(now)}  ", (speed, "dim"))
    if scenery.seconds is None:
        line.add_row(site, "", say("until_interrupted", "until Ctrl-C", {}, scenery.language))
    else:
        left = say("seconds_left", "{count} s left", {"count": f"{left_s:.0f}"}, scenery.language)
        line.add_row(site, ProgressBar(scenery.seconds, scenery.seconds - left_s), left)
    return line


def _devices(scenery: Scenery, devices: Json) -> Table:
    """Every wire with its devices, a dot in the colour of its health before each."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for wire, names in scenery.wires.items():
        states = (devices.get(name, {}).get("state", "unknown") for name in names)
        dots = [Text.assemble(("● ", STYLES[state]), name) for name, state in zip(names, states, strict=True)]
        table.add_row(wire, Columns(dots, padding=(0, 2)))
    return table


def _tickets(scenery: Scenery, tickets: Sequence[Json], orders: Json) -> Table:
    language = scenery.language
    table = Table(box=None, pad_edge=False, expand=True, header_style="dim")
    for head, ratio in (("fired", None), ("level", None), ("title", 1), ("dispatch API", None)):
        table.add_column(word("head", head, language), no_wrap=True, overflow="ellipsis", ratio=ratio)
    for ticket in tickets:
        table.add_row(
            scenery.stamp(ticket["fired_at"]),
            Text(word("level", ticket["level"], language), STYLES[ticket["level"]]),
            Text(printable(ticket["title"])),
            _at_dispatch(ticket, orders.get(ticket["id"]), language),
        )
    return table


def _at_dispatch(ticket: Json, order: Json | None, language: Language) -> Text:
    """What the dispatch API knows of a ticket."""
    if order is None:
        return Text(word("delivery", "parked" if ticket["delivery"]["parked"] else "pending", language), "yellow")
    return Text(f"{order['work_order_id']} {word('order', order['state'], language)}", "green")


def _levels(levels: Sequence[str], language: Language) -> Text:
    return Text(" → ").join(Text(word("level", level, language), STYLES[level]) for level in levels)


def _seconds(row: Row) -> str:
    if row.worst_s is None:
        return "-"
    return f"{row.worst_s:.1f}*" if row.worst_s < 0 else f"{row.worst_s:.1f} "


def _notes(rows: Sequence[Row], unexplained: Sequence[Order], language: Language) -> list[Text]:
    notes = []
    for row in rows:
        if row.verdict in {"wrong level", "no ticket"}:
            words = {"fault": word("fault", row.expected.fault, language), "device": row.expected.device}
            note = Text(say("ticket_expected", "{fault} at {device}: expected was ", words, language))
            notes.append(note.append_text(_levels(row.expected.levels, language)))
    if any(row.worst_s is not None and row.worst_s < 0 for row in rows):
        early = "* early: the ticket came before the fault stood clear of the normal noise"
        notes.append(Text(say("early_note", early, {}, language), "dim"))
    for order in unexplained:
        words = {"level": word("level", order.level, language), "ticket": order.ticket}
        notes.append(Text(say("no_fault_explains", "no fault explains: {level} {ticket}", words, language), "bold red"))
    if not unexplained:
        notes.append(Text(say("all_explained", "tickets that belong to no fault: none", {}, language), "green"))
    return notes
