"""Reads device profiles: the ones that come with the drivers, and a site's own folders."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic_core import PydanticCustomError

import drivers
from drivers.device import Profile
from gateway.core import yamlfile
from gateway.core.document import Document
from gateway.core.explain import nearest, validated
from gateway.core.findings import Finding
from gateway.core.plugins import Plugins

BUILT_IN = Path(drivers.__file__).parent / "profiles"


@dataclass(slots=True)
class Library:
    """Profiles by name. `names` also has the ones whose file is wrong: they exist, so nobody misspelt them."""

    profiles: dict[str, Profile] = field(default_factory=dict)
    drivers: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Path] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def names(self) -> Iterable[str]:
        """Every profile that has a file."""
        return self.sources


def read_profiles(folders: Iterable[Path], plugins: Plugins) -> Library:
    """Read every *.yaml of the folders; a site's profile may not take a name that is there already."""
    library = Library()
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            _add(library, yamlfile.read(path), plugins)
    return library


def _add(library: Library, document: Document, plugins: Plugins) -> None:
    library.findings += document.problems
    data = document.data
    if data is None:
        library.sources.setdefault(document.path.stem, document.path)
        return
    driver = document.at(("driver",))
    plugin = plugins.drivers.get(driver) if isinstance(driver, str) else None
    if isinstance(driver, str) and plugin is None:
        library.findings.append(document.finding(plugins.missing("driver", driver), ("driver",)))
    name = document.at(("profile",))
    if not isinstance(name, str):
        name = document.path.stem
    if (earlier := library.sources.get(name)) is not None:
        context = {"name": name, "file": str(earlier)}
        problem = PydanticCustomError("duplicate_profile", "the profile {name} is already defined in {file}", context)
        library.findings.append(document.finding(problem, ("profile",)))
        return
    library.sources[name] = document.path
    library.drivers[name] = str(driver)
    # Without a driver there is no model; the base says at least what is missing.
    profile, problems = validated(plugin.profile if plugin else Profile, document)
    library.findings += problems if plugin or driver is None else []
    if plugin and profile is not None:
        library.profiles[name] = profile
        library.findings += [document.finding(doubt, at, "value", "warning") for at, doubt in profile.doubts()]


def unknown_profile(name: object, names: Iterable[str]) -> PydanticCustomError:
    """The problem of naming a profile that no file defines."""
    return PydanticCustomError("unknown_profile", "there is no profile {name}", {"name": name, **nearest(name, names)})
