"""The processes of the demo: the simulated property and the daemon, each on its own, as on a real site."""

import asyncio
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.cli.local import Pages
from gateway.cli.screen import Failed
from gateway.core.clock import ScaledClock
from gateway.core.config import Config
from gateway.core.messages import Language
from simulators.site import Injection

STOP_S = 10.0
READY_S = 120.0
_THIS_MACHINE = {"127.0.0.1", "localhost"}


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a demo plays: its site, its folder, its clock; and in which language its programs say what is wrong."""

    config_file: Path
    folder: Path
    clock: ScaledClock
    language: Language = "en"

    def gateway(self) -> list[str]:
        """The command line of the daemon."""
        return [*_PROGRAM, "run", "-c", str(self.config_file), "--state", str(self.folder / "state"), *self._shared()]

    def property(self, seed: int) -> list[str]:
        """The command line of the simulated devices; faults are given to it on standard input."""
        return [*_PROGRAM, "simulate", str(self.config_file), "--seed", str(seed), "--faults", *self._shared()]

    def _shared(self) -> list[str]:
        clock = self.clock
        return ["--clock", f"{clock.site_start!r},{clock.wall_start!r},{clock.speed!r}", "--lang", self.language]


_PROGRAM = (sys.executable, "-m", "gateway.cli.main")


@asynccontextmanager
async def process(name: str, command: Sequence[str], folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program while the block lasts, its output in a file; it is stopped in order, and by force if need be.

    It is a session of its own, so that Ctrl-C is ours to pass on, and what it started (a broker) can end with it.
    """
    with (folder / f"{name}.log").open("ab") as log:
        child = await asyncio.create_subprocess_exec(
            *command, stdout=log, stderr=log, stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        try:
            yield child
        finally:
            await stop(child)
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


async def inject(child: asyncio.subprocess.Process, faults: Sequence[Injection]) -> None:
    """Tell a simulated property what will befall it."""
    if child.stdin is not None:
        child.stdin.writelines(f"{json.dumps(asdict(fault))}\n".encode() for fault in faults)
        await child.stdin.drain()


async def stop(child: asyncio.subprocess.Process) -> int:
    """SIGTERM, then after ten seconds SIGKILL; returns the exit status."""
    if child.returncode is None:
        child.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                return await child.wait()
        except TimeoutError:
            child.kill()
    return await child.wait()


async def until_listening(name: str, child: asyncio.subprocess.Process, ports: Sequence[int], folder: Path) -> None:
    """Wait until a program listens on all its ports. Raises Failed with its last words if it does not."""
    try:
        async with asyncio.timeout(READY_S):
            for port in ports:
                while not _answers("127.0.0.1", port):
                    refuse_ended({name: child}, folder)
                    await asyncio.sleep(0.05)
    except TimeoutError:
        raise _silent(name, folder) from None


async def until_ready(child: asyncio.subprocess.Process, pages: Pages, folder: Path) -> None:
    """Wait until the daemon answers on its local page. Raises Failed with its last words if it does not."""
    try:
        async with asyncio.timeout(READY_S):
            while await asyncio.to_thread(pages.get, "/health") is None:
                refuse_ended({"gateway": child}, folder)
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise _silent("gateway", folder) from None


def refuse_ended(children: Mapping[str, asyncio.subprocess.Process], folder: Path) -> None:
    """Raises Failed with its last words if one of the programs has ended."""
    for name, child in children.items():
        if child.returncode is not None:
            if child.returncode < 0:
                killed = {"program": name, "signal": -child.returncode}
                raise Failed("program_killed", "the program {program} was ended by signal {signal}", **killed)
            words = {"program": name, "words": last_words(folder, name)}
            raise Failed("program_ended", "the program {program} has ended: {words}", **words)


def wire_ports(config: Config) -> list[int]:
    """The ports that the simulated property must open."""
    return [port for _, port in _wires(config)]


def dispatch_port(config: Config) -> int:
    """The port of the dispatch API."""
    return _address(config.dispatch.url)[1]


def refuse_other_machines(config: Config) -> None:
    """Raises Failed if the demo would speak to something real: every address must be of this machine."""
    influxdb = config.history.influxdb
    named = [*_wires(config), _address(config.dispatch.url), *([_address(influxdb.url)] if influxdb else [])]
    if strange := [host for host, _ in named if host not in _THIS_MACHINE]:
        raise Failed(
            "not_this_machine",
            "the demo plays on this machine alone, and the configuration names {hosts}; give it a copy (-c)",
            hosts=sorted(set(strange)),
        )


def refuse_busy_ports(config: Config) -> None:
    """Raises Failed if another program, perhaps another demo, has one of the ports."""
    needed = [*_wires(config), _address(config.dispatch.url), (config.web.host, config.web.port)]
    if busy := [port for host, port in needed if _answers(host, port)]:
        raise Failed(
            "port_in_use",
            "port {ports} is in use; stop the program that listens there, or give the demo other ports (-c)",
            ports=busy,
        )


def provide_secrets() -> None:
    """The demo's own passwords, new each time, where the configuration looks for them."""
    for name in ("MQTT_PASSWORD", "DISPATCH_TOKEN"):
        os.environ.setdefault(f"GATEWAY_SECRET_{name}", secrets.token_urlsafe(12))


def last_words(folder: Path, name: str) -> str:
    """The last line of a program's log."""
    lines = (folder / f"{name}.log").read_text(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "-")


def _silent(name: str, folder: Path) -> Failed:
    words = {"program": name, "seconds": READY_S, "words": last_words(folder, name)}
    return Failed("program_silent", "the program {program} was not ready after {seconds} s: {words}", **words)


def _wires(config: Config) -> list[tuple[str, int]]:
    wires: Mapping[str, Any] = config.connections  # those that can be simulated have a host and a port
    return [(wires[name].host, wires[name].port) for name in dict.fromkeys(device.on for device in config.devices)]


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _answers(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0
