"""A whole property on free ports, for tests: real devices on sockets, a dispatch API, and the daemon as it is shipped.

The repository's own config.yaml is the plan; every test gets a copy with ports, state and perhaps fewer devices of its
own. Programs are started and ended as the demo does it.
"""

import asyncio
import sys
import urllib.request
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from gateway.cli.demo import script, stage
from gateway.cli.demo.orders import orders_of
from gateway.cli.demo.play import MONDAY_17
from gateway.cli.demo.verdict import Expected, Order
from gateway.cli.local import Pages
from gateway.cli.property import simulated
from gateway.core import yamlfile
from gateway.core.clock import ScaledClock, SystemClock
from gateway.core.config import Config, load
from gateway.core.document import SecretRef
from gateway.core.plugins import discover
from simulators.property_api import PropertyApi
from simulators.site import Injection
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "gateway.cli.main")
SECRETS = {
    "GATEWAY_SECRET_MQTT_PASSWORD": "canary-of-the-broker",
    "GATEWAY_SECRET_DISPATCH_TOKEN": "canary-of-the-dispatch-api",
    "GATEWAY_SECRET_INFLUX_TOKEN": "canary-of-the-history",
    "GATEWAY_SECRET_ROBOT_TOKEN": "canary-of-the-robots",
    "GATEWAY_SECRET_ROBOT_SIGN": "canary-of-their-signatures",
    "GATEWAY_SECRET_CALLBACKS": "canary-of-the-callbacks",
}
SEED = 7

MANAGED = {"response": "off", "surge_percent": "off", "timeouts": "off"}
"""Where nobody answers for hours of site time, the site's own tickets about that would only be in the way."""

Site = dict[str, Any]
"""A config.yaml as plain values."""


class House:
    """The programs of one site. Nothing runs until it is asked for."""

    def __init__(self, folder: Path, site: Site, speed: float) -> None:
        file = write_site(folder, site)
        self.config = config_of(file)
        self.stage = stage.Stage(file, folder, ScaledClock(MONDAY_17, SystemClock().now(), speed))
        self.api = PropertyApi(
            port=stage.dispatch_port(self.config), token=SECRETS["GATEWAY_SECRET_DISPATCH_TOKEN"], seed=SEED
        )
        self.pages = Pages(self.config.web.bind, self.state)
        self.truth = simulated(self.config, SEED)
        self._serves: dict[str, Process] = {}

    @property
    def state(self) -> Path:
        """The daemon's state folder."""
        return self.stage.folder / "state"

    @property
    def log(self) -> str:
        """What the daemon has said in all its lives."""
        return (self.stage.folder / "gateway.log").read_text(errors="replace")

    @asynccontextmanager
    async def devices(self, *only: str) -> AsyncIterator[None]:
        """The simulated property, or these devices of it, and its broker if one of them needs it."""
        part = self.stage if not only else self._part_with(only)
        config = config_of(part.config_file)
        async with stage.process("property", part.property(SEED), part.folder) as child:
            await stage.until_listening("property", child, stage.wire_ports(config), part.folder)
            self._serves |= dict.fromkeys((device.id for device in config.devices), child)
            yield

    @asynccontextmanager
    async def daemon(self) -> AsyncIterator[Process]:
        """The daemon, from the moment its pages answer; stopped in order if it still runs at the end."""
        async with stage.process("gateway", self.stage.gateway(), self.stage.folder) as child:
            await stage.until_ready(child, self.pages, self.stage.folder)
            yield child

    async def befall(self, fault: str, *devices: str, lasts_s: float, in_s: float = 0.0, severity: float = 0.7) -> None:
        """Let a fault begin on each device, `in_s` site seconds from now, for `lasts_s` of site time."""
        onset = self.stage.clock.now() + in_s
        for device in devices:
            injection = Injection(fault, device, onset, severity, lasts_s)
            self.truth.inject(injection)
            await stage.inject(self._serves[device], [injection])

    def expected(self) -> list[Expected]:
        """The ticket that each fault so far must make."""
        return script.expectations(self.truth, self.config, self.stage.clock)

    def orders(self) -> list[Order]:
        """What the dispatch API has."""
        return orders_of(self.api.book.orders.values())

    def kinds(self) -> Counter[tuple[str, str]]:
        """How many work orders the dispatch API has of each device and kind of problem."""
        return Counter((order.device, order.kind) for order in self.orders())

    async def page(self, path: str, **query: str | int) -> Any:
        """A local page; None while no daemon answers."""
        return await asyncio.to_thread(self.pages.get, path, **query)

    async def part(self, name: str) -> Mapping[str, Any]:
        """One part of the health page; empty while there is none."""
        health = await self.page("/health") or {"parts": []}
        parts: list[Mapping[str, Any]] = health["parts"]
        return next((part for part in parts if part["part"] == name), {})

    async def metrics(self) -> dict[str, float]:
        """The metrics page, by name and labels as they are written there."""
        return await asyncio.to_thread(_metrics, self.config.web.bind)

    async def shown(self) -> str:
        """All that the local pages say."""
        pages = [str(await self.page(path)) for path in ("/health", "/api/status", "/api/tickets")]
        return "\n".join([*pages, str(await self.metrics())])

    def _part_with(self, devices: Collection[str]) -> stage.Stage:
        folder = self.stage.folder / "-".join(devices)
        folder.mkdir()
        site = with_devices(yamlfile.read(self.stage.config_file).data, devices)
        return replace(self.stage, config_file=write_site(folder, site))


