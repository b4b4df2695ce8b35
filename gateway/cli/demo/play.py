"""The demo from curtain to verdict: starts every program, lets the faults happen, judges the tickets, stops it all."""

import asyncio
import json
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import typer
from rich.console import Console

from gateway.cli.demo import script, stage
from gateway.cli.demo.news import News
from gateway.cli.demo.orders import orders_of
from gateway.cli.demo.screen import result
from gateway.cli.demo.verdict import as_json, compare, passed
from gateway.cli.demo.watch import Running, watch
from gateway.cli.local import Pages
from gateway.cli.past import two_weeks, write_past
from gateway.cli.property import simulated
from gateway.cli.screen import Failed, console, print_line, word
from gateway.core.clock import ScaledClock, SystemClock
from gateway.core.config import Config
from gateway.core.messages import Language, say
from simulators.property_api import PropertyApi

MONDAY_17 = 1_773_651_600.0
"""Monday 2026-03-16 17:00 in Shanghai: the hour before the evening peak, in a season of moderate load."""
SETTLE_S = 2.0
"""Wall seconds between the daemon's first answer and the first fault's clock."""
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AGAIN_AFTER = 2.0
"""After an outage the sender's pause is at most as long as the outage was."""


@dataclass(frozen=True, slots=True)
class Play:
    """What was asked for."""

    site: Config
    config_file: Path
    speed: float
    seconds: float
    seed: int
    down_s: float
    language: Language
    json_file: Path | None
    keep: bool


def perform(play: Play) -> bool:
    """Play it; True if every fault got its ticket and nothing else did. Raises Failed, or typer.Exit if interrupted."""
    signals: list[int] = []
    try:
        return asyncio.run(_interruptible(play, signals))
    except asyncio.CancelledError:
        raise typer.Exit(128 + signals[0]) from None


async def _interruptible(play: Play, signals: list[int]) -> bool:
    """Ctrl-C, a request to stop and a closed terminal end the demo in order; impatience leaves nothing behind."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def told(number: int, _frame: FrameType | None) -> None:
        # The loop takes its own handlers with it when it closes, and the interpreter its functions when it ends: only
        # what is ignored is ignored to the very end.
        for each in _STOPPING:
            signal.signal(each, signal.SIG_IGN)
        signals.append(number)
        if task is not None:
            loop.call_soon_threadsafe(task.cancel)

    for number in _STOPPING:
        signal.signal(number, told)
    return await _play(play)


async def _play(play: Play) -> bool:
    out = console()
    stage.refuse_other_machines(play.site)
    stage.refuse_busy_ports(play.site)
    chosen, short = script.scenes(play.site, play.speed, play.seconds)
    _announce(play, out, short)
    with _scratch(out, play.language) as scratch:
        async with _running(play, out, scratch.folder, chosen) as demo:
            news = News(demo.expected, demo.clock, play.language)
            await watch(demo, out, news, play.seconds, play.down_s)
            scratch.good = _judge(play, demo, out)
            if play.keep:
                await watch(demo, out, news, None)
    return bool(scratch.good)


def _announce(play: Play, out: Console, short: Sequence[script.Scene]) -> None:
    """What is about to be seen, and what cannot be."""
    words = {"site": play.site.site.name, "count": len(play.site.devices), "speed": play.speed}
    print_line(out, say("demo_opens", "{site}: {count} simulated devices, time x{speed}", words, play.language))
    if play.down_s:
        english = "the dispatch API is down for the first {count} s"
        print_line(out, say("dispatch_down", english, {"count": play.down_s}, play.language))
    if short:
        faults = [word("fault", scene.fault, play.language) for scene in short]
        english = "not shown, for want of time: {faults} (--speed, --seconds)"
        print_line(out, say("demo_leaves_out", english, {"faults": faults}, play.language))


def _judge(play: Play, demo: Running, out: Console) -> bool:
    """Print the table, for people and for machines; returns whether all is well. Raises Failed."""
    rows, unexplained = compare(demo.expected, orders_of(demo.api.book.orders.values()))
    out.print(result(rows, unexplained, lambda wall: f"{demo.moment(wall):%H:%M:%S}", play.language))
    if play.json_file is not None:
        table = as_json(
            rows, unexplained, play.speed, play.seed, lambda wall: demo.moment(wall).isoformat("T", "milliseconds")
        )
        try:
            play.json_file.write_text(json.dumps(table, indent=2) + "\n")
        except OSError as error:
            words = {"file": play.json_file, "reason": error.strerror}
            raise Failed("not_written", "{file} cannot be written: {reason}", **words) from error
    return passed(rows, unexplained)


@dataclass(slots=True)
class _Scratch:
    """The folder with the state and the logs of the demo's programs; it stays for a look if something failed."""

    folder: Path
    good: bool | None = None
    """The verdict, once there is one."""


