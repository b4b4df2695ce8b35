"""How the state of a site and its tickets look on a screen: lines of text, from what the local pages say as JSON."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.text import Text

from gateway.cli.screen import aligned, word
from gateway.core.messages import Language, printable, say

Json = Mapping[str, Any]

STYLES = {
    "ok": "green",
    "good": "green",
    "degraded": "yellow",
    "stale": "yellow",
    "bad": "red",
    "offline": "red",
    "stopped": "red",
    "unknown": "dim",
    "red": "bold red",
    "yellow": "yellow",
    "pending": "yellow",
    "parked": "red",
    "accepted": "green",
    "refused": "red",
}
"""Colours of states, levels and deliveries."""

_INDENT = "  "
_BREAK = re.compile(r"(?<=[；。])(?=.)|(?<=;) |(?<=\.) (?=[A-Z])")
"""Where an explanation begins a new line."""

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
    yield Text.assemble(f"{report['site']}  ", _coloured("state", report["status"], language))
    if reason := report.get("reason"):
        yield _beneath(reason)
    if report["parts"]:
        yield Text()
        yield from _standings([(_part(part["part"], language), part) for part in report["parts"]], zone, language)
    if configuration := report.get("configuration"):
        yield Text()
        yield from _configuration(configuration, zone, language)
    if report["devices"]:
        yield Text()
        yield from _devices(report["devices"], zone, language)
    open_tickets = report["open_tickets"]
    if open_tickets is None:  # nobody who knows them can be asked
        return
    yield Text()
    yield Text(say("open_tickets", "open tickets: {count}", {"count": len(open_tickets)}, language))
    levels = [Text(_INDENT) + _coloured("level", ticket["level"], language) for ticket in open_tickets]
    titles = [Text(printable(ticket["title"])) for ticket in open_tickets]
    yield from aligned(zip(levels, titles, strict=True))


def reload_lines(report: Json, zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """What became of a reload: refused with what is wrong, or accepted with what changed."""
    outcome = word("reload", report["outcome"], language)
    yield Text(f"{moment(report['at'], zone)}  ").append(outcome, style=STYLES[report["outcome"]])
    for finding in report["findings"] if report["outcome"] == "refused" else ():
        yield _beneath(f"{finding['file']}:{finding['line']}: {finding['message']}")
    if report["outcome"] == "accepted" and not any(report[name] for name in _CHANGES):
        yield _beneath(say("rules_same", "no rule and no policy differs from before", {}, language))
    for name, (kind, english) in _CHANGES.items():
        if names := [_named(each) for each in report[name]]:
            yield _beneath(say(kind, english, {"count": len(names), "names": ", ".join(names)}, language))


def ticket_lines(tickets: Sequence[Json], zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """Two lines for each ticket; the id stands alone, to be copied."""
    if not tickets:
        yield Text(say("no_tickets", "no tickets", {}, language))
        return
    heads = ("fired", "level", "status", "delivery", "title")
    rows = [[Text(word("head", head, language), style="dim") for head in heads]]
    rows += [_ticket_row(ticket, zone, language) for ticket in tickets]
    headline, *lines = aligned(rows)
    yield headline
    for ticket, line in zip(tickets, lines, strict=True):
        yield line
        yield _beneath(ticket["id"])


def ticket_page(ticket: Json, zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """Everything about one ticket: what, where, by when, what the rule saw, and what became of each message."""
    yield Text.assemble(_coloured("level", ticket["level"], language), "  ", (printable(ticket["title"]), "bold"))
    facts = [(head, printable(fact)) for head, fact in _facts(ticket, zone, language) if fact]
    before = ["", *(head for head, _ in facts)]
    heads = [
        "" if head == last else word("head", head, language) for (head, _), last in zip(facts, before, strict=False)
    ]
    yield from aligned([Text(head, style="dim"), Text(fact)] for head, (_, fact) in zip(heads, facts, strict=True))
    for out in ticket["deliveries"]:
        message = out["message"]
        yield Text()
        yield Text.assemble(
            f"{moment(message['created_at'], zone)}  ",
            f"{_event(message, language)}  ",
            (word("delivery", out["state"], language), STYLES.get(out["state"], "")),
        )
        if out["last_answer"]:
            yield _beneath(out["last_answer"])


def moment(time: float, zone: ZoneInfo) -> str:
    """A time of the site, as its own wall shows it."""
    return datetime.fromtimestamp(time, zone).strftime("%m-%d %H:%M:%S")


def _facts(ticket: Json, zone: ZoneInfo, language: Language) -> Iterator[tuple[str, str]]:
    seen = ticket["evidence"]
    yield "id", ticket["id"]
    yield "device", " · ".join([ticket["device"], *map(str, ticket["location"].values())])
    yield "status", _status(ticket, language)
    yield "fired", moment(ticket["fired_at"], zone)
    for limit, time in ticket["due"].items():
        yield limit, moment(time, zone)
    yield "times", f"{ticket['occurrences']}" if ticket["occurrences"] > 1 else ""
    yield "advice", ticket["advice"]
    yield "rule", ticket["rule"]
    yield "seen", ", ".join(f"{name} {_number(value)}" for name, value in seen.get("values", {}).items())
    yield from (("unusual", line) for line in _reasons(seen))
    yield from (("escalated", line) for line in _reasons(seen.get("escalated", {})))


def _reasons(evidence: Json) -> list[str]:
    """Why scores saw it so: a line for each point, and one for what would have kept it quiet."""
    return [line for score in evidence.get("scores", {}).values() for line in _BREAK.split(score["text"])]


def _event(message: Json, language: Language) -> str:
    reason = message["body"].get("reason")
    return word("event", message["event"], language) + (f" ({word('reason', reason, language)})" if reason else "")


def _configuration(configuration: Json, zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """How many rules are in force and since when, and what became of the last attempt to change them."""
    facts = {"count": configuration["rules"], "time": moment(configuration["since"], zone)}
    yield Text(say("rules_in_force", "rules: {count}, in force since {time}", facts, language))
    if configuration["reload"]:
        first, *others = reload_lines(configuration["reload"], zone, language)
        yield Text(_INDENT) + first
        yield from others


def _named(item: Any) -> str:
    return item if isinstance(item, str) else f"{item['rule']} {item['device']}"


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "?" if value is None else str(value)


def _status(ticket: Json, language: Language) -> str:
    status = word("status", ticket["status"], language)
    cleared = ticket["cleared_at"] and ticket["status"] != "closed"
    return status + (say("condition_gone", " (cleared)", {}, language) if cleared else "")


def _ticket_row(ticket: Json, zone: ZoneInfo, language: Language) -> list[Text]:
    delivery = ticket["delivery"]
    told = [f"{word('delivery', state, language)} {count}" for state, count in delivery.items() if count]
    return [
        Text(moment(ticket["fired_at"], zone)),
        _coloured("level", ticket["level"], language),
        Text(_status(ticket, language)),
        Text(
            say("comma", ", ", {}, language).join(told),
            style="red" if delivery["parked"] else "yellow" if delivery["pending"] else "",
        ),
        Text(printable(ticket["title"])),
    ]


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
            Text(_INDENT) + _coloured("state", each["state"], language),
            Text(name),
            Text(_since(each["since"], zone, language), style="dim"),
        ]
        for name, each in named
    ]
    for (_, each), line in zip(named, aligned(rows), strict=True):
        line.rstrip()
        yield line
        for text in filter(None, (each["reason"], each.get("about"))):
            yield _beneath(text)


def _part(name: str, language: Language) -> str:
    """A part of the daemon, such as "storage" or "connection pump-room"."""
    part, space, rest = name.partition(" ")
    return f"{word('part', part, language)}{space}{rest}"


def _since(time: float | None, zone: ZoneInfo, language: Language) -> str:
    return say("since_time", "since {time}", {"time": moment(time, zone)}, language) if time else ""


def _coloured(family: str, name: str, language: Language) -> Text:
    return Text(word(family, name, language), style=STYLES.get(name, ""))


def _beneath(text: str) -> Text:
    return Text(_INDENT * 2 + printable(text), style="dim")
