"""What people and the gateway say to each other about tickets: ledger, notices, callbacks, complaints, silences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.core.types import Level


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a ticket's ledger. Lines are only ever added; `number` counts them, from 0."""

    ticket: str
    number: int
    at: float  # site time, seconds since 1970
    event: str
    by: str = ""  # a person, or empty for the gateway itself
    said: Mapping[str, Any] = field(default_factory=dict)  # JSON types only


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people must be told through one channel; `key` and `channel` make it one delivery."""

    key: str
    channel: str
    ticket: str
    level: Level
    title: str
    text: str  # plain text, lines parted by \n
    created_at: float


class Happening(StrEnum):
    """What the property company says of a ticket."""

    ACCEPTED = "accepted"
    DEPARTED = "departed"
    ARRIVED = "arrived"
    PROGRESS = "progress"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REJECTED = "rejected"
    SURVEY = "survey"


@dataclass(frozen=True, slots=True)
class Callback:
    """One thing that happened to a ticket at the property company. The same `id` is the same callback."""

    id: str
    ticket: str
    event: Happening
    at: float  # site time at which it happened, as the sender says
    by: str = ""
    percent: float | None = None  # 0 to 100
    minutes_left: float | None = None
    text: str = ""
    evidence: tuple[str, ...] = ()  # references to photographs and reports
    score: float | None = None  # a survey's, 0 to 100
    verdict: str = "done"  # of a closing: done, normal, false


@dataclass(frozen=True, slots=True)
class Complaint:
    """A resident complained about a device. `ticket` is the one that was there before, if any."""

    id: str
    device: str
    at: float
    text: str = ""
    ticket: str = ""
    lead_s: float | None = None  # how long before the complaint the ticket was raised; None if there was none


@dataclass(frozen=True, slots=True)
class Silence:
    """Somebody wants no tickets of some sort until some time. Empty scopes mean any."""

    id: str
    by: str
    reason: str
    made_at: float
    until: float
    device: str = ""
    building: str = ""
    kind: str = ""
    level: Level = Level.YELLOW
    """The highest level that it holds back."""
