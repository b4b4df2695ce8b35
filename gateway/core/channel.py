"""The contract of a channel: a way to tell people, such as a chat robot, e-mail or MQTT.

A channel package brings the model of what a person writes in config.yaml and the function that opens a channel. It
sends one message when asked and says what became of it; when, how often and how long to try is delivery's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from drivers.device import Clock, Written
from gateway.core.casework import Notice
from gateway.core.messages import Language


class ChannelSettings(Written):
    """A channel. Each kind's own model adds its settings."""

    channel: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """The provider has taken the first `count` of the notices; `receipt` is what it said."""

    receipt: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Retry:
    """Not delivered, as far as we know; it may work later."""

    reason: str
    at_least_s: float = 0.0


@dataclass(frozen=True, slots=True)
class TooOften:
    """The provider takes nothing more through this channel for `at_least_s`."""

    reason: str
    at_least_s: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider takes nothing through this channel until a person acts: a key, a signature, an address."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider will never take this message as it is."""

    reason: str


Outcome = Delivered | Retry | TooOften | Refused | Rejected


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most so many messages within any stretch of `within_s` seconds."""

    messages: int
    within_s: float


@dataclass(frozen=True, slots=True)
class Sender:
    """On whose behalf a channel speaks: the site's id, the language of its people, the channel's name, the time."""

    site: str
    language: Language
    name: str
    clock: Clock


class Channel(Protocol):
    """One open channel. It may be asked to send several messages at once."""

    @property
    def allowances(self) -> Sequence[Allowance]:
        """What the provider permits; all of them hold. None means no limit."""
        ...

    @property
    def digests(self) -> bool:
        """Whether several notices can be one message."""
        ...

    async def send(self, notices: Sequence[Notice]) -> Outcome:
        """Send one message about the first of the notices, or about as many as fit. Ends within seconds."""
        ...


@dataclass(frozen=True, slots=True)
class ChannelPlugin:
    """What a channel package registers under the entry point group `gateway.channels`."""

    name: str
    settings: type[ChannelSettings]
    open: Callable[[Any, Sender], Channel]
    """(settings, sender) -> channel; must not touch the network."""
