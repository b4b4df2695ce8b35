"""docs/reference/config.md, profile.md and rules.md: the keys of the files that people write."""

from collections.abc import Iterable
from importlib.metadata import distribution

from pydantic import BaseModel

from drivers.device import Connection, Device, Point, Profile
from drivers.modbus.point import Link
from drivers.modbus.profile import Forbidden, Text
from drivers.mqtt import Availability, StampWindow
from gateway.cli.reference.keys import keys
from gateway.cli.reference.markdown import page, words
from gateway.core.callback_settings import Callbacks
from gateway.core.channel import ChannelSettings
from gateway.core.history_settings import HistorySettings, InfluxSettings, LocalSettings
from gateway.core.plugins import Plugins, discover
from gateway.core.policy import Policy
from gateway.core.settings import ConfigFile, DetectorUse, Dispatch, EngineSettings, Site, Web
from gateway.core.ticket_settings import (
    CommonCause,
    MaintenanceWindow,
    Management,
    Notify,
    Repeats,
    Step,
    TicketSettings,
)
from rules.rule import LevelCondition, Pack, Rule, Season

_SECTIONS: tuple[type[BaseModel], ...] = (
    Site, Dispatch, TicketSettings, Policy, Step, Notify, Repeats, CommonCause, MaintenanceWindow, Management,
    HistorySettings, LocalSettings, InfluxSettings, Web, Callbacks, EngineSettings,
)  # fmt: skip
_PARTS_OF_PROFILES: tuple[type[BaseModel], ...] = (Forbidden, Text, Link, StampWindow, Availability)


def config_page() -> str:
    """config.yaml, with the connections, devices and detectors that come with the program."""
    plugins = built_in()
    blocks = [_text("config"), _keys("config.yaml", ConfigFile), *(_keys(each.__name__, each) for each in _SECTIONS)]
    blocks += ["## Connections", _text("connections"), keys(Connection)]
    blocks += [_keys(f"{name} connection", d.connection, Connection) for name, d in plugins.drivers.items()]
    blocks += ["## Devices", _text("devices"), keys(Device)]
    blocks += [_keys(f"{name} device", d.device, Device) for name, d in plugins.drivers.items()]
    blocks += ["## Models", _text("models"), keys(DetectorUse)]
    blocks += [_keys(f"detector {name}", d.settings) for name, d in plugins.detectors.items()]
    blocks += ["## Channels", _text("channels"), keys(ChannelSettings)]
    blocks += [_keys(f"{name} channel", c.settings, ChannelSettings) for name, c in plugins.channels.items()]
    return page("config.yaml", *blocks)


def profile_page() -> str:
    """Profiles: what all have in common, then what each driver adds."""
    blocks = [_text("profile"), "## Every profile", keys(Profile), "## Every point", keys(Point)]
    for name, plugin in built_in().drivers.items():
        blocks += [
            _keys(f"{name} profile", plugin.profile, Profile),
            _keys(f"{name} point", _point(plugin.profile), Point),
        ]
    return page("Profiles", *blocks, *(_keys(each.__name__, each) for each in _PARTS_OF_PROFILES))


def rules_page() -> str:
    """Rule packs."""
    return page("Rules", _text("rules"), *(_keys(each.__name__, each) for each in (Pack, Rule, LevelCondition, Season)))


def built_in() -> Plugins:
    """The drivers and detectors of this program, whatever else is installed beside it."""
    ours = [entry for entry in distribution("property-gateway").entry_points if entry.group.startswith("gateway.")]
    return discover(ours)


def _keys(heading: str, model: type[BaseModel], beyond: type[BaseModel] | None = None) -> str:
    return f"## {heading}\n\n{keys(model, beyond)}"


def _text(name: str) -> str:
    return str(words("intros")[name])


def _point(profile: type[BaseModel]) -> type[BaseModel]:
    """The model of a profile's points."""
    inner: Iterable[type[BaseModel]] = profile.model_fields["points"].annotation.__args__  # type: ignore[union-attr]
    return next(iter(inner))