@contextmanager
def _scratch(out: Console, language: Language) -> Iterator[_Scratch]:
    scratch = _Scratch(Path(tempfile.mkdtemp(prefix="gateway-demo-")))
    try:
        yield scratch
    except asyncio.CancelledError:
        scratch.good = scratch.good is not False  # interrupted, not failed
        raise
    finally:
        if scratch.good:
            shutil.rmtree(scratch.folder)
        else:
            print_line(out, say("demo_kept", "logs and state: {folder}", {"folder": scratch.folder}, language))


@asynccontextmanager
async def _running(play: Play, out: Console, folder: Path, scenes: Sequence[script.Scene]) -> AsyncIterator[Running]:
    """Start everything, in the order in which it is needed; stop it in the reverse order."""
    site, wires = play.site, stage.wire_ports(play.site)
    with _step(out, "demo_history", "writing two weeks of simulated history ...", play.language):
        # Not in a thread: a second in which Ctrl-C waits is better than a thread that writes to a folder that is gone.
        write_past(folder / "state" / "history.db", simulated(site, play.seed), site, two_weeks(site, MONDAY_17))
    clock = ScaledClock(MONDAY_17, SystemClock().now(), play.speed)
    set_ = stage.Stage(play.config_file, folder, clock, play.language)
    pages = Pages(site.web.bind, folder / "state")
    async with _dispatch_api(site) as api, stage.process("property", set_.property(play.seed), folder) as devices:
        with _step(out, "demo_devices", "starting the devices and their MQTT broker ...", play.language):
            await stage.until_listening("property", devices, wires, folder)
        async with stage.process("gateway", set_.gateway(), folder) as daemon:
            with _step(out, "demo_daemon", "starting the gateway, which learns from its history ...", play.language):
                await stage.until_ready(daemon, pages, folder)
            children = {"property": devices, "gateway": daemon}
            stage.refuse_ended(children, folder)
            curtain = SystemClock().now() + SETTLE_S
            faults = script.injections(scenes, clock, curtain)
            await stage.inject(devices, faults)
            if play.down_s:
                api.be("down")
            excused_until = curtain + AGAIN_AFTER * play.down_s
            expected = script.expectations(simulated(site, play.seed, faults), site, clock, excused_until)
            yield Running(site, api, pages, children, folder, clock, expected, curtain)


@asynccontextmanager
async def _dispatch_api(site: Config) -> AsyncIterator[PropertyApi]:
    token = site.dispatch.token
    api = PropertyApi(port=stage.dispatch_port(site), token=token.get_secret_value() if token else "")
    try:
        await api.__aenter__()
    except OSError as error:
        raise Failed("no_port", "a port cannot be opened: {reason}", reason=error.strerror) from error
    try:
        yield api
    finally:
        await api.__aexit__(None, None, None)


@contextmanager
def _step(out: Console, kind: str, english: str, language: Language) -> Iterator[None]:
    """Say what takes a while: with a spinner on a terminal, as a line in a pipe."""
    sentence = say(kind, english, {}, language)
    if not out.is_terminal:
        print_line(out, sentence)
        yield
        return
    with out.status(sentence):
        yield
