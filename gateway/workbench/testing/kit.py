"""What the tests of a run may use: profiles, time rules and detectors, of a site or as they come with the program."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from drivers.device import Profile
from gateway.core.config import Config
from gateway.core.detectors import Use
from gateway.core.library import BUILT_IN, read_profiles
from gateway.core.plugins import Plugins
from gateway.core.policy import Policy
from gateway.core.settings import BUILT_IN_POLICIES
from gateway.pipeline.silent import detector
from models.detector import Detector


@dataclass(frozen=True, slots=True)
class Kit:
    """Profiles and policies by name, and the detectors by the name of their score."""

    plugins: Plugins
    profiles: Mapping[str, Profile]
    policies: Mapping[str, Policy]
    models: Mapping[str, Use] = field(default_factory=dict)

    @classmethod
    def built_in(cls, plugins: Plugins) -> Self:
        """Without a site: the profiles of the drivers, and detectors that need no settings, under their own names."""
        return cls(plugins, read_profiles([BUILT_IN], plugins).profiles, BUILT_IN_POLICIES)

    @classmethod
    def of(cls, config: Config, plugins: Plugins) -> Self:
        """What a site has."""
        return cls(plugins, config.profiles, config.policies, config.models)

    def detector(self, score: str, profile: Profile) -> Detector | None:
        """A new detector behind `score.NAME` for one device; None if there is none of that name for its profile."""
        use = self.models.get(score)
        if use is not None:
            plugin, settings = self.plugins.detectors[use.detector], use.settings
            watched = profile.profile in use.profiles
            return detector(plugin, settings, profile.profile, profile.names, 1) if watched else None
        if self.models or score not in self.plugins.detectors:
            return None
        plugin = self.plugins.detectors[score]
        if any(field.is_required() for field in plugin.settings.model_fields.values()):
            return None
        return plugin.make(plugin.settings(), profile.names, 1)
