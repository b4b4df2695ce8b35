"""Why a message from the wire is not used."""

from typing import Literal

Ground = Literal["size", "json", "sparkplug", "birth", "stamp", "empty"]
"""Too large, not JSON, not Sparkplug, before the certificate that names its metrics, at an impossible time, or without
any of the points."""


class Refused(ValueError):
    """A message or sample that cannot be used. The text holds nothing of the payload, so it is safe to log."""

    def __init__(self, kind: Ground, text: str) -> None:
        super().__init__(text)
        self.kind = kind
