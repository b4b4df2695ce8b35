"""`gateway run`: the daemon."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.screen import AskedLanguage, ConfigPath, Failed, StatePath, chosen_language, failures, load_or_exit
from gateway.core.clock import ScaledClock, SystemClock
from gateway.core.config import Loaded, load
from gateway.core.plugins import Plugins, discover
from gateway.delivery.statefile import StateInUse, StorageFailed

if TYPE_CHECKING:
    from gateway.app.daemon import Daemon


def clock_of(text: str) -> ScaledClock:
    """The clock that a demo hands to all its processes, from its three numbers."""
    site_start, wall_start, speed = (float(part) for part in text.split(","))
    return ScaledClock(site_start, wall_start, speed)


HandedClock = Annotated[
    ScaledClock | None, typer.Option("--clock", hidden=True, parser=clock_of, metavar="SITE_START,WALL_START,SPEED")
]


def run(
    config: ConfigPath = Path("config.yaml"),
    state: StatePath = None,
    clock: HandedClock = None,
    lang: AskedLanguage = None,
) -> None:
    """Watch a site until stopped: poll, score, apply rules, deliver tickets."""
    from gateway.app.daemon import Daemon  # noqa: PLC0415 - with all its clients it takes half a second to import

    hangups: list[int] = []
    signal.signal(signal.SIGHUP, lambda number, _: hangups.append(number))  # until the loop listens
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    plugins = discover()
    site = load_or_exit(config, plugins, state, lang=lang)
    with failures(chosen_language(lang, site.site.language)):
        daemon = Daemon(site, plugins, clock or SystemClock(), partial(_read, config, plugins, state))
        if hangups:
            daemon.reload()
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(_until_told_to_stop(daemon))
        except StateInUse as error:
            folder = site.state_folder
            raise Failed("folder_taken", "another gateway uses the state folder {folder}", folder=folder) from error
        except StorageFailed as error:
            raise Failed("folder_unusable", "the state folder cannot be used: {reason}", reason=error) from error


def _read(config: Path, plugins: Plugins, state: Path | None) -> Loaded:
    """The site as it is written now, in the state folder that was asked for."""
    loaded = load(config, plugins=plugins)
    if state is None or loaded.config is None:
        return loaded
    return replace(loaded, config=replace(loaded.config, state_folder=state))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The loop of uvloop where it can be imported: half the CPU of many sockets."""
    if find_spec("uvloop") is None:
        return None
    import uvloop  # noqa: PLC0415 - optional

    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _until_told_to_stop(daemon: "Daemon") -> None:
    """SIGTERM and the first Ctrl-C stop in order; a second one ends the process at once. SIGHUP reloads."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told, number)
    loop.add_signal_handler(signal.SIGHUP, daemon.reload)
    await daemon.run(stop)