async def eventually(holds: Callable[[], bool | Awaitable[bool]], within_s: float, what: object) -> None:
    """Wait until something holds; fail with `what`, as it then stands, if it does not."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                answer = holds()
                if answer if isinstance(answer, bool) else await answer:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within {within_s:g} s: {what}") from None


def plan(*devices: str) -> Site:
    """The repository's config.yaml on free ports, with these devices or all; pumps that burst together stay apart."""
    site = yamlfile.read(ROOT / "config.yaml").data
    site = with_devices(site, devices or [device["id"] for device in site["devices"]])
    for device in site["devices"]:
        if device["profile"] == "pump-set":  # two bursts in a building would be one loss of water, and one ticket
            device["location"] = {**device["location"], "building": device["id"]}
    for connection in site["connections"].values():
        connection["url"] = f"{connection['url'].rpartition(':')[0]}:{free_port()}"
    if "broker" in site["connections"]:
        site["channels"]["duty-screen"]["url"] = site["connections"]["broker"]["url"]
    else:
        del site["channels"], site["tickets"]["notify"]
    site["tickets"] |= {"management": MANAGED, "repeats": {"count": 1000}}
    site["dispatch"]["url"] = f"http://127.0.0.1:{free_port()}"
    site["web"] = {"bind": f"127.0.0.1:{free_port()}"}
    site["rules"] = [str(ROOT / "rules" / "packs")]
    return site


def with_devices(site: Site, wanted: Collection[str]) -> Site:
    """Some devices of a site, and the connections and models that they need."""
    devices = [{**device} for device in site["devices"] if device["id"] in wanted]
    for device in devices:
        if device.get("fed_by") not in wanted:
            device.pop("fed_by", None)
    wires = {device["on"] for device in devices}
    connections = {name: {**given} for name, given in site["connections"].items() if name in wires}
    return {**site, "devices": devices, "connections": connections}


def write_site(folder: Path, site: Site) -> Path:
    """Put a site's config.yaml into a folder."""
    file = folder / "config.yaml"
    file.write_text(yaml.dump(site, Dumper=_Dumper, allow_unicode=True, sort_keys=False))
    return file


def config_of(file: Path) -> Config:
    """The site, which must be right."""
    loaded = load(file, plugins=discover(), environment=SECRETS)
    assert loaded.config is not None, [finding.show("en") for finding in loaded.findings]
    return loaded.config


def _metrics(bind: str) -> dict[str, float]:
    with urllib.request.urlopen(f"http://{bind}/metrics", timeout=5) as page:
        lines = page.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def rss_mib(child: Process) -> float:
    """The memory of a process, resident."""
    pages = int(Path(f"/proc/{child.pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        """The gateway refuses them."""
        return True


_Dumper.add_representer(SecretRef, lambda dumper, secret: dumper.represent_scalar("!secret", secret.name))
