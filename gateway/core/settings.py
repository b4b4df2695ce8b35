"""The sections of config.yaml that belong to the gateway itself; connections, devices and detectors bring their own."""

import zoneinfo
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from drivers.device import Name, Seconds, Written
from gateway.core.almanac import Almanac, CalendarName
from gateway.core.bind import loopback
from gateway.core.callback_settings import Callbacks
from gateway.core.explain import nearest
from gateway.core.history_settings import HistorySettings, Url
from gateway.core.norms import BUILT_IN_POLICIES
from gateway.core.ticket_settings import TicketSettings

__all__ = ["BUILT_IN_POLICIES", "ConfigFile", "DetectorUse", "Dispatch", "EngineSettings", "Site", "Web"]


def _known_zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        close = nearest(name, zoneinfo.available_timezones()) or {"hint": "Asia/Shanghai"}
        raise PydanticCustomError(
            "unknown_timezone", "there is no time zone {value}", {"value": name, **close}
        ) from None
    return name


class Site(Written):
    """The property that this gateway watches."""

    id: Name
    name: str
    timezone: Annotated[str, AfterValidator(_known_zone)]
    language: Literal["zh", "en"] = "en"
    calendar: CalendarName = "none"
    use: Literal["residential", "office", "campus"] = "residential"

    @cached_property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The site's time zone."""
        return zoneinfo.ZoneInfo(self.timezone)

    @cached_property
    def almanac(self) -> Almanac:
        """The clock and the calendar on its wall."""
        return Almanac(self.zone, self.calendar)


class Dispatch(Written):
    """The property company's ticket API."""

    url: Url
    token: SecretStr | None = None
    workers: Annotated[int, Field(ge=1, le=32)] = 4
    timeout: Annotated[Seconds, Field(gt=0)] = 10.0


class Web(Written):
    """The local pages: health, metrics, tickets. Bound to this machine only."""

    bind: Annotated[str, AfterValidator(loopback)] = "127.0.0.1:8787"

    @property
    def host(self) -> str:
        """The address without the port."""
        return self.bind.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port."""
        return int(self.bind.rpartition(":")[2])


class EngineSettings(Written):
    """How often rules and detectors look."""

    tick: Annotated[Seconds, Field(ge=0.1, le=60)] = 1.0


class DetectorUse(Written):
    """One detector at work on some profiles; further keys are the detector's own settings."""

    detector: str
    profiles: Annotated[tuple[Name, ...], Field(min_length=1)]


class ConfigFile(Written):
    """config.yaml as a whole. What is under connections, devices, models and channels depends on plugins."""

    site: Site
    connections: Annotated[dict[Name, dict[str, Any]], Field(min_length=1)]
    devices: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]
    dispatch: Dispatch
    profiles: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    models: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    tickets: TicketSettings = TicketSettings()
    channels: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    history: HistorySettings = HistorySettings()
    web: Web = Web()
    callbacks: Callbacks | None = None
    engine: EngineSettings = EngineSettings()
    state: str = "var"
