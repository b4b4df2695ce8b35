"""Turns a message into the request that the dispatch API expects. Pure, and done at the moment of sending.

The outbox keeps tickets in our own words, so a new mapping also holds for tickets that are still waiting.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from gateway.core.types import Message, PublicState, Status, Ticket

LONGEST_DESCRIPTION = 2000
"""Letters: work-order systems keep a description in a column of 2,000 or more, and refuse or cut what is longer."""
SESSION_PATH = "/session"
"""Answers whether the token is good, and nothing else."""

_TICKET = TypeAdapter(Ticket)
_LIMITS = {"acknowledge": "ack"}
_STATUS = {Status.OPEN: "new"}
_PUBLIC = {PublicState.RECEIVED: "已受理", PublicState.UNDER_WAY: "处理中", PublicState.DONE: "已完成"}
_OUR_EXTRAS = {"event", "at", "ticket"}
_DESCRIBED = {"escalated", "reopened"}
_MOVING = {
    *("created", "acknowledged", "departed", "arrived", "progress", "resolved", "verified", "closed", "reopened"),
}
"""The messages that say how far a ticket is. Of any other the receiver may know better: its people move it on."""
MOST_LISTED = 200
"""Members with their state; further ones are named alone, so that a message of a whole site stays below 64 KiB."""

_GROUPED = {"created", "escalated", "members", "restored"}
"""The messages that list the members of a common cause; there may be hundreds of them."""


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
    return f"{events_path(message)}?idempotency_key={quote(message.key, safe='')}"


def events_path(message: Message) -> str:
    """The events of the message's ticket at the receiver."""
    return f"{order_path(message.ticket)}/events"


def order_path(ticket: str) -> str:
    """The work order of a ticket."""
    return f"/work-orders/{quote(ticket, safe='')}"


def _work_order(message: Message, ticket: Ticket, site: SiteFacts) -> dict[str, Any]:
    order = {
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
        "evidence": [{"type": "values", **ticket.evidence}] if ticket.evidence else [],
        "advice": ticket.advice,
        "basis": ticket.basis or None,
        "guide": ticket.guide or None,
    }
    return _given({**_extras(message), **order, **_standing(message, ticket, site)})


def _event(message: Message, ticket: Ticket, site: SiteFacts) -> dict[str, Any]:
    described = _description(ticket, ticket.evidence.get("escalated", {})) if message.event in _DESCRIBED else None
    event = {
        "spec": "ticket-event/1.0",
        "external_id": ticket.id,
        "idempotency_key": message.key,
        "number": message.number,
        "event": message.event,
        "at": _iso(message.created_at, site),
        "level": str(message.level),
        "title": ticket.title,
        "description": described,
        "cleared_at": None if ticket.cleared_at is None else _iso(ticket.cleared_at, site),
    }
    return _given({**_extras(message), **event, **_standing(message, ticket, site)})


def _standing(message: Message, ticket: Ticket, site: SiteFacts) -> dict[str, Any]:
    """How the ticket stands now; the same in a work order and in each of its events."""
    moves = message.event in _MOVING
    expected, stamps = ticket.expected_at, {"reading": ticket.fired_at, "decision": ticket.detected_at}
    return {
        "due": {_LIMITS.get(name, name): _iso(time, site) for name, time in ticket.due.items()},
        "occurrences": ticket.occurrences,
        "status": _STATUS.get(ticket.status, str(ticket.status)) if moves else None,
        "public_state": _PUBLIC[ticket.status.public] if moves else None,
        "assignee": {"staff": ticket.handler} if ticket.handler else None,
        "expected_at": None if expected is None else _iso(expected, site),
        "eta_min": None if expected is None else max(0, math.ceil((expected - message.created_at) / 60.0)),
        "progress_pct": ticket.percent,
        "escalation": _escalation(ticket),
        "reopened": ticket.reopened or None,
        "repeat": ticket.evidence.get("repeat"),
        "flapping": ticket.flapping or None,
        "group": _group(ticket, site) if message.event in _GROUPED else None,
        "nodes": {name: _iso(time, site) for name, time in ticket.nodes.items()} or None,
        "evidence_refs": list(ticket.evidence_refs) or None,
        "stamps": {name: _iso(time, site) for name, time in {**stamps, "message": message.created_at}.items()},
    }


def _escalation(ticket: Ticket) -> dict[str, Any] | None:
    """How high the ticket has been raised on the ladder, and for which limits that were missed."""
    if not ticket.step and not ticket.overdue:
        return None
    return {"step": ticket.step, "overdue": [_LIMITS.get(name, name) for name in ticket.overdue]}


def _group(ticket: Ticket, site: SiteFacts) -> dict[str, Any] | None:
    """What other devices share the cause, or whose cause this ticket shares."""
    if ticket.parent:
        return {"parent": ticket.parent}
    if not ticket.members:
        return None
    listed, others = ticket.members[:MOST_LISTED], ticket.members[MOST_LISTED:]
    members = [
        {
            "device": member.device,
            "kind": member.kind,
            "level": str(member.level),
            "since": _iso(member.since, site),
            "cleared_at": None if member.cleared_at is None else _iso(member.cleared_at, site),
            "title": member.title,
        }
        for member in listed
    ]
    named = {"others": [member.device for member in others]} if others else {}
    return {"cause": ticket.cause, "count": len(ticket.members), "members": members, **named}


def _extras(message: Message) -> dict[str, Any]:
    """What else the desk has to say, as it is; notices, charts, which limit was missed."""
    said = {name: value for name, value in message.body.items() if name not in _OUR_EXTRAS and _is_json(value)}
    if isinstance(limit := said.get("limit"), str):
        said["limit"] = _LIMITS.get(limit, limit)
    return said


def _is_json(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _is_json(each) for name, each in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_json, value))
    return value is None or isinstance(value, (str, int, float))


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _description(ticket: Ticket, evidence: Mapping[str, Any]) -> str:
    """What is wrong, what to do, and why a score says so: the receiver shows people this, and rarely the evidence."""
    why = [str(score.get("text", "")) for score in (evidence.get("scores") or {}).values()]
    text = "\n".join(line for line in (ticket.title, ticket.advice, *why) if line)
    return text if len(text) <= LONGEST_DESCRIPTION else text[: LONGEST_DESCRIPTION - 1] + "…"


def _iso(time: float, site: SiteFacts) -> str:
    return datetime.fromtimestamp(time, site.zone).isoformat(timespec="milliseconds")
