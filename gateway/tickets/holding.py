"""When nobody is told of a ticket yet, and why. Pure."""

from dataclasses import replace

from gateway.core.types import Hold, Ticket
from gateway.tickets.decision import Decision, Reason
from gateway.tickets.telling import noted
from gateway.tickets.terms import Terms


def paused(ticket: Ticket, terms: Terms, now: float) -> tuple[Hold, float] | None:
    """Why and until when nobody is to be told, by maintenance, silences and quiet hours."""
    device = terms.devices.get(ticket.device)
    return None if device is None else terms.pauses.hold(device, ticket.kind, ticket.level, now)


def held_back(ticket: Ticket, hold: Hold, until: float, now: float) -> Decision:
    """Nobody is told yet."""
    waiting = replace(ticket, held=hold, held_until=until)
    return noted(Reason.HELD_BACK, waiting, "held", now, {"why": str(hold), "until": until})
