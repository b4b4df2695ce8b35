"""Shows a running demo: on a terminal the whole plant, redrawn; anywhere each thing that happens, once, as a line."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from gateway.cli.demo import script, stage
from gateway.cli.demo.news import News
from gateway.cli.demo.screen import Scenery, running
from gateway.cli.demo.verdict import Expected
from gateway.cli.local import Pages
from gateway.cli.screen import print_line
from gateway.core.clock import ScaledClock, SystemClock
from gateway.core.config import Config
from gateway.core.messages import Language, say
from simulators.property_api import PropertyApi

LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Running:
    """A demo whose programs all run; `curtain` is the wall time from which its faults are counted."""

    site: Config
    api: PropertyApi
    pages: Pages
    children: Mapping[str, asyncio.subprocess.Process]
    folder: Path
    clock: ScaledClock
    expected: Sequence[Expected]
    curtain: float

    def moment(self, wall: float) -> datetime:
        """What the site's own wall shows at a wall time."""
        return datetime.fromtimestamp(script.site_time(self.clock, wall), self.site.site.zone)


async def watch(demo: Running, out: Console, news: News, seconds: float | None, down_s: float = 0.0) -> None:
    """Show it for some seconds from the curtain on; without end if None. Raises Failed if one of its programs ends."""
    scenery = _scenery(demo, news.language, seconds)
    ends = float("inf") if seconds is None else demo.curtain + seconds
    live = Live(console=out, auto_refresh=False, transient=True) if out.is_terminal else nullcontext()
    with live as picture:
        while (now := SystemClock().now()) < ends:
            report, tickets = await asyncio.to_thread(_ask, demo.pages)
            at, happened = script.site_time(demo.clock, now), news.since(now, tickets)
            if demo.api.mood.name == "down" and now > demo.curtain + down_s:
                demo.api.be("ok")
                happened.append((at, Text(say("dispatch_back", "the dispatch API is back", {}, news.language))))
            for time, line in happened:
                print_line(out, Text.assemble((scenery.stamp(time), "dim"), "  ", line))
            if picture is not None:
                orders = {order.external_id: order.shown() for order in demo.api.book.orders.values()}
                picture.update(running(scenery, at, ends - now, report, tickets, orders), refresh=True)
            stage.refuse_ended(demo.children, demo.folder)
            await asyncio.sleep(LOOK_S)


def _ask(pages: Pages) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """The daemon's status and its tickets, newest first; nothing while it does not answer."""
    return pages.get("/api/status") or {}, pages.get("/api/tickets") or []


def _scenery(demo: Running, language: Language, seconds: float | None) -> Scenery:
    wires: dict[str, list[str]] = {}
    for device in demo.site.devices:
        wires.setdefault(device.on, []).append(device.id)
    zone = demo.site.site.zone

    def stamp(time: float) -> str:
        return f"{datetime.fromtimestamp(time, zone):%H:%M:%S}"

    return Scenery(demo.site.site.name, wires, demo.clock.speed, seconds, language, stamp)
