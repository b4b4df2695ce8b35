"""Tickets that are opened again, because the problem is back or somebody does not accept the work. Pure."""

from gateway.core.types import Ticket
from gateway.tickets import life
from gateway.tickets.decision import Decision, Reason
from gateway.tickets.holding import held_back, paused
from gateway.tickets.telling import told
from gateway.tickets.terms import Terms


def reopened(ticket: Ticket, reason: Reason, terms: Terms, now: float, extra: dict[str, object]) -> Decision:
    """Once more from the start, one step up the ladder. Of what nobody was told, this is the first that they hear."""
    fresh = life.reopened(ticket, terms.due(ticket.policy, now), now)
    if not ticket.messages and (pause := paused(fresh, terms, now)) is not None:
        return held_back(fresh, *pause, now)
    event = "reopened" if ticket.messages else "created"
    return told(reason, fresh, event, now, terms, {**extra, **raised_to(fresh, terms)})


def raised_to(ticket: Ticket, terms: Terms) -> dict[str, object]:
    """The step of the ladder that a ticket has reached, for its message."""
    return {"step": ticket.step, "to": terms.step(ticket).step}
