"""What the states of a work order mean, and which of them say something that a ticket does not know yet. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.core.casework import Callback, Happening
from gateway.core.messages import printable
from gateway.core.types import Status, Ticket, Verdict

OURS = "gateway"
"""Who put a state there, if we did: what the receiver says in `state_by`."""

_RANK = {status: rank for rank, status in enumerate(Status)}
_REACHED = {
    Happening.ACCEPTED: Status.ACKNOWLEDGED,
    Happening.DEPARTED: Status.DISPATCHED,
    Happening.ARRIVED: Status.ON_SITE,
    Happening.PROGRESS: Status.IN_PROGRESS,
    Happening.RESOLVED: Status.RESOLVED,
    Happening.CLOSED: Status.CLOSED,
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What has happened to an order in some state; None if nothing that concerns the ticket."""

    event: Happening | None = None
    verdict: Verdict | None = None


STATES: Mapping[str, Meaning] = {
    "new": Meaning(),
    "open": Meaning(),
    "acknowledged": Meaning(Happening.ACCEPTED),
    "accepted": Meaning(Happening.ACCEPTED),
    "dispatched": Meaning(Happening.DEPARTED),
    "departed": Meaning(Happening.DEPARTED),
    "on_site": Meaning(Happening.ARRIVED),
    "arrived": Meaning(Happening.ARRIVED),
    "in_progress": Meaning(Happening.PROGRESS),
    "progress": Meaning(Happening.PROGRESS),
    "suspended": Meaning(),
    "resolved": Meaning(Happening.RESOLVED),
    "verified": Meaning(Happening.RESOLVED),
    "closed": Meaning(Happening.CLOSED),
    "false_alarm": Meaning(Happening.CLOSED, Verdict.FALSE),
    "rejected": Meaning(Happening.REJECTED),
    "merged": Meaning(),
    "escalated": Meaning(),
}
"""Every state of our own API, and the names of the callbacks for those who use these."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What an order says of itself, as far as it can be read; the rest is passed over."""

    state: str
    by: str  # who put it into that state
    at: float | None  # when, in seconds since 1970
    handler: str
    percent: float | None
    minutes_left: float | None
    text: str
    evidence: tuple[str, ...]
    verdict: Verdict | None = None


def seen(state: str, said: Mapping[str, Any]) -> Seen:
    """Read a foreign order."""
    evidence = said.get("evidence")
    return Seen(
        state=short(state).strip().lower(),
        by=_text(said, "state_by"),
        at=_time(said.get("state_at")),
        handler=_text(said, "handler"),
        percent=_number(said.get("progress_pct"), 100.0),
        minutes_left=_number(said.get("eta_min"), 1e6),
        text=_text(said, "text", 2000),
        evidence=tuple(short(each, 500) for each in evidence[:20] if isinstance(each, str))
        if isinstance(evidence, list)
        else (),
        verdict=next((each for each in Verdict if said.get("verdict") == each), None),
    )


def is_news(ticket: Ticket, meaning: Meaning, order: Seen) -> bool:
    """Whether the order is further than the ticket. What we put there ourselves is nobody's word."""
    if meaning.event is None or order.by == OURS:
        return False
    if meaning.event is Happening.PROGRESS and ticket.status is Status.IN_PROGRESS:
        return order.percent is not None and order.percent != ticket.percent
    reached = _REACHED.get(meaning.event)
    return reached is None or _RANK[reached] > _RANK[ticket.status]


def callback_of(ticket: Ticket, meaning: Meaning, order: Seen, start: str, now: float) -> Callback | None:
    """The same as a callback; the same state of the same ticket has the same id, which begins with `start`."""
    if meaning.event is None:
        return None
    progress = "" if meaning.event is not Happening.PROGRESS or order.percent is None else f"/{order.percent:g}"
    return Callback(
        id=f"{start}{ticket.id}/{ticket.reopened}/{order.state}{progress}",
        ticket=ticket.id,
        event=meaning.event,
        at=now if order.at is None else order.at,
        by=order.handler or order.by,
        percent=order.percent,
        minutes_left=order.minutes_left,
        text=order.text,
        evidence=order.evidence,
        verdict=str(meaning.verdict or order.verdict or Verdict.DONE),
    )


def short(text: str, most: int = 128) -> str:
    """A foreign text, cut, and without what could drive a terminal."""
    return printable(text[:most])


def _text(said: Mapping[str, Any], key: str, most: int = 128) -> str:
    value = said.get(key)
    return short(value, most).strip() if isinstance(value, str) else ""


def _number(value: object, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= most else None


def _time(value: object) -> float | None:
    """Seconds since 1970, between 2000 and 2100, of a number or of an ISO 8601 time with its offset."""
    if isinstance(value, str):
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            return None
        value = None if time.tzinfo is None else time.timestamp()
    seconds = _number(value, 4_102_444_800.0)
    return seconds if seconds is not None and seconds >= 946_684_800.0 else None
