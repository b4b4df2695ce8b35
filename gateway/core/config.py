"""What a site is made of: config.yaml with everything that it names, checked as a whole, all problems at once."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic_core import PydanticCustomError

from drivers.device import Connection, Device, Profile
from gateway.core import yamlfile
from gateway.core.almanac import UTC_ALMANAC
from gateway.core.callback_settings import Callbacks
from gateway.core.channel import ChannelSettings
from gateway.core.channel_settings import Channels, read_channels
from gateway.core.coverage import idle, unwatched
from gateway.core.detectors import Use, read_uses
from gateway.core.document import Document
from gateway.core.explain import validated
from gateway.core.findings import Finding, Severity, has_errors, in_order
from gateway.core.history_settings import HistorySettings
from gateway.core.library import BUILT_IN, Library, read_profiles
from gateway.core.lines import crowded, line_plans, movable
from gateway.core.messages import Language, machine_language
from gateway.core.packs import Pace, Packs, check_packs, read_packs
from gateway.core.plant import Plant, read_plant
from gateway.core.plugins import Plugins
from gateway.core.policy import Policy
from gateway.core.secrets import Secrets, resolve
from gateway.core.settings import BUILT_IN_POLICIES, ConfigFile, Dispatch, EngineSettings, Site, Web
from gateway.core.ticket_checks import check_tickets, idle_classes
from gateway.core.ticket_settings import TicketSettings
from gateway.core.topology import check_topology
from gateway.core.types import Fleet
from gateway.core.wording import Wording, read_wording
from rules.rule import Rule
from rules.vocabulary import Calendar, Vocabulary


@dataclass(frozen=True, slots=True)
class Config:
    """A site that is right in every part. Fleets are in the order in which the devices first name their profile."""

    path: Path
    site: Site
    connections: Mapping[str, Connection]
    devices: tuple[Device, ...]
    profiles: Mapping[str, Profile]
    fleets: tuple[Fleet, ...]
    rules: Mapping[str, tuple[Rule, ...]]
    models: Mapping[str, Use]
    policies: Mapping[str, Policy]
    tickets: TicketSettings
    wording: Wording
    dispatch: Dispatch
    channels: Mapping[str, ChannelSettings]
    history: HistorySettings
    web: Web
    callbacks: Callbacks | None
    state_folder: Path
    tick_s: float

    def rules_for(self, profile: str) -> tuple[Rule, ...]:
        """The rules that watch the devices of a profile."""
        return self.rules.get(profile, ())

    @property
    def all_rules(self) -> dict[str, Rule]:
        """Every rule that watches something, by id."""
        return {rule.id: rule for rules in self.rules.values() for rule in rules}

    def models_for(self, profile: str) -> Mapping[str, Use]:
        """The detectors that score the devices of a profile; each makes the point `score.NAME`."""
        return {name: use for name, use in self.models.items() if profile in use.profiles}

    def vocabulary(self, fleet: Fleet) -> Vocabulary:
        """What the rules of a fleet may speak of."""
        return vocabulary(fleet, self.models, self.site.almanac)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The site, or None if anything is wrong with it; `findings` says what, warnings included."""

    config: Config | None
    findings: tuple[Finding, ...]
    language: Language
    """The site's language, even if the site is wrong; else the one of the machine."""


