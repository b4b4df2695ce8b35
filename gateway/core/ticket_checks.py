"""Checks the section `tickets:` against the rest of the site: channels, steps of the ladder, devices, buildings."""

from collections.abc import Collection, Iterator

from pydantic_core import PydanticCustomError

from gateway.core.document import Document, KeyPath
from gateway.core.explain import nearest
from gateway.core.findings import Finding, has_errors
from gateway.core.packs import Packs
from gateway.core.plant import entries
from gateway.core.ticket_settings import LADDER, matches

_TICKETS = "tickets"


def check_tickets(document: Document) -> Iterator[Finding]:
    """What is wrong with it, from what is written, so that a mistake elsewhere hides none of it."""
    yield from _steps(document)
    yield from _channels(document)
    yield from _windows(document)
    yield from _second_channel(document)


def idle_classes(document: Document, packs: Packs) -> Iterator[Finding]:
    """Maintenance of a class that no rule has. Says nothing while packs cannot be read: their rules are not known."""
    if has_errors(packs.findings):
        return
    classes = sorted({rule.kind or rule.id for file in packs.files for _, rule in file.rules()})
    for window in _list(document, (_TICKETS, "maintenance")):
        for path, pattern in _unmatched(document, (*window, "classes"), classes):
            problem = PydanticCustomError(
                "unmatched_class", "no rule has the class {name}", {"name": pattern, **nearest(pattern, classes)}
            )
            yield document.finding(problem, path, severity="warning")


def _steps(document: Document) -> Iterator[Finding]:
    """The steps that policies name are those of the ladder, and each stands on it once."""
    own = [
        (path, name) for path in _list(document, (_TICKETS, "ladder")) for path, name in _text(document, path, "step")
    ]
    for index, (path, name) in enumerate(own):
        if name in [other for _, other in own[:index]]:
            problem = PydanticCustomError("duplicate_step", "{name} stands on the ladder already", {"name": name})
            yield document.finding(problem, path)
    steps = [name for _, name in own] if document.at((_TICKETS, "ladder")) else [each.step for each in LADDER]
    policies = document.at((_TICKETS, "policies"))
    for policy in policies if isinstance(policies, dict) else ():
        for path, name in _texts(document, (_TICKETS, "policies", policy, "ladder")):
            if name not in steps:
                context = {"name": name, **nearest(name, steps)}
                yield document.finding(
                    PydanticCustomError("unknown_step", "the ladder has no step {name}", context), path
                )


def _channels(document: Document) -> Iterator[Finding]:
    section = document.at(("channels",))
    known = [*section] if isinstance(section, dict) else []
    lists = [(*path, "channels") for path in _list(document, (_TICKETS, "ladder"))]
    lists += [(_TICKETS, "notify", word) for word in ("red", "yellow", "unanswered")]
    policies = document.at((_TICKETS, "policies"))
    lists += [(_TICKETS, "policies", name, "subscribers") for name in (policies if isinstance(policies, dict) else ())]
    for path, name in (each for at in lists for each in _texts(document, at)):
        if name not in known:
            problem = PydanticCustomError(
                "unknown_channel", "there is no channel {name}", {"name": name, **nearest(name, known)}
            )
            yield document.finding(problem, path)


def _windows(document: Document) -> Iterator[Finding]:
    """Maintenance of devices and in buildings that the site does not have."""
    devices = [
        name for index, _ in entries(document, "devices") for _, name in _text(document, ("devices", index), "id")
    ]
    buildings = [
        name
        for index, _ in entries(document, "devices")
        for _, name in _text(document, ("devices", index, "location"), "building")
    ]
    for window in _list(document, (_TICKETS, "maintenance")):
        for path, pattern in _unmatched(document, (*window, "devices"), devices):
            context = {"name": pattern, **nearest(pattern, devices)}
            yield document.finding(
                PydanticCustomError("unmatched_device", "no device has the id {name}", context), path
            )
        for path, pattern in _unmatched(document, (*window, "buildings"), buildings):
            context = {"name": pattern, **nearest(pattern, dict.fromkeys(buildings))}
            problem = PydanticCustomError("unmatched_building", "no device is in the building {name}", context)
            yield document.finding(problem, path)


def _second_channel(document: Document) -> Iterator[Finding]:
    """A danger to people needs two ways that do not fail together; said to sites that have begun to name channels."""
    red = document.at((_TICKETS, "notify", "red"))
    begun = document.at(("channels",)) is not None or document.at((_TICKETS, "notify")) is not None
    if begun and not red:
        text = "red goes to the dispatch API alone; a danger to people needs a second channel"
        problem = PydanticCustomError("one_channel", text, {"hint": "notify: {red: [NAME]}"})
        yield document.finding(problem, (_TICKETS, "notify"), "key", "warning")


def _unmatched(document: Document, at: KeyPath, names: Collection[str]) -> Iterator[tuple[KeyPath, str]]:
    for path, pattern in _texts(document, at):
        if not any(matches(pattern, name) for name in names):
            yield path, pattern


def _list(document: Document, at: KeyPath) -> Iterator[KeyPath]:
    """The paths of the entries of a list; what is no list has been reported with its section."""
    found = document.at(at)
    yield from ((*at, index) for index in range(len(found) if isinstance(found, list) else 0))


def _texts(document: Document, at: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    for path in _list(document, at):
        if isinstance(text := document.at(path), str):
            yield path, text


def _text(document: Document, at: KeyPath, key: str) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(text := document.at((*at, key)), str):
        yield (*at, key), text
