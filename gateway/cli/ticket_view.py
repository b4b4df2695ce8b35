"""How tickets look on a screen: the list, and the page of one, from what the local pages say as JSON."""

import re
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from rich.text import Text

from gateway.cli.look import INDENT, STYLES, Json, beneath, coloured, moment
from gateway.cli.screen import aligned, word
from gateway.cli.ticket_notes import held, limits, notes, without_members
from gateway.core.messages import Language, printable, say

_BREAK = re.compile(r"(?<=[；。])(?=.)|(?<=;) |(?<=\.) (?=[A-Z])")
"""Where an explanation begins a new line."""


def ticket_lines(tickets: Sequence[Json], zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """Two lines or three for each ticket, members counted with their parent; the id stands alone, to be copied."""
    if not tickets:
        yield Text(say("no_tickets", "no tickets", {}, language))
        return
    heads = ("fired", "level", "status", "delivery", "title")
    rows = [[Text(word("head", head, language), style="dim") for head in heads]]
    shown = without_members(tickets)
    rows += [_ticket_row(ticket, zone, language) for ticket in shown]
    headline, *lines = aligned(rows)
    yield headline
    for ticket, line in zip(shown, lines, strict=True):
        yield line
        yield beneath(ticket["id"])
        if special := notes(ticket, zone, language):
            yield beneath(special)


def ticket_page(ticket: Json, zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """Everything about one ticket: what, where, by when, how far, what the rule saw, and who was told what."""
    yield Text.assemble(coloured("level", ticket["level"], language), "  ", (printable(ticket["title"]), "bold"))
    facts = [(head, fact) for head, fact in _facts(ticket, zone, language) if fact]
    before = ["", *(head for head, _ in facts)]
    heads = [
        "" if head == last else word("head", head, language) for (head, _), last in zip(facts, before, strict=False)
    ]
    yield from aligned(
        [Text(head, style="dim"), fact if isinstance(fact, Text) else Text(printable(fact))]
        for head, (_, fact) in zip(heads, facts, strict=True)
    )
    yield from _members(ticket["members"], zone, language)
    yield from _ledger(ticket["entries"], zone, language)
    for out in ticket["deliveries"]:
        message = out["message"]
        yield from _delivered(message["created_at"], _event(message, language), out, zone, language)
    for told in ticket["notices"]:
        notice = told["notice"]
        yield from _delivered(notice["created_at"], notice["channel"], told, zone, language)


def _delivered(time: float, what: str, out: Json, zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """A message to the dispatch API or a notice through a channel, and the last answer to it."""
    yield Text()
    state = word("delivery", out["state"], language), STYLES.get(out["state"], "")
    yield Text.assemble(f"{moment(time, zone)}  ", f"{what}  ", state)
    if answer := out.get("last_answer") or out.get("answer"):
        yield beneath(answer)


def _facts(ticket: Json, zone: ZoneInfo, language: Language) -> Iterator[tuple[str, str | Text]]:
    yield "id", ticket["id"]
    yield "device", " · ".join([ticket["device"], *map(str, ticket["location"].values())])
    yield "status", _status(ticket, language)
    yield "public_state", word("public", ticket["public_state"], language)
    yield "held", held(ticket, zone, language)
    yield "parent", ticket["parent"]
    yield from _work(ticket, zone, language)
    for name, time in ticket["life"].items():
        yield "life", f"{moment(time, zone)}  {word('node', name, language)}"
    for name, time in ticket["due"].items():
        yield name, Text(f"{moment(time, zone)}  ") + coloured("limit", ticket["limits"][name], language)
    yield "step", word("step", ticket["step_name"], language) if ticket["step"] else ""
    yield "times", f"{ticket['occurrences']}" if ticket["occurrences"] > 1 else ""
    yield "reopened", f"{ticket['reopened']}" if ticket["reopened"] else ""
    yield "advice", ticket["advice"]
    yield "rule", ticket["rule"]
    seen = ticket["evidence"]
    yield "seen", ", ".join(f"{name} {_number(value)}" for name, value in seen.get("values", {}).items())
    yield from (("unusual", line) for line in _reasons(seen))
    yield from (("escalated", line) for line in _reasons(seen.get("escalated", {})))


def _work(ticket: Json, zone: ZoneInfo, language: Language) -> Iterator[tuple[str, str]]:
    """Who works on it, how far that is, and what shows it."""
    yield "handler", ticket["handler"]
    if ticket["percent"] is not None:
        yield "percent", f"{ticket['percent']:g} %"
    if ticket["expected_at"] is not None:
        words = {"time": moment(ticket["expected_at"], zone), "minutes": ticket["minutes_left"]}
        yield "expected", say("expected_in", "{time}, {minutes} minutes left", words, language)
    yield from (("evidence", reference) for reference in ticket["evidence_refs"])


def _members(members: Sequence[Json], zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """The devices that share the cause, and which of them have recovered."""
    if not members:
        return
    yield Text()
    yield Text(say("members_counted", "members: {count}", {"count": len(members)}, language))
    yield from aligned(
        [
            Text(INDENT) + coloured("level", member["level"], language),
            Text(member["device"]),
            Text(member["kind"]),
            Text(moment(member["since"], zone)),
            Text(_recovered(member, zone, language), style="dim"),
        ]
        for member in members
    )


def _recovered(member: Json, zone: ZoneInfo, language: Language) -> str:
    if member["cleared_at"] is None:
        return ""
    return say("recovered_at", "recovered {time}", {"time": moment(member["cleared_at"], zone)}, language)


def _ledger(entries: Sequence[Json], zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """What happened to it, line by line."""
    if not entries:
        return
    yield Text()
    yield Text(say("ledger_counted", "ledger: {count}", {"count": len(entries)}, language))
    yield from aligned(
        [
            Text(INDENT + moment(entry["at"], zone)),
            Text(word("event", entry["event"], language)),
            Text(printable(entry["by"])),
            Text(say("comma", ", ", {}, language).join(_told(entry["said"], zone, language)), style="dim"),
        ]
        for entry in entries
    )


def _told(said: Json, zone: ZoneInfo, language: Language) -> Iterator[str]:
    """The details of a ledger line that people can do something with."""
    if "why" in said:
        yield word("because", said["why"], language)
    if "until" in said:
        yield say("until_time", "until {time}", {"time": moment(said["until"], zone)}, language)
    if "limit" in said:
        yield limits([said["limit"]], language)
    if "to" in said:
        yield say("raised_to", "raised to {step}", {"step": word("step", said["to"], language)}, language)
    if "percent" in said:
        yield f"{said['percent']:g} %"
    if "minutes_left" in said:
        yield say("minutes_left", "{minutes} minutes left", {"minutes": said["minutes_left"]}, language)
    if "score" in said:
        yield say("survey_score", "score {score}", {"score": said["score"]}, language)
    if "verdict" in said:
        yield word("verdict", said["verdict"], language)
    yield from (printable(str(said[name])) for name in ("parent", "text") if name in said)
    yield from map(printable, said.get("evidence", ()))


def _reasons(evidence: Json) -> list[str]:
    """Why scores saw it so: a line for each point, and one for what would have kept it quiet."""
    return [line for score in evidence.get("scores", {}).values() for line in _BREAK.split(score["text"])]


def _event(message: Json, language: Language) -> str:
    reason = message["body"].get("reason")
    return word("event", message["event"], language) + (f" ({word('reason', reason, language)})" if reason else "")


def _number(value: object) -> str:
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
        coloured("level", ticket["level"], language),
        Text(_status(ticket, language)),
        Text(
            say("comma", ", ", {}, language).join(told),
            style="red" if delivery["parked"] else "yellow" if delivery["pending"] else "",
        ),
        Text(printable(ticket["title"])),
    ]
