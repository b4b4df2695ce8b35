"""`gateway simulate SITE --here`: a site whose equipment is elsewhere, played on this machine alone."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from gateway.cli.property import refuse_other_drivers, served
from gateway.cli.rehearsal_text import MARK, changes, rewritten
from gateway.cli.screen import (
    FAILED,
    Failed,
    chosen_language,
    console,
    failures,
    load_or_exit,
    print_line,
    show_findings,
)
from gateway.core import yamlfile
from gateway.core.clock import ScaledClock
from gateway.core.config import Config, load
from gateway.core.findings import summary
from gateway.core.messages import Language, say
from gateway.core.plugins import Plugins
from simulators.property_api import PropertyApi
from simulators.site import SimulatedSite

_HOST = "127.0.0.1"
_SCHEMES = {"tcp": "tcp", "tls": "tcp", "rtu+tcp": "rtu+tcp", "mqtt": "mqtt", "mqtts": "mqtt"}


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A site as it is played here; tickets go to a simulated dispatch API on `dispatch_port`."""

    config: Config
    dispatch_port: int


def prepare(site: Path, plugins: Plugins, lang: Language | None) -> Rehearsal:
    """Write the configuration of the rehearsal beside the site's own.

    Shows what is wrong with the site, or why the file cannot be written, and exits.
    """
    language = _refuse_wrong(site, plugins, lang)
    document = yamlfile.read(site)
    connections: Mapping[str, Mapping[str, str]] = document.data["connections"]
    dispatch_port, *ports = _free_ports(1 + len(connections))
    file, folder = site.with_name(f"{site.stem}.here.yaml"), site.parent.resolve() / f"{site.stem}.here"
    with failures(language):
        refuse_other_drivers(at["driver"] for at in connections.values())
        urls = {
            name: _here(at["url"], folder / f"tty-{name}", port)
            for (name, at), port in zip(connections.items(), ports, strict=True)
        }
        wanted = changes(document.data, urls, f"http://{_HOST}:{dispatch_port}", f"{folder.name}/state")
        _write(file, folder, _note(site, language) + rewritten(document, wanted))
    return Rehearsal(load_or_exit(file, plugins, lang=lang), dispatch_port)


@asynccontextmanager
async def served_here(
    plant: SimulatedSite, played: Rehearsal, clock: ScaledClock, language: Language, *, paced: bool
) -> AsyncIterator[Mapping[str, Any]]:
    """Serve its devices and its dispatch API while the block lasts; yields what there is to say of it.

    Raises Failed.
    """
    config = played.config
    async with AsyncExitStack() as stack:
        found = await stack.enter_async_context(served(plant, config, clock, clock.speed, paced=paced))
        try:
            api = await stack.enter_async_context(PropertyApi(host=_HOST, port=played.dispatch_port))
        except OSError as error:
            raise Failed("no_port", "a port cannot be opened: {reason}", reason=error.strerror) from error
        serial = {"serial": found.serial} if found.serial else {}
        told = {"config": str(config.path), "dispatch": api.url}
        text = "now, in another terminal: gateway run -c {config}; its tickets arrive at {dispatch}/work-orders"
        print_line(console(errors=True), say("rehearsal_ready", text, told, language))
        yield {"serving": len(config.devices), "broker": found.broker, **serial, **told}


def _refuse_wrong(site: Path, plugins: Plugins, lang: Language | None) -> Language:
    """Show what is wrong with a site and exit; that the certificates of the site are not here is not wrong."""
    loaded = load(site, plugins=plugins, need_secrets=False)
    language = chosen_language(lang, loaded.language)
    wrong = [each for each in loaded.findings if each.severity == "error" and each.kind != "no_such_file"]
    if wrong:
        show_findings(console(errors=True), wrong, language)
        print_line(console(errors=True), f"{site}: {summary(wrong, language)}")
        raise typer.Exit(FAILED)
    return language


def _here(url: str, terminal: Path, port: int) -> str:
    scheme = url.partition(":")[0].lower()
    return f"rtu://{terminal}" if scheme == "rtu" else f"{_SCHEMES[scheme]}://{_HOST}:{port}"


def _free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody has."""
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server((_HOST, 0))) for _ in range(count)]
        return [int(each.getsockname()[1]) for each in taken]


def _note(site: Path, language: Language) -> str:
    text = "{file} with every address on this machine; written anew each time, so change {file} instead"
    return f"{MARK}{say('rehearsal_note', text, {'file': site.name}, language)}\n"


def _write(file: Path, folder: Path, text: str) -> None:
    try:
        if file.exists() and not file.read_text("utf-8", errors="replace").startswith(MARK):
            raise Failed("is_not_ours", "{file} was not written by this command; move it away first", file=file)
        folder.mkdir(mode=0o700, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise Failed("not_written", "{file} cannot be written: {reason}", file=file, reason=error.strerror) from error
