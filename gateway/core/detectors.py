"""Checks the `models` section: which detectors are at work, on which profiles, with which settings."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from drivers.device import Name
from gateway.core.document import Document, KeyPath
from gateway.core.explain import validated
from gateway.core.findings import Finding
from gateway.core.library import Library, unknown_profile
from gateway.core.plugins import Plugins
from gateway.core.settings import DetectorUse
from models.detector import DetectorPlugin


@dataclass(frozen=True, slots=True)
class Use:
    """A detector at work: `settings` are of the detector's own model."""

    detector: str
    profiles: tuple[Name, ...]
    settings: BaseModel


@dataclass(slots=True)
class Uses:
    """The detectors that are right, by the name that rules use, and what is wrong with the others."""

    uses: dict[str, Use] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def read_uses(document: Document, library: Library, plugins: Plugins) -> Uses:
    """Every entry of `models` with its detector's own settings."""
    uses = Uses()
    section = document.at(("models",))
    for name, raw in section.items() if isinstance(section, dict) else ():
        if isinstance(raw, dict):
            uses.findings += _unknown_profiles(document, ("models", name), library)
            _read(uses, document, name, plugins)
    for name, use in uses.uses.items():
        uses.findings += _useless(document, ("models", name), use, plugins.detectors[use.detector], library)
    return uses


def _read(uses: Uses, document: Document, name: str, plugins: Plugins) -> None:
    path: KeyPath = ("models", name)
    raw = document.at(path)
    ours = {key: value for key, value in raw.items() if key in DetectorUse.model_fields}
    use, problems = validated(DetectorUse, document, path, ours)
    uses.findings += problems
    detector = raw.get("detector")
    if not isinstance(detector, str):
        return
    plugin = plugins.detectors.get(detector)
    if plugin is None:
        uses.findings.append(document.finding(plugins.missing("detector", detector), (*path, "detector")))
        return
    theirs = {key: value for key, value in raw.items() if key not in ours}
    settings, problems = validated(plugin.settings, document, path, theirs)
    uses.findings += problems
    if use is not None and settings is not None:
        uses.uses[name] = Use(detector, use.profiles, _beside(settings, document.path.parent))


def _beside(settings: BaseModel, folder: Path) -> BaseModel:
    """The same settings; files start from the folder of config.yaml."""
    return settings.model_copy(
        update={name: folder / value for name, value in dict(settings).items() if isinstance(value, Path)}
    )


def _useless(
    document: Document, path: KeyPath, use: Use, plugin: DetectorPlugin, library: Library
) -> Iterator[Finding]:
    """Why it cannot score devices of some profile. A warning: the site must start all the same."""
    for profile in use.profiles:
        if profile in library.profiles:
            try:
                plugin.check(use.settings, profile, library.profiles[profile].names)
            except PydanticCustomError as problem:
                at = (*path, str((problem.context or {}).get("key", "detector")))
                yield document.finding(problem, at, severity="warning")


def _unknown_profiles(document: Document, path: KeyPath, library: Library) -> Iterator[Finding]:
    profiles = document.at((*path, "profiles"))
    for index, profile in enumerate(profiles if isinstance(profiles, list) else ()):
        if isinstance(profile, str) and profile not in library.names:
            yield document.finding(unknown_profile(profile, library.names), (*path, "profiles", index))
