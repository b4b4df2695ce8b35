"""What a driver knows of the plant: points, profiles, devices, and the batch that one read of a device yields.

A driver package brings four things, bound together in a `DriverPlugin`: the models of its profile, its device and its
connection (what a person writes in YAML), and the function that opens a connection. The gateway adds nothing.
"""

import math
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

Floats = NDArray[np.float64]

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")


def duration_s(text: Any) -> Any:
    """Turn "500ms", "5s", "1.5h" or "2d" into seconds; a number without a unit is an error that says so."""
    if isinstance(text, str) and (match := _DURATION.fullmatch(text.strip())):
        return float(match[1]) * _UNITS_S[match[2]]
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        raise PydanticCustomError(
            "duration_without_unit", "{value} has no unit; did you mean {value}s or {value}m?", {"value": text}
        )
    raise PydanticCustomError(
        "bad_duration",
        "{value!r} is not a duration; write a number and ms, s, m, h, d or w, such as 30s",
        {"value": text},
    )


_Duration = Annotated[
    str,
    Field(
        pattern=r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d|w)\s*$",
        examples=["30s", "5m", "2h"],
        json_schema_extra={"patternErrorMessage": "a number and ms, s, m, h, d or w, such as 30s"},
    ),
]

Seconds = Annotated[float, BeforeValidator(duration_s, json_schema_input_type=_Duration)]
"""Seconds in the program; "30s", "5m", "2d" in YAML. The unit is required."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
"""A stable identifier: safe in file names, topics and logs."""


class Written(BaseModel):
    """Base of everything a person writes: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Point(Written):
    """One measured quantity. A reading outside [low, high] is physically impossible and becomes unknown (NaN)."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    unit: str = ""
    low: float = float("-inf")
    high: float = float("inf")
    title: dict[str, str] = Field(default_factory=dict)


class Profile(Written):
    """A device type. The order of `points` is the order of columns everywhere."""

    profile: Name
    driver: str
    title: dict[str, str] = Field(default_factory=dict)
    status: Literal["verified", "unverified"] = "unverified"
    source: str = ""
    ratings: dict[str, float | None] = Field(default_factory=dict)
    points: Annotated[tuple[Any, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        seen: set[str] = set()
        errors: list[InitErrorDetails] = []
        for i, point in enumerate(self.points):
            if not isinstance(point, Point):  # the driver that knows what its points are is not there
                continue
            if point.name in seen:
                problem = PydanticCustomError("duplicate_point", "point {name} is defined twice", {"name": point.name})
                errors.append(InitErrorDetails(type=problem, loc=("points", i, "name"), input=point.name))
            seen.add(point.name)
        if errors:
            raise ValidationError.from_exception_data("Profile", errors)
        return self

    def doubts(self) -> Iterable[tuple[tuple[str | int, ...], PydanticCustomError]]:
        """What may be meant and is mostly a mistake, and where it is written; shown as warnings."""
        return ()

    def rated(self, name: str, given: Mapping[str, float]) -> float:
        """A rating of a device: its own if it is given, else that of this type; NaN if neither is known."""
        usual = self.ratings.get(name)
        return given.get(name, math.nan if usual is None else usual)

    @property
    def names(self) -> tuple[str, ...]:
        """Point names in column order."""
        return tuple(point.name for point in self.points)

    @property
    def low(self) -> Floats:
        """Lowest possible value of each point, [P]."""
        return np.array([point.low for point in self.points])

    @property
    def high(self) -> Floats:
        """Highest possible value of each point, [P]."""
        return np.array([point.high for point in self.points])


class Device(Written):
    """One piece of equipment on one connection. `ratings` are constants that rules may use; `fed_by` is topology."""

    id: Name
    profile: Name
    on: Name
    every: Seconds = 5.0
    name: str = ""
    location: dict[str, str] = Field(default_factory=dict)
    ratings: dict[str, float] = Field(default_factory=dict)
    fed_by: Name | None = None


class Connection(Written):
    """A wire: a bus, a host, a broker. Each driver's own model adds its settings."""

    driver: str


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One device, read once: the values in column order, NaN where unknown.

    `time` is the event time in seconds since 1970 (the moment of the answer, or the device's own stamp).
    """

    device: str
    time: float
    values: Floats  # [P]


@dataclass(frozen=True, slots=True)
class Health:
    """How one device or connection stands: `state` is good, stale, bad or offline; `since` is when that began.

    `about` is what it says of itself (model, serial number) and what was learnt about it; for people.
    """

    state: Literal["good", "stale", "bad", "offline", "unknown"]
    reason: str = ""
    since: float = 0.0
    about: str = ""


class Clock(Protocol):
    """The time of the site, handed to drivers; the only implementation that asks the machine is the gateway's."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that much site time."""
        ...


class Driver(Protocol):
    """One open connection and the devices on it."""

    def batches(self) -> AsyncGenerator[Batch]:
        """Yield readings for ever. Raises only for what the supervisor should restart."""
        ...

    def health(self) -> Mapping[str, Health]:
        """How each device stands, by device id."""
        ...

    def counters(self) -> Mapping[str, int]:
        """Monotone counts for the metrics page, such as requests, timeouts, rejected, dropped."""
        ...


@runtime_checkable
class Remembers(Protocol):
    """A driver that learns about its devices what should survive a restart. Notes are plain data, as JSON has it."""

    def recall(self, notes: Mapping[str, Any]) -> None:
        """Take up the notes of an earlier run; called before `batches`. They may be of another version."""
        ...

    def notes(self) -> Mapping[str, Any]:
        """What is known now."""
        ...


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of a device's polls, for people who plan a line: what it asks, and the points that it brings."""

    device: str
    asks: str
    points: tuple[str, ...]
    every_s: float
    size: int
    """Bytes on the line, both directions."""
    line_s: float
    """How long it holds a serial line, without the device's own time to answer; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class DriverPlugin:
    """What a driver package registers under the entry point group `gateway.drivers`."""

    name: str
    profile: type[Profile]
    device: type[Device]
    connection: type[Connection]
    open: Callable[[str, Any, Sequence[Any], Mapping[str, Any], Clock], Driver]
    """(connection id, connection, devices, profiles by name, clock) -> driver; must not touch the network."""
    exchanges: Callable[[Any, Sequence[Any], Mapping[str, Any]], Sequence[Exchange]] | None = None
    """(connection, devices, profiles by name) -> every request of a round, where the driver is one that asks."""
    disagreements: Callable[[Any, Any], Iterable[tuple[str, PydanticCustomError]]] = lambda device, profile: ()  # noqa: ARG005
    """(device, its profile) -> what is wrong with the device only in the light of its profile, and at which key."""
