"""What time does to tickets: limits that are missed, holds that end, work that proves good, yellows that may close."""

from dataclasses import replace

from gateway.core.types import Status, Ticket
from gateway.tickets.alerts import released
from gateway.tickets.decision import Decision, Reason
from gateway.tickets.gathering import Gathering
from gateway.tickets.life import is_active
from gateway.tickets.limits import closes_itself_at, pending, still_missed
from gateway.tickets.reopening import raised_to, reopened
from gateway.tickets.telling import noted, told
from gateway.tickets.terms import Terms


def look(ticket: Ticket, gathering: Gathering, now: float) -> list[Decision]:
    """All that has become due of a ticket, in the order in which it would have happened."""
    terms = gathering.terms
    if ticket.held is not None:
        return released(ticket, gathering, now)
    if ticket.watched_until is not None and ticket.watched_until <= now:
        return [_watched(ticket, terms, now)]
    if closes_itself_at(ticket, terms.policy(ticket)) <= now:
        over = replace(ticket, status=Status.CLOSED, closed_at=now)
        return [told(Reason.CLOSED_ITSELF, over, "closed", now, terms, {"reason": "clear"})]
    decisions: list[Decision] = []
    for limit in sorted((name for name, at in pending(ticket).items() if at <= now), key=ticket.due.__getitem__):
        decisions.append(_missed(ticket, limit, terms, now))
        ticket = decisions[-1].ticket or ticket
    if not decisions and ticket.raise_at is not None and ticket.raise_at <= now and still_missed(ticket):
        decisions.append(_missed(ticket, still_missed(ticket)[-1], terms, now))
    return decisions


def _missed(ticket: Ticket, limit: str, terms: Terms, now: float) -> Decision:
    """A limit was missed, or is missed still: the next step of the ladder looks after it.

    Where somebody has to be on site within minutes, an acknowledgement that is missing only asks for more channels: the
    ladder goes by who is there.
    """
    top = len(terms.steps(ticket)) - 1
    climbs = limit != "acknowledge" or "on_site" not in ticket.due
    step = min(ticket.step + climbs, max(top, 0))
    again = terms.policy(ticket).again
    overdue = ticket.overdue if limit in ticket.overdue else (*ticket.overdue, limit)
    next_at = now + again if again and step < top else None
    raise_at = next_at if climbs else ticket.raise_at
    late = replace(ticket, step=step, overdue=overdue, raise_at=raise_at)
    said = {"limit": limit, "again": limit in ticket.overdue, **raised_to(late, terms)}
    said["notices"] = {"delay": terms.letter("delay", late, now)}
    return told(Reason.OVERDUE, late, "overdue", now, terms, said)


def _watched(ticket: Ticket, terms: Terms, now: float) -> Decision:
    """The readings were watched long enough: the work is good, or it never was."""
    if is_active(ticket):
        return reopened(ticket, Reason.BACK, terms, now, {"why": "never_went_away"})
    watch_s = terms.policy(ticket).watch
    done_at = max(ticket.nodes.get("resolved", 0.0), ticket.nodes.get("closed", 0.0))
    until = max(done_at, ticket.cleared_at or 0.0) + watch_s
    if until > now:  # it took a while to calm down
        return Decision(Reason.NOTHING_NEW, replace(ticket, watched_until=until))
    good = replace(ticket, watched_until=None, nodes={**ticket.nodes, "verified": now})
    if not good.messages:
        return noted(Reason.VERIFIED, good, "verified", now)
    if good.status is Status.CLOSED:
        return told(Reason.VERIFIED, good, "verified", now, terms)
    return told(Reason.VERIFIED, replace(good, status=Status.VERIFIED), "verified", now, terms)
