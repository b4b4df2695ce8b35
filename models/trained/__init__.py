"""Models that `gateway train` fits once (see `training`) and that the daemon only scores (see `detector`)."""

from models.trained.detector import PLUGIN

__all__ = ["PLUGIN"]
