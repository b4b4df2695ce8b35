"""`gateway demo`: a simulated property, the production daemon, a dispatch API, six faults, a verdict."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live

from gateway.cli.demo import screen, script, stage
from gateway.cli.demo.orders import orders_of
from gateway.cli.demo.past import write_past
from gateway.cli.demo.verdict import Expected, as_json, compare, passed
from gateway.cli.local import Pages
from gateway.cli.property import simulated
from gateway.cli.screen import console, load_or_exit
from gateway.core.clock import ScaledClock, SystemClock
from gateway.core.config import Config
from gateway.core.plugins import discover
from simulators.property_api import PropertyApi

MONDAY_17 = 1_773_651_600.0
"""Monday 2026-03-16 17:00 in Shanghai: the hour before the evening peak, in a season of moderate load."""
SETTLE_S = 2.0
"""Wall seconds between the daemon's first answer and the first fault's clock."""


def demo(
    config: Annotated[Path, typer.Option("--config", "-c", help="The site.")] = Path("config.yaml"),
    speed: Annotated[float, typer.Option(min=1, max=120, help="How fast the property's time runs.")] = 60.0,
    seconds: Annotated[float, typer.Option(min=10, help="How long the demo plays, in real time.")] = 90.0,
    seed: Annotated[int, typer.Option(help="Chooses one of many similar properties.")] = 7,
    keep: Annotated[bool, typer.Option("--keep", help="Go on after the table until interrupted.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the table for machines.")] = None,
    down: Annotated[
        float, typer.Option(min=0, help="The dispatch API is down for the first seconds of the faults.")
    ] = 0.0,
) -> None:
    """Run a whole simulated property. Exit status 0 only if every fault got its ticket, once, and nothing else did."""
    stage.provide_secrets()
    site = load_or_exit(config, discover())
    try:
        good = asyncio.run(_play(Play(site, config, speed, seconds, seed, down), json_file, keep=keep))
    except stage.NotReady as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    raise typer.Exit(0 if good else 1)


@dataclass(frozen=True, slots=True)
class Play:
    """What was asked for."""

    site: Config
    config_file: Path
    speed: float
    seconds: float
    seed: int
    down_s: float


@dataclass(frozen=True, slots=True)
class Running:
    """A demo whose programs all run."""

    api: PropertyApi
    pages: Pages
    expected: Sequence[Expected]
    curtain: float  # wall time


async def _play(play: Play, json_file: Path | None, *, keep: bool) -> bool:
    out = console()
    async with _running(play, out.print) as running:
        ends = running.curtain + play.seconds
        await _watch(play, running, ends)
        rows, unexplained = compare(running.expected, orders_of(running.api.book.orders.values()))
        out.print(screen.result(rows, unexplained))
        if json_file is not None:
            table = json.dumps(as_json(rows, unexplained, play.speed, play.seed), indent=2)
            await asyncio.to_thread(json_file.write_text, table + "\n")
        if keep:
            out.print("going on until interrupted (Ctrl-C)")
            await _watch(play, running, float("inf"))
        return passed(rows, unexplained)


async def _watch(play: Play, running: Running, until: float) -> None:
    """Show the screen; a terminal sees it live, a pipe sees each ticket once."""
    out, wall, told = console(), SystemClock(), 0
    with Live(console=out, auto_refresh=False, transient=True) as live:
        while (now := wall.now()) < until:
            if running.api.mood.name == "down" and now > running.curtain + play.down_s:
                running.api.be("ok")
            orders = [order.shown() for order in running.api.book.orders.values()]
            if out.is_terminal:
                left = "" if until == float("inf") else f", {until - now:.0f} s left"
                report = await asyncio.to_thread(running.pages.get, "/api/status")
                headline = f"{play.site.site.name} · time x{play.speed:g}{left}"
                live.update(screen.running(report, orders, headline, play.site.site.zone), refresh=True)
            for order in orders[told:] if not out.is_terminal else ():
                out.print(f"{order['level']:6} {order['order']['title']}  [{order['work_order_id']}]", markup=False)
            told = len(orders)
            await asyncio.sleep(0.5)


@asynccontextmanager
async def _running(play: Play, say: Callable[[str], None]) -> AsyncIterator[Running]:
    """Start everything, in the order in which it is needed; stop it in the reverse order."""
    site, wires = play.site, stage.wire_ports(play.site)
    stage.refuse_busy_ports([*wires, stage.dispatch_port(site), site.web.port])
    folder = Path(tempfile.mkdtemp(prefix="gateway-demo-"))
    say(f"logs and state: {folder}")
    say("writing two weeks of simulated history ...")
    await asyncio.to_thread(write_past, folder / "state" / "history.db", simulated(site, play.seed), site, MONDAY_17)
    clock = ScaledClock(MONDAY_17, SystemClock().now(), play.speed)
    set_ = stage.Stage(play.config_file, folder, clock)
    token = site.dispatch.token
    api = PropertyApi(port=stage.dispatch_port(site), token=token.get_secret_value() if token else "")
    pages = Pages(site.web.bind, folder / "state")
    async with api:
        say("starting the property, the daemon and the dispatch API; the daemon learns from its history ...")
        async with stage.process("property", set_.property(play.seed), folder) as child:
            await stage.until_listening("property", child, wires, folder)
            async with stage.process("gateway", set_.gateway(), folder) as daemon:
                await stage.until_ready(daemon, pages, folder)
                curtain = SystemClock().now() + SETTLE_S
                faults = script.injections(script.scenes(play.speed, play.seconds), clock, curtain)
                await stage.inject(child, faults)
                if play.down_s:
                    api.be("down")
                expected = script.expectations(simulated(site, play.seed, faults), site, clock)
                yield Running(api, pages, expected, curtain)
