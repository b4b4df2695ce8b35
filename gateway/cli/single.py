"""One simulated device of a profile, without a site: something for `gateway probe` to look at."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import typer

from drivers.device import Clock, Profile
from gateway.cli.property import opened
from gateway.cli.screen import FAILED, Failed, console, show_findings
from gateway.core.library import BUILT_IN, read_profiles
from gateway.core.messages import Language
from gateway.core.plugins import discover
from simulators.modbus import TcpLine
from simulators.site import SimulatedDevice, SimulatedSite

_HOST = "127.0.0.1"


def read_profile(name: str, language: Language) -> Profile:
    """A profile that comes with the drivers, or the one in a *.yaml file.

    Shows what is wrong with that file and exits, or raises Failed.
    """
    path = Path(name)
    is_file = path.suffix in (".yaml", ".yml")
    library = read_profiles([path.parent if is_file else BUILT_IN], discover())
    found = [each for each, source in library.sources.items() if each == name or (is_file and source == path)]
    if not found:
        known = sorted(each for each, driver in library.drivers.items() if driver == "modbus")
        raise Failed("no_profile", "there is no profile {name}; there are {known}", name=name, known=known)
    if problems := [each for each in library.findings if each.file == library.sources[found[0]]]:
        show_findings(console(errors=True), problems, language)
        raise typer.Exit(FAILED)
    profile = library.profiles[found[0]]
    if profile.driver != "modbus":
        text = "only Modbus devices can be served without a site, and {name} is read over {driver}"
        raise Failed("profile_needs_site", text, name=profile.profile, driver=profile.driver)
    return profile


def alone(profile: Profile, unit: int, seed: int) -> SimulatedSite:
    """A property of this one device, which has the profile's name."""
    return SimulatedSite([SimulatedDevice(profile.profile, profile, profile.profile, "alone", unit=unit)], seed)


@asynccontextmanager
async def served_alone(site: SimulatedSite, clock: Clock, port: int) -> AsyncIterator[Mapping[str, Any]]:
    """Serve it on this machine while the block lasts; yields what there is to say of it. Raises Failed."""
    (device,) = site.devices.values()
    async with opened(site, clock, {device.connection: TcpLine(_HOST, port)}) as lines:
        url = f"tcp://{_HOST}:{lines.ports[device.connection]}"
        yield {"serving": 1, "device": device.id, "url": url, "unit": device.unit}
