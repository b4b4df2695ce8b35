"""The processes of the demo: the simulated property and the daemon, each on its own, as on a real site."""

import asyncio
import json
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gateway.cli.local import Pages
from gateway.core.clock import ScaledClock
from gateway.core.config import Config
from simulators.site import Injection

STOP_S = 10.0
READY_S = 60.0


class NotReady(Exception):
    """Something of the demo could not start; the text says what and what to do."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a demo plays: its site, its folder, its clock."""

    config_file: Path
    folder: Path
    clock: ScaledClock

    @property
    def clock_text(self) -> str:
        """The clock as the other processes are told it."""
        return f"{self.clock.site_start!r},{self.clock.wall_start!r},{self.clock.speed!r}"

    def gateway(self) -> list[str]:
        """The command line of the daemon."""
        state = str(self.folder / "state")
        return [*_PROGRAM, "run", "-c", str(self.config_file), "--state", state, "--clock", self.clock_text]

    def property(self, seed: int) -> list[str]:
        """The command line of the simulated devices; faults are given to it on standard input."""
        given = ["--seed", str(seed), "--faults", "--clock", self.clock_text]
        return [*_PROGRAM, "simulate", str(self.config_file), *given]


_PROGRAM = (sys.executable, "-m", "gateway.cli.main")


@asynccontextmanager
async def process(name: str, command: Sequence[str], folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program while the block lasts, its output in a file; it is stopped in order, and by force if need be."""
    with (folder / f"{name}.log").open("ab") as log:
        child = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, stdin=asyncio.subprocess.PIPE)
        try:
            yield child
        finally:
            await stop(child)


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
    """Wait until a program listens on all its ports. Raises NotReady with its last words if it does not."""
    try:
        async with asyncio.timeout(READY_S):
            for port in ports:
                while not _listens(port):
                    if child.returncode is not None:
                        raise NotReady(f"{name} ended at once: {last_words(folder, name)}")
                    await asyncio.sleep(0.05)
    except TimeoutError:
        raise NotReady(f"{name} does not listen on {list(ports)}: {last_words(folder, name)}") from None


async def until_ready(child: asyncio.subprocess.Process, pages: Pages, folder: Path) -> None:
    """Wait until the daemon answers on its local page and every connection has shown itself."""
    try:
        async with asyncio.timeout(READY_S):
            while await asyncio.to_thread(pages.get, "/health") is None:
                if child.returncode is not None:
                    raise NotReady(f"the gateway ended at once: {last_words(folder, 'gateway')}")
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise NotReady(f"the gateway does not answer: {last_words(folder, 'gateway')}") from None


def wire_ports(config: Config) -> list[int]:
    """The ports that the simulated property must open."""
    return [_port(connection.url) for connection in config.connections.values() if hasattr(connection, "url")]


def dispatch_port(config: Config) -> int:
    """The port of the dispatch API."""
    return _port(config.dispatch.url)


def refuse_busy_ports(ports: Sequence[int]) -> None:
    """Raises NotReady if another program, perhaps another demo, has one of the ports."""
    if busy := [port for port in ports if _listens(port)]:
        raise NotReady(
            f"port {', '.join(map(str, busy))} of this machine is in use; stop the program that listens there, "
            "or give the demo a config.yaml with other ports (-c)"
        )


def provide_secrets() -> None:
    """The demo's own passwords, new each time, where the configuration looks for them."""
    for name in ("MQTT_PASSWORD", "DISPATCH_TOKEN"):
        os.environ.setdefault(f"GATEWAY_SECRET_{name}", secrets.token_urlsafe(12))


def last_words(folder: Path, name: str) -> str:
    """The end of a program's log."""
    text = (folder / f"{name}.log").read_text(errors="replace").strip()
    return text[-800:] or "it said nothing"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _port(url: str) -> int:
    return urlsplit(url).port or 80
