"""Puts engines together from a configuration: for the daemon, and for whoever plays the past as it would have."""

from gateway.core.config import Config
from gateway.core.plugins import Plugins
from gateway.core.types import Fleet
from gateway.pipeline.engine import Engine
from gateway.pipeline.silent import detector
from models.detector import Detector
from rules.book import Book


def engines(config: Config, plugins: Plugins) -> dict[str, Engine]:
    """One engine for each fleet, by profile name."""
    return {fleet.profile.profile: engine(config, fleet, plugins) for fleet in config.fleets}


def engine(config: Config, fleet: Fleet, plugins: Plugins) -> Engine:
    """Detectors and compiled rules of one fleet."""
    book = Book(config.rules_for(fleet.profile.profile), config.vocabulary(fleet))
    return Engine(fleet, detectors(config, fleet, plugins), book)


def detectors(config: Config, fleet: Fleet, plugins: Plugins) -> dict[str, Detector]:
    """The detectors that watch this fleet, by the name under which rules read their scores."""
    profile = fleet.profile
    return {
        name: detector(
            plugins.detectors[use.detector], use.settings, profile.profile, profile.names, len(fleet.devices)
        )
        for name, use in config.models_for(profile.profile).items()
    }
