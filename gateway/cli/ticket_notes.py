"""What is special about a ticket, in a few words: held back, raised, missed a limit, has members."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from gateway.cli.look import Json, moment
from gateway.cli.screen import word
from gateway.core.messages import Language, say


def notes(ticket: Json, zone: ZoneInfo, language: Language) -> str:
    """All of it in one line; empty for a ticket that simply stands there."""
    return say("semicolon", "; ", {}, language).join(_notes(ticket, zone, language))


def without_members(tickets: Sequence[Json]) -> list[Json]:
    """The tickets without those that are counted with their parent, which is there, too."""
    there = {ticket["id"] for ticket in tickets}
    return [ticket for ticket in tickets if ticket["parent"] not in there]


def held(ticket: Json, zone: ZoneInfo, language: Language) -> str:
    """Why nobody is told of a ticket, and until when; empty if they are."""
    if not ticket["held"]:
        return ""
    words = {"why": word("because", ticket["held"], language), "time": moment(ticket["held_until"] or 0.0, zone)}
    return say("held_until", "held back until {time}: {why}", words, language)


def limits(names: Sequence[str], language: Language) -> str:
    """Names of limits, as a list."""
    return say("comma", ", ", {}, language).join(word("head", name, language) for name in names)


def _notes(ticket: Json, zone: ZoneInfo, language: Language) -> Iterator[str]:
    if waits := held(ticket, zone, language):
        yield waits
    if ticket["parent"]:
        yield say("part_of", "part of {parent}", {"parent": ticket["parent"]}, language)
    if ticket["members"]:
        members = ticket["members"]
        count = members if isinstance(members, int) else len(members)
        yield say("members_counted", "members: {count}", {"count": count}, language)
    if ticket["overdue"]:
        yield say("limits_missed", "missed: {limits}", {"limits": limits(ticket["overdue"], language)}, language)
    if ticket["step"]:
        yield say("raised_to", "raised to {step}", {"step": word("step", ticket["step_name"], language)}, language)