def load(
    path: Path, *, plugins: Plugins, need_secrets: bool = True, environment: Mapping[str, str] = os.environ
) -> Loaded:
    """Read and check a whole site. With `need_secrets=False` a secret that is not on this machine is a warning."""
    document = yamlfile.read(path)
    language = _language(document, environment)
    if document.data is None:
        return Loaded(None, tuple(document.problems), language)
    missing: Severity = "error" if need_secrets else "warning"
    findings = [*document.problems, *resolve(document, Secrets(path.parent / "secrets", environment), missing)]
    file, problems = validated(ConfigFile, document)
    parts, more = _parts(document, file, plugins)
    findings = in_order([*findings, *problems, *more])
    config = None if file is None or has_errors(findings) else _config(path, file, parts, environment)
    return Loaded(config, tuple(findings), language)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the file names, as far as it is right."""

    library: Library
    plant: Plant
    fleets: tuple[Fleet, ...]
    uses: Mapping[str, Use]
    packs: Packs
    channels: Channels
    wording: Wording


def _parts(document: Document, file: ConfigFile | None, plugins: Plugins) -> tuple[_Parts, list[Finding]]:
    """Everything that the file names, read even where the file itself is wrong, and all that is wrong with it."""
    library = read_profiles([BUILT_IN, *_folders(document)], plugins)
    plant = read_plant(document, library, plugins)
    detectors = read_uses(document, library, plugins)
    channels = read_channels(document, plugins)
    wording, letters = _wording(document)
    fleets = _fleets(plant, library)
    packs = read_packs(document, document.path.parent, _texts(document, "rules"))
    calendar = file.site.almanac if file else UTC_ALMANAC
    words = {fleet.profile.profile: vocabulary(fleet, detectors.uses, calendar) for fleet in fleets}
    findings = [
        *plant.findings,
        *check_topology(document),
        *check_tickets(document),
        *detectors.findings,
        *channels.findings,
        *letters,
        *_absent_folders(document),
        *library.findings,
        *packs.findings,
        *check_packs(packs, [*library.names], _policies(document), words, _pace(fleets, file)),
        *idle(packs, [*library.names], words),
        *unwatched(document, packs, fleets),
        *idle_classes(document, packs),
        *movable(document, plant.connections),
        *crowded(document, line_plans(plant.connections, plant.devices, library.profiles, plugins)),
    ]
    return _Parts(library, plant, fleets, detectors.uses, packs, channels, wording), findings


def _config(path: Path, file: ConfigFile, parts: _Parts, environment: Mapping[str, str]) -> Config:
    return Config(
        path=path,
        site=file.site,
        connections=parts.plant.connections,
        devices=tuple(parts.plant.devices),
        profiles=parts.library.profiles,
        fleets=parts.fleets,
        rules={fleet.profile.profile: parts.packs.rules_for(fleet.profile.profile) for fleet in parts.fleets},
        models=parts.uses,
        policies={**BUILT_IN_POLICIES, **file.tickets.policies},
        tickets=file.tickets,
        wording=parts.wording,
        dispatch=file.dispatch,
        channels=parts.channels.channels,
        history=file.history,
        web=file.web,
        callbacks=file.callbacks,
        state_folder=_state_folder(path, file, environment),
        tick_s=file.engine.tick,
    )


def vocabulary(fleet: Fleet, uses: Mapping[str, Use], calendar: Calendar) -> Vocabulary:
    """The points, ratings and scores of one fleet. A rating that device and profile lack is unknown there."""
    profile = fleet.profile
    ratings = sorted({*profile.ratings, *(name for device in fleet.devices for name in device.ratings)})
    return Vocabulary(
        points=profile.names,
        units={point.name: point.unit for point in profile.points},
        ratings={n: np.array([profile.rated(n, device.ratings) for device in fleet.devices]) for n in ratings},
        scores=tuple(name for name, use in uses.items() if profile.profile in use.profiles),
        devices=len(fleet.devices),
        calendar=calendar,
        ranges=ranges_of(profile),
    )


def ranges_of(profile: Profile) -> dict[str, tuple[float, float]]:
    """What the points of a profile can possibly be."""
    return {point.name: (point.low, point.high) for point in profile.points}


def _fleets(plant: Plant, library: Library) -> tuple[Fleet, ...]:
    members: dict[str, list[Device]] = {}
    for device in plant.devices:
        members.setdefault(device.profile, []).append(device)
    return tuple(
        Fleet(library.profiles[name], tuple(devices)) for name, devices in members.items() if name in library.profiles
    )


def _pace(fleets: tuple[Fleet, ...], file: ConfigFile | None) -> dict[str, Pace]:
    tick_s = file.engine.tick if file else EngineSettings().tick
    return {f.profile.profile: Pace(min(device.every for device in f.devices), tick_s) for f in fleets}


def _folders(document: Document) -> list[Path]:
    return [document.path.parent / text for text in _texts(document, "profiles")]


def _absent_folders(document: Document) -> Iterator[Finding]:
    for index, folder in enumerate(_folders(document)):
        if not folder.is_dir():
            problem = PydanticCustomError("no_profiles_there", "there is no folder {path}", {"path": str(folder)})
            yield document.finding(problem, ("profiles", index))


def _texts(document: Document, section: str) -> list[str]:
    """The section's texts; what is no text has been reported with the section."""
    entries = document.at((section,))
    return [entry for entry in entries if isinstance(entry, str)] if isinstance(entries, list) else []


def _wording(document: Document) -> tuple[Wording, list[Finding]]:
    folder = document.at(("tickets", "texts"))
    return read_wording(document.path.parent / folder) if isinstance(folder, str) and folder else (Wording(), [])


def _policies(document: Document) -> list[str]:
    own = document.at(("tickets", "policies"))
    return [*BUILT_IN_POLICIES, *(own if isinstance(own, dict) else {})]


def _language(document: Document, environment: Mapping[str, str]) -> Language:
    written = document.at(("site", "language"))
    if written in {"zh", "en"}:
        return "zh" if written == "zh" else "en"
    return machine_language(environment)


def _state_folder(path: Path, file: ConfigFile, environment: Mapping[str, str]) -> Path:
    """The systemd state directory if there is one, else the configured folder beside config.yaml."""
    if given := environment.get("STATE_DIRECTORY"):
        return Path(given.split(":", 1)[0])
    return path.parent / file.state
