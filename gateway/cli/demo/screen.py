"""What the demo shows while it runs: the devices, the tickets as they are born, and the table at the end."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group
from rich.table import Table
from rich.text import Text

from gateway.cli.demo.verdict import Order, Row

STATES = {"good": "green", "stale": "yellow", "bad": "red", "offline": "red", "unknown": "dim"}
LEVELS = {"red": "bold red", "yellow": "yellow"}


def running(
    report: Mapping[str, Any] | None, orders: Sequence[Mapping[str, Any]], headline: str, zone: ZoneInfo
) -> Group:
    """The screen during the demo; `report` is the daemon's own status page."""
    return Group(Text(headline, style="bold"), _devices(report), _orders(orders, zone))


def result(rows: Sequence[Row], unexplained: Sequence[Order]) -> Group:
    """The table at the end."""
    table = Table("fault", "device", "expected", "ticket level", "seconds", "verdict", title="Faults and their tickets")
    for row in rows:
        seconds = "" if row.worst_s is None else f"{row.worst_s:.1f}"
        expected = " then ".join(row.expected.levels)
        style = "green" if row.verdict == "ok" else "bold red"
        level = " then ".join(row.order.reached) if row.order else "-"
        table.add_row(row.expected.fault, row.expected.device, expected, level, seconds, Text(row.verdict, style=style))
    others = [Text(f"no fault explains: {order.level} {order.ticket}", style="bold red") for order in unexplained]
    return Group(table, *(others or [Text("tickets without a fault: none", style="green")]))


def _devices(report: Mapping[str, Any] | None) -> Table:
    table = Table.grid(padding=(0, 2))
    if report is None:
        return table
    devices = sorted(report["devices"].items())
    for start in range(0, len(devices), 7):
        table.add_row(
            *(Text(f"● {name}", style=STATES[health["state"]]) for name, health in devices[start : start + 7])
        )
    return table


def _orders(orders: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> Table:
    table = Table("site time", "level", "device", "ticket", "dispatch API", box=None, pad_edge=False)
    for order in orders:
        fired = datetime.fromisoformat(order["order"]["occurred_at"]).astimezone(zone)
        table.add_row(
            f"{fired:%H:%M:%S}",
            Text(order["level"], style=LEVELS[order["level"]]),
            order["order"]["location"]["asset_id"],
            order["order"]["title"],
            order["work_order_id"],
        )
    return table
