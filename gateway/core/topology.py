"""Checks the devices of a site against each other: ids, addresses on a bus, and which device feeds which."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from gateway.core.document import Document, KeyPath
from gateway.core.explain import nearest
from gateway.core.findings import Finding, Severity
from gateway.core.plant import entries


def check_topology(document: Document) -> Iterator[Finding]:
    """What is wrong between devices, from what is written, so that a device's own problems hide none of it."""
    yield from _duplicate_ids(document)
    yield from _feeders(document)
    yield from _units(document)


def _duplicate_ids(document: Document) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for path, name in _texts(document, "id"):
        if name in first:
            context = {"name": name, "line": first[name]}
            problem = PydanticCustomError("duplicate_device", "{name} is already the device of line {line}", context)
            yield document.finding(problem, path)
        first.setdefault(name, document.line(path))


def _feeders(document: Document) -> Iterator[Finding]:
    """What feeds a device must exist, and no device may feed itself, not even through others."""
    feeder = {name: document.at((*path[:-1], "fed_by")) for path, name in _texts(document, "id")}
    told: set[str] = set()
    for path, source in _texts(document, "fed_by"):
        name = str(document.at((*path[:-1], "id")))
        if source not in feeder:
            context = {"name": source, **nearest(source, feeder)}
            yield document.finding(PydanticCustomError("unknown_feeder", "there is no device {name}", context), path)
        elif name not in told and (loop := _loop(name, feeder)):
            told.update(loop)
            context = {"loop": " → ".join(loop)}
            yield document.finding(PydanticCustomError("feeder_loop", "these feed each other: {loop}", context), path)


def _loop(start: str, feeder: Mapping[Any, Any]) -> list[str]:
    """The way from a device along its feeders back to itself; empty if it does not come back."""
    way = [start]
    while isinstance(step := feeder.get(way[-1]), str) and step not in way:
        way.append(step)
    return [*way, start] if feeder.get(way[-1]) == start else []


def _units(document: Document) -> Iterator[Finding]:
    """Two devices at one address of one bus; with one profile they would be the same registers twice."""
    first: dict[tuple[Any, Any], Mapping[str, Any]] = {}
    for index, raw in entries(document, "devices"):
        unit, on = raw.get("unit"), raw.get("on")
        if not isinstance(unit, int) or not isinstance(on, str):
            continue
        other = first.setdefault((on, unit), raw)
        if other is not raw:
            context = {"unit": unit, "other": other.get("id"), "on": on}
            problem = PydanticCustomError("same_unit", "{other} is already unit {unit} on {on}", context)
            severity: Severity = "error" if other.get("profile") == raw.get("profile") else "warning"
            yield document.finding(problem, ("devices", index, "unit"), severity=severity)


def _texts(document: Document, key: str) -> Iterator[tuple[KeyPath, str]]:
    for index, raw in entries(document, "devices"):
        if isinstance(value := raw.get(key), str):
            yield ("devices", index, key), value
