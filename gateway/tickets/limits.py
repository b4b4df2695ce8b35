"""Limits of a ticket: which are met, which were missed, and when the ticket has to be looked at again. Pure."""

from dataclasses import replace
from math import inf

from gateway.core.policy import Policy
from gateway.core.types import Hold, Level, Status, Ticket

RANK = {status: rank for rank, status in enumerate(Status)}
"""How far each status is along the way."""

SPOKEN_OF_S = 7 * 86400.0
"""How long after its closing a ticket is still listened for: a survey, a complaint that the work was no good."""

_MET_FROM = {
    "acknowledge": Status.ACKNOWLEDGED,
    "on_site": Status.ON_SITE,
    "plan": Status.IN_PROGRESS,
    "feedback": Status.IN_PROGRESS,
    "close": Status.RESOLVED,
    "report": Status.CLOSED,
}
"""Whoever says that the work is done has been there, has fed back, and has met the limit for it."""


def met(ticket: Ticket, limit: str) -> bool:
    """Whether the people are as far as the limit asks; a report may come before the closing."""
    return RANK[ticket.status] >= RANK[_MET_FROM[limit]] or (limit == "report" and "report" in ticket.nodes)


def pending(ticket: Ticket) -> dict[str, float]:
    """The limits that are neither met nor told to be missed, and when each falls."""
    return {name: at for name, at in ticket.due.items() if name not in ticket.overdue and not met(ticket, name)}


def still_missed(ticket: Ticket) -> tuple[str, ...]:
    """The limits that were missed and are not met to this day."""
    return tuple(name for name in ticket.overdue if not met(ticket, name))


def wakes_at(ticket: Ticket, policy: Policy | None) -> float:
    """When the ticket has to be looked at next if nothing happens; inf if never."""
    if ticket.parent:
        return inf
    if ticket.held is not None:
        return ticket.held_until or 0.0
    times = [ticket.watched_until or inf, closes_itself_at(ticket, policy)]
    if ticket.status is Status.CLOSED:
        times.append(forgotten_at(ticket))
    else:
        times += pending(ticket).values()
        if ticket.raise_at is not None and still_missed(ticket):
            times.append(ticket.raise_at)
    return min(times)


def forgotten_at(ticket: Ticket) -> float:
    """When nobody will say anything more of a closed ticket; surveys come some days later."""
    return inf if ticket.closed_at is None else ticket.closed_at + SPOKEN_OF_S


def put_off(ticket: Ticket, seconds: float) -> Ticket:
    """The ticket with all that lies ahead of it so much later; pauses end when the clock says so."""
    due = {name: at + seconds for name, at in pending(ticket).items()}
    later = {
        name: at + seconds
        for name in ("raise_at", "watched_until", "expected_at")
        if (at := getattr(ticket, name)) is not None
    }
    if ticket.held is Hold.CAUSE and ticket.held_until is not None:
        later["held_until"] = ticket.held_until + seconds
    return replace(ticket, due={**ticket.due, **due}, **later)


def closes_itself_at(ticket: Ticket, policy: Policy | None) -> float:
    """When a yellow ticket may close without a person; a red one never does, nor one that is watched already."""
    allowed = policy.close_when_clear if policy else None
    is_open = ticket.status is not Status.CLOSED and ticket.level is Level.YELLOW and not ticket.latched
    if allowed is None or not is_open or ticket.cleared_at is None or ticket.watched_until is not None:
        return inf
    return ticket.cleared_at + allowed
