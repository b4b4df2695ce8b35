"""Devices that share feeders and lines, and problems of theirs."""

from collections.abc import Iterable

from drivers.device import Device
from gateway.core.types import Level
from gateway.tickets.causes import Candidate, Group

OFFLINE, VOLTAGE, DOOR = "device.offline", "power.voltage", "elevator.door"


def device(name: str, fed_by: str | None = None, on: str = "bus") -> Device:
    return Device.model_validate({"id": name, "profile": "any", "on": on, "fed_by": fed_by})


def candidate(name: str, kind: str = OFFLINE, at: float = 0.0) -> Candidate:
    return Candidate(f"{name}/{kind}", name, kind, Level.YELLOW, at)


def candidates(names: Iterable[str], kind: str = OFFLINE) -> list[Candidate]:
    return [candidate(name, kind) for name in names]


def found(groups: Iterable[Group]) -> list[tuple[str, set[str]]]:
    return [(group.cause.key, set(group.tickets)) for group in groups]


def tickets(names: Iterable[str], kind: str = OFFLINE) -> set[str]:
    return {f"{name}/{kind}" for name in names}
