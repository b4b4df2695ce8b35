"""How a ticket stands, as JSON types, for people: what is kept of it, and what follows from that."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from gateway.core.casework import Entry
from gateway.core.types import Ticket
from gateway.delivery.notices import Told
from gateway.delivery.records import Delivery, Outgoing, shown, shown_whole
from gateway.tickets.limits import met
from gateway.tickets.terms import Terms

_BRIEF = ("id", "device", "kind", "level", "title", "status", "cleared_at", "overdue", "held", "held_until", "parent")


def brief(ticket: Ticket, terms: Terms) -> dict[str, Any]:
    """What the status says of an open ticket."""
    counted = {"members": len(ticket.members), "step": ticket.step, "step_name": terms.step(ticket).step}
    return {name: getattr(ticket, name) for name in _BRIEF} | counted


def listed(ticket: Ticket, delivery: Delivery, terms: Terms) -> dict[str, Any]:
    """A ticket in a list."""
    return shown(ticket, delivery) | _standing(ticket, terms)


def whole(
    ticket: Ticket,
    outgoing: Sequence[Outgoing],
    entries: Iterable[Entry],
    notices: Iterable[Told],
    terms: Terms,
    now: float,
) -> dict[str, Any]:
    """A ticket with its ledger, all that was sent of it, and all that people were told."""
    return {
        **shown_whole(ticket, outgoing),
        **_standing(ticket, terms),
        "life": _life(ticket, outgoing),
        "minutes_left": None if ticket.expected_at is None else max(0, math.ceil((ticket.expected_at - now) / 60.0)),
        "entries": [asdict(entry) for entry in entries],
        "notices": [asdict(told) for told in notices],
    }


def _standing(ticket: Ticket, terms: Terms) -> dict[str, Any]:
    return {
        "public_state": ticket.status.public,
        "step_name": terms.step(ticket).step,
        "limits": {name: _limit(ticket, name) for name in ticket.due},
    }


def _limit(ticket: Ticket, name: str) -> str:
    """Whether a limit is not due yet, met, missed, or was met too late."""
    is_met = met(ticket, name)
    if name in ticket.overdue:
        return "late" if is_met else "missed"
    return "met" if is_met else "not_due"


def _life(ticket: Ticket, outgoing: Sequence[Outgoing]) -> Mapping[str, float]:
    """Its nodes and when each was reached, in order."""
    times = {"fired": ticket.fired_at, "detected": ticket.detected_at, **ticket.nodes}
    if outgoing and (sent_at := outgoing[0].sent_at) is not None:
        times["sent"] = sent_at
    if ticket.cleared_at is not None:
        times["cleared"] = ticket.cleared_at
    if ticket.closed_at is not None:
        times["closed"] = ticket.closed_at
    return dict(sorted(times.items(), key=lambda item: item[1]))
