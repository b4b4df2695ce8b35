"""Turns a message into the request that the dispatch API expects. Pure, and done at the moment of sending.

The outbox keeps tickets in our own words, so a new mapping also holds for tickets that are still waiting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from gateway.core.types import Message, Status, Ticket

LONGEST_DESCRIPTION = 2000
"""Letters: work-order systems keep a description in a column of 2,000 or more, and refuse or cut what is longer."""

_TICKET = TypeAdapter(Ticket)
_DUE = {"acknowledge": "ack"}
_STATUS = {Status.OPEN: "new", Status.ACKNOWLEDGED: "acknowledged", Status.CLOSED: "closed"}


class Unmappable(Exception):
    """The message's body is not a ticket; it is parked, never sent half."""


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What the receiver is told about where a ticket comes from."""

    gateway: str
    community: str
    zone: tzinfo = UTC


class Request(NamedTuple):
    """A request to the dispatch API; `path` goes behind its base address."""

    method: str
    path: str
    json: Mapping[str, Any]


def wire(message: Message, site: SiteFacts) -> Request:
    """The request for a message: a work order for the creation, an event of it for all others. Raises Unmappable."""
    try:
        ticket = _TICKET.validate_python(message.body["ticket"])
        if message.event == "created":
            return Request("POST", "/work-orders", _work_order(message, ticket, site))
        return Request("POST", events_path(message), _event(message, ticket, site))
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, ValidationError) as error:
        raise Unmappable(f"{type(error).__name__} in the message's ticket") from error


def lookup_path(message: Message) -> str:
    """Where the receiver lists what it has of the message's ticket."""
    if message.event == "created":
        return f"/work-orders?external_id={quote(message.ticket, safe='')}"
    return events_path(message)


def events_path(message: Message) -> str:
    """The events of the message's ticket at the receiver."""
    return f"/work-orders/{quote(message.ticket, safe='')}/events"


def _work_order(message: Message, ticket: Ticket, site: SiteFacts) -> dict[str, Any]:
    return {
        "spec": "ticket/1.0",
        "external_id": ticket.id,
        "idempotency_key": message.key,
        "kind": "pre_complaint",
        "level": str(message.level),
        "policy": ticket.policy,
        "title": ticket.title,
        "description": _description(ticket, ticket.evidence),
        "category": ticket.kind,
        "source": {
            "type": "iot",
            "gateway": site.gateway,
            "rule": ticket.rule,
            "detector": next(iter(ticket.evidence.get("scores") or ()), None),
        },
        "location": {"community": site.community, **ticket.location, "asset_id": ticket.device},
        "occurred_at": _iso(ticket.fired_at, site),
        "detected_at": _iso(ticket.detected_at, site),
        "created_at": _iso(message.created_at, site),
        "due": _due(ticket, site),
        "evidence": [{"type": "values", **ticket.evidence}] if ticket.evidence else [],
        "advice": ticket.advice,
        "occurrences": ticket.occurrences,
        "status": _STATUS[ticket.status],
    }


def _event(message: Message, ticket: Ticket, site: SiteFacts) -> dict[str, Any]:
    escalated = message.event == "escalated"
    event = {
        "spec": "ticket-event/1.0",
        "external_id": ticket.id,
        "idempotency_key": message.key,
        "number": message.number,
        "event": message.event,
        "at": _iso(message.created_at, site),
        "by": message.body.get("by"),
        "verdict": message.body.get("verdict"),
        "reason": message.body.get("reason"),
        "level": str(message.level),
        "title": ticket.title,
        "description": _description(ticket, ticket.evidence.get("escalated", {})) if escalated else None,
        "due": _due(ticket, site),
        "occurrences": ticket.occurrences,
        "status": _STATUS[ticket.status],
        "cleared_at": None if ticket.cleared_at is None else _iso(ticket.cleared_at, site),
    }
    return {name: value for name, value in event.items() if value is not None}


def _description(ticket: Ticket, evidence: Mapping[str, Any]) -> str:
    """What is wrong, what to do, and why a score says so: the receiver shows people this, and rarely the evidence."""
    why = [str(score.get("text", "")) for score in (evidence.get("scores") or {}).values()]
    text = "\n".join(line for line in (ticket.title, ticket.advice, *why) if line)
    return text if len(text) <= LONGEST_DESCRIPTION else text[: LONGEST_DESCRIPTION - 1] + "…"


def _due(ticket: Ticket, site: SiteFacts) -> dict[str, str]:
    return {_DUE.get(name, name): _iso(time, site) for name, time in ticket.due.items()}


def _iso(time: float, site: SiteFacts) -> str:
    return datetime.fromtimestamp(time, site.zone).isoformat(timespec="milliseconds")
