"""`gateway simulate`: the devices of a site on real sockets, for hand tests and for the demo."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from gateway.cli.fault_list import show_faults
from gateway.cli.faults import read_fault
from gateway.cli.property import served, simulated
from gateway.cli.record import inject, refuse_record, span, write_record
from gateway.cli.run import HandedClock, loop_factory
from gateway.cli.screen import AskedLanguage, chosen_language, failures, load_or_exit
from gateway.cli.single import alone, read_profile, served_alone
from gateway.cli.truth import truth_json
from gateway.core.clock import ScaledClock, SystemClock
from gateway.core.config import Config
from gateway.core.messages import Language, machine_language
from gateway.core.plugins import discover
from simulators.site import SimulatedSite

Listed = Annotated[
    bool, typer.Option("--list-faults", help="Print what can befall which kind of device, and nothing else.")
]


def simulate(
    site: Annotated[Path, typer.Argument(help="A site's config.yaml.")] = Path("config.yaml"),
    speed: Annotated[float, typer.Option(min=0.1, max=3600, help="How fast the site's time runs.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Chooses one of many similar properties.")] = 7,
    faults: Annotated[
        bool, typer.Option("--faults", help="Take faults from standard input, one JSON object a line.")
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Serve nothing; write a new history file for backtests, and FILE.truth.json with what befell whom.",
        ),
    ] = None,
    until: Annotated[str, typer.Option(help="With --record: when it ends, in the site's time.")] = "2026-03-16",
    days: Annotated[int, typer.Option(min=1, max=400, help="With --record: how long it is.")] = 28,
    every: Annotated[str, typer.Option(help="With --record: time between two readings.")] = "1m",
    paced: Annotated[bool, typer.Option("--paced", help="Answer as slowly as the baud rate of a serial line.")] = False,
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Serve one device of this profile or *.yaml file, without a site."),
    ] = None,
    here: Annotated[
        bool, typer.Option("--here", help="Rehearse a site whose equipment is elsewhere: all of it on this machine.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --profile: its TCP port, 0 for a free one.")] = 1502,
    unit: Annotated[int, typer.Option(min=0, max=255, help="With --profile: its Modbus address.")] = 1,
    list_faults: Listed = False,
    clock: HandedClock = None,
    lang: AskedLanguage = None,
) -> None:
    """Serve every device of a site at the address that its configuration names, with a broker, until stopped.

    With --here nothing of the real site is touched: each address becomes one of this machine, and tickets go to a
    simulated dispatch API. The site with these addresses is written beside it, as config.here.yaml, for `gateway run`.

    A serial port is simulated by a terminal, whose path is printed; if nothing is at the configured path yet, that
    leads to it.

    A fault is {"fault": "dry-run", "device": "P-1", "severity": 0.7, "duration_s": 900}, and begins at once or at its
    "onset": "2026-03-10T08:00" in the site's time, or seconds since 1970. Each is answered with the truth about it:
    whom it befalls, when it shows, when the machine fails, and which tickets tell of it.
    """
    if list_faults:
        show_faults(chosen_language(lang, machine_language(os.environ)))
        return
    now = SystemClock().now()
    clock = clock or ScaledClock(now, now, speed)
    _refuse_together({"--record": record is not None, "--profile": profile is not None, "--here": here})
    if profile is not None:
        _serve_alone(profile, port, unit, clock, seed, lang, listen=faults)
    elif here:
        _rehearse(site, clock, seed, lang, paced=paced, listen=faults)
    elif record is not None:
        _record(record, site, (until, days, every), seed, lang, faults=faults)
    else:
        _serve_site(site, clock, seed, lang, paced=paced, listen=faults)


def _refuse_together(asked: Mapping[str, bool]) -> None:
    """Raises typer.BadParameter if more than one is asked for."""
    first, *others = [name for name, wanted in asked.items() if wanted] or [""]
    if others:
        raise typer.BadParameter(f"{first} goes without {others[0]}", param_hint=first)


def _serve_site(site: Path, clock: ScaledClock, seed: int, lang: Language | None, *, paced: bool, listen: bool) -> None:
    config = load_or_exit(site, discover(), lang=lang)
    with failures(chosen_language(lang, config.site.language)):
        plant = simulated(config, seed)
        _run(_serve(plant, _served(plant, config, clock, paced=paced), clock, config.site.zone, listen=listen))


def _serve_alone(
    name: str, port: int, unit: int, clock: ScaledClock, seed: int, lang: Language | None, *, listen: bool
) -> None:
    language = chosen_language(lang, machine_language(os.environ))
    with failures(language):
        plant = alone(read_profile(name, language), unit, seed)
        _run(_serve(plant, served_alone(plant, clock, port), clock, ZoneInfo("UTC"), listen=listen))


def _record(
    file: Path, site: Path, asked: tuple[str, int, str], seed: int, lang: Language | None, *, faults: bool
) -> None:
    config = load_or_exit(site, discover(), need_secrets=False, lang=lang)
    language = chosen_language(lang, config.site.language)
    with failures(language):
        plant, stretch = simulated(config, seed), span(*asked, config.site.zone)
        refuse_record(file)
        if faults:
            inject(plant, config, sys.stdin.buffer, stretch)
        write_record(file, plant, config, stretch, language)


def _rehearse(site: Path, clock: ScaledClock, seed: int, lang: Language | None, *, paced: bool, listen: bool) -> None:
    from gateway.cli import rehearsal  # noqa: PLC0415 - with a dispatch API, whose server is slow to import

    played = rehearsal.prepare(site, discover(), lang)
    config = played.config
    language = chosen_language(lang, config.site.language)
    with failures(language):
        plant = simulated(config, seed)
        serving = rehearsal.served_here(plant, played, clock, language, paced=paced)
        _run(_serve(plant, serving, clock, config.site.zone, listen=listen))


def _run(serving: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serving)


@asynccontextmanager
async def _served(
    plant: SimulatedSite, config: Config, clock: ScaledClock, *, paced: bool
) -> AsyncIterator[Mapping[str, Any]]:
    """A whole site; yields what there is to say of it."""
    async with served(plant, config, clock, clock.speed, paced=paced) as found:
        serial = {"serial": found.serial} if found.serial else {}
        yield {"serving": len(config.devices), "broker": found.broker, **serial}


async def _serve(
    plant: SimulatedSite,
    serving: AbstractAsyncContextManager[Mapping[str, Any]],
    clock: ScaledClock,
    zone: ZoneInfo,
    *,
    listen: bool,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serving as said:
        typer.echo(json.dumps(said))
        orders = asyncio.create_task(_take_orders(plant, clock, zone), name="orders") if listen else None
        await stop.wait()
        if orders is not None:
            orders.cancel()


async def _take_orders(plant: SimulatedSite, clock: ScaledClock, zone: ZoneInfo) -> None:
    """Inject what standard input asks for; a line that makes no sense is answered with one sentence."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if not line.strip():
            continue
        try:
            order = read_fault(line, plant, clock.now(), zone)
            typer.echo(json.dumps(truth_json(plant.inject(order), zone), ensure_ascii=False))
        except ValueError as error:
            typer.echo(f"error: not a fault: {error}", err=True)
