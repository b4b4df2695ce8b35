"""Moves a ticket on when people say something of it: accepted, on the way, there, done, not accepted. Pure.

Whatever the order in which callbacks arrive, a ticket only moves forward; an old one fills in the time of its node.
"""

from dataclasses import replace

from gateway.core.casework import Callback, Happening
from gateway.core.policy import Policy
from gateway.core.types import Status, Ticket, Verdict
from gateway.core.worktime import WorkingHours
from gateway.tickets.limits import RANK

GOOD_SCORE = 80.0
"""A survey below it means that the work is looked at again (回头看)."""
STILL_S = 3600.0
"""How long a condition may go on after somebody said that it is done: some need a while to calm down."""

SKEW_S = 300.0
"""How far the property company's clock may be behind ours."""

STATUS = {
    Happening.ACCEPTED: Status.ACKNOWLEDGED,
    Happening.DEPARTED: Status.DISPATCHED,
    Happening.ARRIVED: Status.ON_SITE,
    Happening.PROGRESS: Status.IN_PROGRESS,
    Happening.RESOLVED: Status.RESOLVED,
    Happening.CLOSED: Status.CLOSED,
}
_WORKING = {Happening.ACCEPTED, Happening.DEPARTED, Happening.ARRIVED, Happening.PROGRESS}


def is_refusal(callback: Callback) -> bool:
    """Whether somebody does not accept the work, or does not take it on."""
    low = callback.event is Happening.SURVEY and callback.score is not None and callback.score < GOOD_SCORE
    return low or callback.event is Happening.REJECTED


def moved_on(ticket: Ticket, callback: Callback, policy: Policy, hours: WorkingHours, now: float) -> Ticket:
    """The ticket after a callback that is no refusal. What it says of the future is believed if it is the latest.

    What happened before the ticket was opened again says nothing of the work that is to come.
    """
    if callback.at < ticket.nodes.get("reopened", 0.0) - SKEW_S:
        return ticket
    at = min(max(callback.at, ticket.detected_at), now)
    latest = at >= max((ticket.nodes.get(each, 0.0) for each in _WORKING), default=0.0)
    moved = replace(
        ticket,
        nodes=_nodes(ticket, callback, at),
        evidence_refs=tuple(dict.fromkeys((*ticket.evidence_refs, *callback.evidence))),
        handler=callback.by if callback.by and latest and callback.event in _WORKING else ticket.handler,
    )
    if latest and callback.minutes_left is not None:
        moved = replace(moved, expected_at=at + 60.0 * callback.minutes_left)
    if latest and callback.percent is not None:
        moved = replace(moved, percent=callback.percent)
    status = STATUS.get(callback.event, ticket.status)
    if RANK[status] <= RANK[ticket.status]:
        return moved
    moved = replace(moved, status=status)
    return _done(moved, policy, hours, now) if RANK[status] >= RANK[Status.RESOLVED] else moved


def closed(ticket: Ticket, verdict: Verdict, now: float) -> Ticket:
    """A ticket that is being closed. Nobody watches what was normal, false, or verified: its alerts are its no more."""
    over = replace(
        ticket,
        status=Status.CLOSED,
        closed_at=now,
        watched_until=ticket.watched_until if verdict is Verdict.DONE else None,
        raise_at=None,
        held=None,
        held_until=None,
    )
    if over.watched_until is not None:
        return over
    return replace(over, firing=(), cleared_at=now if over.cleared_at is None else over.cleared_at)


def reopened(ticket: Ticket, due: dict[str, float], now: float) -> Ticket:
    """The same problem, once more from the start, one step higher (二次处置)."""
    kept = {name: at for name, at in ticket.nodes.items() if name in {"created", "reopened"}}
    return replace(
        ticket,
        status=Status.OPEN,
        nodes={**kept, "reopened": now},
        due=due,
        overdue=(),
        raise_at=None,
        step=ticket.step + 1,
        reopened=ticket.reopened + 1,
        closed_at=None,
        watched_until=None,
        members=() if ticket.status is Status.CLOSED else ticket.members,  # they were let go when it was closed
        expected_at=None,
        percent=None,
    )


def is_active(ticket: Ticket) -> bool:
    """Whether the problem is there: on its own device, or on one of those that share its cause."""
    has_members = ticket.status is not Status.CLOSED
    return bool(ticket.firing) or (has_members and any(each.cleared_at is None for each in ticket.members))


def _nodes(ticket: Ticket, callback: Callback, at: float) -> dict[str, float]:
    """Each node keeps its first time, progress its last; evidence after the work is done is the report."""
    name = str(callback.event)
    nodes = dict(ticket.nodes)
    if callback.event is Happening.PROGRESS:
        nodes[name] = max(at, nodes.get(name, at))
    else:
        nodes[name] = min(at, nodes.get(name, at))
    if callback.evidence and RANK[ticket.status] >= RANK[Status.RESOLVED]:
        nodes.setdefault("report", at)
    return nodes


def _done(ticket: Ticket, policy: Policy, hours: WorkingHours, now: float) -> Ticket:
    """From now on the readings are watched; while the condition holds on, only so long."""
    if ticket.watched_until is not None or "verified" in ticket.nodes:
        return ticket
    watch_s = min(policy.watch, STILL_S) if is_active(ticket) else policy.watch
    report_at = policy.report_due(now, hours)
    due = ticket.due if report_at is None else {**ticket.due, "report": report_at}
    return replace(ticket, watched_until=now + watch_s, due=due, raise_at=None)
