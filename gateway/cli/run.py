"""`gateway run`: the daemon."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from gateway.app.daemon import Daemon
from gateway.cli.screen import load_or_exit
from gateway.core.clock import ScaledClock, SystemClock
from gateway.core.plugins import discover
from gateway.delivery.statefile import StateInUse, StorageFailed


def run(
    config: Annotated[Path, typer.Option("--config", "-c", help="The site.")] = Path("config.yaml"),
    state: Annotated[Path | None, typer.Option(help="Where tickets and history are kept, instead of `state:`.")] = None,
    clock: Annotated[str, typer.Option(hidden=True, help="SITE_START,WALL_START,SPEED: the clock of a demo.")] = "",
) -> None:
    """Watch a site until stopped: poll, score, apply rules, deliver tickets."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    plugins = discover()
    site = load_or_exit(config, plugins, state)
    daemon = Daemon(site, plugins, clock_of(clock) if clock else SystemClock())
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_until_told_to_stop(daemon))
    except (StateInUse, StorageFailed) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The loop of uvloop where it can be imported: half the CPU of many sockets."""
    if find_spec("uvloop") is None:
        return None
    import uvloop  # noqa: PLC0415 - optional

    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _until_told_to_stop(daemon: Daemon) -> None:
    """SIGTERM and the first Ctrl-C stop in order; a second one ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told, number)
    await daemon.run(stop)


def clock_of(text: str) -> ScaledClock:
    """The clock that a demo hands to all its processes."""
    site_start, wall_start, speed = (float(part) for part in text.split(","))
    return ScaledClock(site_start, wall_start, speed)
