"""`gateway simulate`: the devices of a site on real sockets, for hand tests and for the demo."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from gateway.cli.property import served, simulated
from gateway.cli.run import HandedClock, loop_factory
from gateway.cli.screen import AskedLanguage, chosen_language, failures, load_or_exit
from gateway.core.clock import ScaledClock, SystemClock
from gateway.core.config import Config
from gateway.core.plugins import discover
from simulators.faults import FAULTS
from simulators.site import Injection, SimulatedSite

_FAULT = TypeAdapter(Injection)


def simulate(
    site: Annotated[Path, typer.Argument(help="A site's config.yaml.")] = Path("config.yaml"),
    speed: Annotated[float, typer.Option(min=0.1, max=3600, help="How fast the site's time runs.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Chooses one of many similar properties.")] = 7,
    faults: Annotated[
        bool, typer.Option("--faults", help="Take faults from standard input, one JSON object a line.")
    ] = False,
    clock: HandedClock = None,
    lang: AskedLanguage = None,
) -> None:
    """Serve every device of a site at the address that its configuration names, with a broker, until stopped.

    A fault is {"fault": "dry-run", "device": "P-1", "severity": 0.7, "duration_s": 900}, and begins at once or at its
    "onset" (site seconds since 1970).
    """
    config = load_or_exit(site, discover(), lang=lang)
    now = SystemClock().now()
    with failures(chosen_language(lang, config.site.language)), asyncio.Runner(loop_factory=loop_factory()) as runner:
        plant = simulated(config, seed)
        runner.run(_serve(plant, config, clock or ScaledClock(now, now, speed), listen=faults))


async def _serve(plant: SimulatedSite, config: Config, clock: ScaledClock, *, listen: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with served(plant, config, clock, clock.speed) as program:
        typer.echo(json.dumps({"serving": len(config.devices), "broker": program}))
        orders = asyncio.create_task(_take_orders(plant, clock), name="orders") if listen else None
        await stop.wait()
        if orders is not None:
            orders.cancel()


async def _take_orders(plant: SimulatedSite, clock: ScaledClock) -> None:
    """Inject what standard input asks for; a line that makes no sense is answered with one sentence."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        try:
            fault = _fault(line, plant, clock.now())
            typer.echo(json.dumps({"fault": fault.fault, "shown": plant.inject(fault).shown}))
        except ValueError as error:
            typer.echo(f"error: not a fault: {error}", err=True)


def _fault(line: bytes, plant: SimulatedSite, now: float) -> Injection:
    """What a line asks for; without an onset at once, without a severity a clear case, without an end half an hour.

    Raises ValueError with one sentence.
    """
    try:
        given = json.loads(line)
        fault = _FAULT.validate_python({"onset": now, "severity": 0.7, "duration_s": 1800.0, **given})
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (ValueError, TypeError) as error:
        raise ValueError("a line must be one JSON object") from error
    for name, known in ((fault.fault, FAULTS), (fault.device, plant.devices)):
        if name not in known:
            raise ValueError(f"there is no {name}; there are {', '.join(sorted(known))}")
    return fault
