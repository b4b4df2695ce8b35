"""How the state of a site looks on a screen: lines of text, from what the local pages say as JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from rich.text import Text

from gateway.cli.look import INDENT, STYLES, Json, beneath, coloured, moment
from gateway.cli.screen import aligned, word
from gateway.cli.ticket_notes import notes, without_members
from gateway.core.messages import Language, printable, say

_CHANGES = {
    "added": ("rules_added", "{count} added: {names}"),
    "removed": ("rules_removed", "{count} removed: {names}"),
    "changed": ("rules_changed", "{count} changed, which start anew: {names}"),
    "reworded": ("rules_reworded", "{count} with other words or another policy only: {names}"),
    "policies": ("policies_changed", "{count} policies changed: {names}"),
    "cleared": ("alerts_ended", "{count} alerts ended with their rule: {names}"),
    "blind": ("rules_blind", "{count} wait until their windows have filled: {names}"),
}
"""What a reload says, and how it is said."""


def status_lines(report: Json, zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """How the daemon stands: its parts, the devices that are not well, the open tickets."""
    yield Text.assemble(f"{report['site']}  ", coloured("state", report["status"], language))
    if reason := report.get("reason"):
        yield beneath(reason)
    if report["parts"]:
        yield Text()
        yield from _standings([(_part(part["part"], language), part) for part in report["parts"]], zone, language)
    if configuration := report.get("configuration"):
        yield Text()
        yield from _configuration(configuration, zone, language)
    if report["devices"]:
        yield Text()
        yield from _devices(report["devices"], zone, language)
    if report["open_tickets"] is not None:  # somebody who knows them could be asked
        yield Text()
        yield from _open_tickets(report["open_tickets"], zone, language)


def reload_lines(report: Json, zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """What became of a reload: refused with what is wrong, or accepted with what changed."""
    outcome = word("reload", report["outcome"], language)
    yield Text(f"{moment(report['at'], zone)}  ").append(outcome, style=STYLES[report["outcome"]])
    for finding in report["findings"] if report["outcome"] == "refused" else ():
        yield beneath(f"{finding['file']}:{finding['line']}: {finding['message']}")
    if report["outcome"] == "accepted" and not any(report[name] for name in _CHANGES):
        yield beneath(say("rules_same", "no rule and no policy differs from before", {}, language))
    for name, (kind, english) in _CHANGES.items():
        if names := [_named(each) for each in report[name]]:
            yield beneath(say(kind, english, {"count": len(names), "names": ", ".join(names)}, language))


def _open_tickets(tickets: Sequence[Json], zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """How many there are and how many nobody has been told of, then each but the members of others."""
    held = sum(bool(ticket["held"]) for ticket in tickets)
    counted = {"count": len(tickets), "held": held}
    if held:
        yield Text(say("open_tickets_held", "open tickets: {count}, held back: {held}", counted, language))
    else:
        yield Text(say("open_tickets", "open tickets: {count}", counted, language))
    shown = without_members(tickets)
    rows = [
        [
            Text(INDENT) + coloured("level", ticket["level"], language),
            Text(word("status", ticket["status"], language)),
            Text(printable(ticket["title"])),
        ]
        for ticket in shown
    ]
    for ticket, line in zip(shown, aligned(rows), strict=True):
        yield line
        if special := notes(ticket, zone, language):
            yield beneath(special)


def _configuration(configuration: Json, zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """How many rules are in force and since when, and what became of the last attempt to change them."""
    facts = {"count": configuration["rules"], "time": moment(configuration["since"], zone)}
    yield Text(say("rules_in_force", "rules: {count}, in force since {time}", facts, language))
    if configuration["reload"]:
        first, *others = reload_lines(configuration["reload"], zone, language)
        yield Text(INDENT) + first
        yield from others


def _named(item: Any) -> str:
    return item if isinstance(item, str) else f"{item['rule']} {item['device']}"


def _devices(devices: Mapping[str, Json], zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """How many stand how, then those that are not well: a big site must not hide its three sick devices."""
    count = Counter(health["state"] for health in devices.values())
    numbers = [f"{number} {word('state', state, language)}" for state, number in count.most_common()]
    text = {"count": say("comma", ", ", {}, language).join(numbers)}
    yield Text(say("devices_stand", "devices: {count}", text, language))
    unwell = [(name, health) for name, health in sorted(devices.items()) if health["state"] != "good"]
    yield from _standings(unwell, zone, language)


def _standings(named: Sequence[tuple[str, Json]], zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """One line for each part or device, and its reason beneath it."""
    rows = [
        [
            Text(INDENT) + coloured("state", each["state"], language),
            Text(name),
            Text(_since(each["since"], zone, language), style="dim"),
        ]
        for name, each in named
    ]
    for (_, each), line in zip(named, aligned(rows), strict=True):
        line.rstrip()
        yield line
        for text in filter(None, (each["reason"], each.get("about"))):
            yield beneath(text)


def _part(name: str, language: Language) -> str:
    """A part of the daemon, such as "storage" or "connection pump-room"."""
    part, space, rest = name.partition(" ")
    return f"{word('part', part, language)}{space}{rest}"


def _since(time: float | None, zone: ZoneInfo, language: Language) -> str:
    return say("since_time", "since {time}", {"time": moment(time, zone)}, language) if time else ""
