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


class Status(StrEnum):
    """The life of a ticket. Only a person closes one."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Verdict(StrEnum):
    """What the person who closes a ticket says of it."""

    DONE = "done"
    """There was a problem, and the work is done: a true alert."""
    NORMAL = "normal"
    """Worth a look; but what the device does is usual from now on."""
    FALSE = "false"
    """Nothing was wrong."""


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


@dataclass(frozen=True, slots=True)
class Message:
    """Something the dispatch API must learn, exactly once: a new ticket, or what became of one.

    `key` is the idempotency key; messages of one ticket are delivered in the order of `number` (0 creates it).
    """

    key: str
    ticket: str
    number: int
    event: str  # created, escalated, occurred_again, condition_cleared, acknowledged, closed
    level: Level
    body: Mapping[str, Any]  # JSON types only
    created_at: float


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
