"""Makes what must be said of a ticket: the message to the dispatch API, the line in its ledger, the notices to people.

All three are written with the ticket in one transaction, so that none can be without the others.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from gateway.core.casework import Entry, Notice
from gateway.core.types import Level, Message, Ticket
from gateway.tickets import texts
from gateway.tickets.decision import Decision, Reason
from gateway.tickets.terms import Terms

_TO_PEOPLE = {"created", "escalated", "overdue", "reopened", "members", "restored"}
"""Of these people are told through every channel that is set up for the level of the ticket."""
_TO_PEOPLE_IF_RED = {"condition_cleared", "verified", "closed"}


def told(
    reason: Reason,
    ticket: Ticket,
    event: str,
    now: float,
    terms: Terms,
    extra: Mapping[str, Any] | None = None,
    line: str = "",
) -> Decision:
    """The ticket that has counted its next message, with that message, its ledger line and its notices.

    `line` is what the ledger calls it, if not by the message's event.
    """
    number = ticket.messages
    counted = replace(
        ticket,
        messages=number + 1,
        lines=ticket.lines + 1,
        told_active=ticket.cleared_at is None,
        members_told=len(ticket.members),
    )
    said = dict(extra or {})
    message = Message(
        key=ticket.id if number == 0 else f"{ticket.id}#{number}",
        ticket=ticket.id,
        number=number,
        event=event,
        level=ticket.level,
        body={"event": event, "at": now, "ticket": asdict(counted), **said},
        created_at=now,
        device=ticket.device,
    )
    notices = _notices(counted, message, terms, said)
    return Decision(reason, counted, (message,), entries=(_line(ticket, line or event, now, said),), notices=notices)


def noted(reason: Reason, ticket: Ticket, event: str, now: float, extra: Mapping[str, Any] | None = None) -> Decision:
    """The ticket with a new line in its ledger; the dispatch API need not be told, or knows already."""
    line = _line(ticket, event, now, dict(extra or {}))
    return Decision(reason, replace(ticket, lines=ticket.lines + 1), entries=(line,))


def _line(ticket: Ticket, event: str, now: float, said: Mapping[str, Any]) -> Entry:
    about: dict[str, Any] = {
        "device": ticket.device,
        "building": ticket.location.get("building", ""),
        "kind": ticket.kind,
        "level": str(ticket.level),
    }
    about |= {name: ticket.evidence[name] for name in ("repeat", "alarm") if name in ticket.evidence}
    others = {name: value for name, value in said.items() if name not in {"by", "notices", "chart"}}
    return Entry(ticket.id, ticket.lines, now, event, str(said.get("by") or ""), {**about, **others})


def _notices(ticket: Ticket, message: Message, terms: Terms, said: Mapping[str, Any]) -> tuple[Notice, ...]:
    if message.event not in _TO_PEOPLE and not (message.event in _TO_PEOPLE_IF_RED and ticket.level is Level.RED):
        return ()
    channels = terms.channels(ticket)
    if message.event == "overdue" and said.get("limit") == "acknowledge":
        channels = (*channels, *terms.settings.notify.unanswered)
    text = texts.notice(ticket, message.event, said, terms.voice, terms.site_name, message.created_at)
    title = texts.headline(ticket, terms.language)
    return tuple(
        Notice(message.key, channel, ticket.id, ticket.level, title, text, message.created_at)
        for channel in dict.fromkeys(channels)
    )
