"""The types that travel through the gateway. Axis order is always T (time), D (devices), P (points)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.device import Device, Profile

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fleet:
    """All devices of one profile, in a fixed row order."""

    profile: Profile
    devices: tuple[Device, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Device ids in row order."""
        return tuple(device.id for device in self.devices)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What the engine eats: a stretch of time for one fleet. NaN is the only "unknown"."""

    fleet: Fleet
    times: Floats  # [T] seconds since 1970, strictly increasing
    values: Floats  # [T, D, P]
    age: Floats  # [T, D, P] seconds since the last good value; inf if there never was one


@dataclass(frozen=True, slots=True, eq=False)
class Fresh:
    """The readings that were new in a block, in columnar form: N batches."""

    fleet: Fleet
    rows: Floats  # [N] the block time at which each was first shown to the engine, in any order
    devices: NDArray[np.intp]  # [N] row in the fleet
    times: Floats  # [N] event times
    values: Floats  # [N, P]


class Level(StrEnum):
    """Red: a danger to people, on site in minutes. Yellow: rectify in 48 hours."""

    YELLOW = "yellow"
    RED = "red"


class PublicState(StrEnum):
    """How a ticket stands for residents: 已受理, 处理中, 已完成."""

    RECEIVED = "received"
    UNDER_WAY = "under_way"
    DONE = "done"


class Status(StrEnum):
    """The life of a ticket, in its order. People move it on; the gateway verifies their work by the readings."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    DISPATCHED = "dispatched"
    ON_SITE = "on_site"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    VERIFIED = "verified"
    CLOSED = "closed"

    @property
    def public(self) -> PublicState:
        """The one of three that residents are shown."""
        reached = list(Status).index(self)
        if reached < list(Status).index(Status.ON_SITE):
            return PublicState.RECEIVED
        return PublicState.UNDER_WAY if reached < list(Status).index(Status.RESOLVED) else PublicState.DONE


class Verdict(StrEnum):
    """What the person who closes a ticket says of it."""

    DONE = "done"
    """There was a problem, and the work is done: a true alert."""
    NORMAL = "normal"
    """Worth a look; but what the device does is usual from now on."""
    FALSE = "false"
    """Nothing was wrong."""


class Hold(StrEnum):
    """Why nobody is told of a ticket yet."""

    CAUSE = "common_cause"
    """For some seconds: it may turn out to be part of something larger."""
    QUIET = "quiet_hours"
    MAINTENANCE = "maintenance"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Member:
    """A device that suffers from the same cause as others; all of them are one ticket."""

    ticket: str  # its own ticket, of which nobody is told
    device: str
    kind: str
    level: Level
    since: float
    cleared_at: float | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One problem on one device, for people. `id` is derived, so that the same problem can never be two tickets."""

    id: str  # site, device, rule and fired time; also the idempotency key
    site: str
    device: str
    rule: str
    kind: str  # the rule's class: what counts as the same kind of problem
    level: Level
    policy: str
    title: str
    advice: str
    fired_at: float  # event time at which the rule fired
    detected_at: float  # site time at which the gateway decided
    status: Status = Status.OPEN
    occurrences: int = 1
    cleared_at: float | None = None  # the condition went away; the ticket stays open
    closed_at: float | None = None
    location: Mapping[str, str] = field(default_factory=dict)
    due: Mapping[str, float] = field(default_factory=dict)  # acknowledge, on_site, feedback, close: seconds since 1970
    evidence: Mapping[str, Any] = field(default_factory=dict)  # the values that the rule saw, JSON types only
    firing: tuple[str, ...] = ()  # the rules of this kind whose alert is active now
    messages: int = 0  # how many messages about it were written; numbers the next one
    told_active: bool = True  # whether the last of them said that the problem is there
    basis: str = ""  # the standard or the reason that the limit comes from
    guide: str = ""  # how to work on it safely
    latched: bool = False  # the rule says that only a person closes it
    nodes: Mapping[str, float] = field(default_factory=dict)  # site times: accepted, departed, arrived, progress, ...
    handler: str = ""  # who works on it
    expected_at: float | None = None  # when the handler expects to be done
    percent: float | None = None  # how far the work is, 0 to 100
    step: int = 0  # how high it has been raised on the ladder; 0 is the first
    overdue: tuple[str, ...] = ()  # the limits that were missed and told
    raise_at: float | None = None  # when it goes another step up, unless the missed limit is met
    reopened: int = 0  # how often the work turned out not to have been done
    watched_until: float | None = None  # the readings are watched until then, since somebody said that it is done
    flapping: bool = False  # comes and goes
    held: Hold | None = None
    held_until: float | None = None
    parent: str = ""  # the ticket whose cause this one shares; nobody is told of this one
    cause: str = ""  # of a parent: the feeder or the connection that its members share
    members: tuple[Member, ...] = ()
    members_told: int = 0  # how many of them the last message named
    lines: int = 0  # how many lines its ledger has
    came: tuple[float, ...] = ()  # the last few times at which the problem came
    doubts: tuple[str, ...] = ()  # what is not believed while it is open: points, and score.NAME:POINT that drives it
    evidence_refs: tuple[str, ...] = ()  # photographs and reports that people handed in, by reference


@dataclass(frozen=True, slots=True)
class Message:
    """Something the dispatch API must learn, exactly once: a new ticket, or what became of one.

    `key` is the idempotency key; messages of one ticket are delivered in the order of `number` (0 creates it).
    """

    key: str
    ticket: str
    number: int
    event: str  # created, escalated, occurred_again, condition_cleared, acknowledged, closed, overdue, reopened, ...
    level: Level
    body: Mapping[str, Any]  # JSON types only
    created_at: float
    device: str = ""  # updates about one device keep their order


@dataclass(frozen=True, slots=True)
class Closing:
    """A line of the ledger: what a person said of a ticket when closing it."""

    ticket: str
    rule: str
    device: str
    kind: str
    fired_at: float
    closed_at: float
    verdict: Verdict
    by: str
    scores: tuple[str, ...] = ()
    """The detectors whose scores the rule read when it fired: they are taught that this is usual."""


@dataclass(frozen=True, slots=True)
class RuleState:
    """What survives a restart of one rule on one device, keyed by ids and the rule's fingerprint, never by row."""

    rule: str
    device: str
    fingerprint: str
    body: Mapping[str, Any]  # JSON types only; empty = forget it
