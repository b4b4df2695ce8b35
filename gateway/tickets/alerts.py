"""What alerts do to tickets: a new problem, a worse one, the same again, gone, and back after somebody said done.

Plain functions from a ticket to a decision; keeping what was decided is the desk's.
"""

import math
from dataclasses import replace

from gateway.core.types import Hold, Level, Status, Ticket
from gateway.tickets.decision import Decision, Reason
from gateway.tickets.gathering import Gathering
from gateway.tickets.holding import held_back, paused
from gateway.tickets.life import is_active
from gateway.tickets.raising import Seen, again, escalated, joined, raised, without
from gateway.tickets.reopening import reopened
from gateway.tickets.telling import noted, told
from gateway.tickets.terms import Terms
from rules.rule import Transition

APART_S = 3600.0
"""A problem that comes back sooner is the same case: repeats count what people would call another time."""


def announced(ticket: Ticket, gathering: Gathering, now: float) -> Decision:
    """A new ticket: told at once, held back for a while, or part of something larger."""
    terms = gathering.terms
    if (pause := paused(ticket, terms, now)) is not None:
        return held_back(ticket, *pause, now)
    gathering.note(ticket, now)
    if (parent := gathering.parent_for(ticket, now)) is not None:
        return gathering.join(ticket, parent, now)
    if _may_have_company(ticket, gathering):
        return held_back(ticket, Hold.CAUSE, now + terms.common.within, now)
    return created(Reason.NEW_PROBLEM, ticket, terms, now)


def released(ticket: Ticket, gathering: Gathering, now: float) -> list[Decision]:
    """A ticket that need not be held back any longer. What cleared meanwhile is told so, too."""
    terms = gathering.terms
    if (pause := paused(ticket, terms, now)) is not None:
        return [Decision(Reason.HELD_BACK, replace(ticket, held=pause[0], held_until=pause[1]))]
    waited = ticket.held is not Hold.CAUSE
    free = replace(ticket, held=None, held_until=None)
    if waited:  # whoever was not to be told cannot have been late
        free = replace(free, due=terms.due(free.policy, now), overdue=())
        gathering.note(free, now)
        if (parent := gathering.parent_for(free, now)) is not None:
            return [gathering.join(free, parent, now)]
        if _may_have_company(free, gathering):  # all that waited for the morning is released in one moment
            return [held_back(free, Hold.CAUSE, now + terms.common.within, now)]
    first = created(Reason.RELEASED, replace(free, cleared_at=None), terms, now)
    if ticket.cleared_at is None or first.ticket is None:
        return [first]
    gone = replace(first.ticket, cleared_at=ticket.cleared_at)
    return [first, told(Reason.CLEARED, gone, "condition_cleared", now, terms)]


def own_raised(ticket: Ticket, reason: Reason, terms: Terms, now: float) -> Decision:
    """A ticket that no rule made; the pauses of a device hold for it, too."""
    pause = paused(ticket, terms, now)
    return held_back(ticket, *pause, now) if pause is not None else created(reason, ticket, terms, now)


def created(reason: Reason, ticket: Ticket, terms: Terms, now: float) -> Decision:
    """The first message of a ticket."""
    fresh = replace(ticket, nodes={**ticket.nodes, "created": now})
    extra: dict[str, object] = {}
    if _is_under_maintenance(ticket, terms, now):
        extra["uncounted"] = True
    if "entrapment" in ticket.kind and "repeat" not in ticket.evidence:  # nobody waits in a list of cases
        extra = {"notices": {"entrapment": terms.letter("entrapment", fresh, now)}}
    return told(reason, fresh, "created", now, terms, extra)


def worse(ticket: Ticket, seen: Seen, gathering: Gathering, now: float) -> Decision:
    """Yellow becomes red; whatever held it back need not hold a red, but another red may explain it."""
    terms = gathering.terms
    red = gathering.let_out(escalated(ticket, seen, terms, now))
    if red.parent:
        return noted(Reason.WORSE, red, "escalated", now)
    if ticket.held is None and not ticket.parent:
        return told(Reason.WORSE, red, "escalated", now, terms)
    if (pause := paused(red, terms, now)) is not None:
        return noted(Reason.WORSE, replace(red, held=pause[0], held_until=pause[1]), "escalated", now)
    free = replace(red, held=None, held_until=None)
    gathering.note(free, now)
    if (parent := gathering.parent_for(free, now)) is not None:
        return gathering.join(free, parent, now)
    return created(Reason.WORSE, free, terms, now)


def counted(ticket: Ticket, seen: Seen, terms: Terms, now: float) -> Decision:
    """Another rule of the kind joins, or the problem has come back on a ticket that is still open."""
    ticket = replace(ticket, doubts=tuple(dict.fromkeys((*ticket.doubts, *seen.doubts))))
    if ticket.firing or ticket.cleared_at is None:
        return Decision(Reason.JOINED, replace(ticket, firing=joined(ticket.firing, seen.rule.id)))
    back = again(ticket, seen.rule.id, seen.transition.time)
    is_told = ticket.held is None and not ticket.parent
    counts = is_told and not back.flapping and back.came[-1] - back.came[-2] >= APART_S
    uncounted = {} if counts and not _is_under_maintenance(ticket, terms, now) else {"uncounted": True}
    if is_told and (_is_worth_telling(back) or (back.flapping and not ticket.flapping)):
        said = {"flapping": back.flapping, **uncounted}
        return told(Reason.AGAIN, back, "occurred_again", now, terms, said)
    if counts:
        return noted(Reason.AGAIN_QUIETLY, back, "occurred_again", now, uncounted)
    return Decision(Reason.AGAIN_QUIETLY, back)


def cleared(ticket: Ticket | None, transition: Transition, terms: Terms, now: float) -> Decision:
    """One of its alerts has ended."""
    if ticket is None or transition.rule not in ticket.firing:
        return Decision(Reason.NO_TICKET)
    quiet = without(ticket, transition.rule, transition.time)
    if quiet.firing:
        return Decision(Reason.STILL_FIRING, quiet)
    return gone(Reason.CLEARED, quiet, terms, now)


def gone(reason: Reason, quiet: Ticket, terms: Terms, now: float, extra: dict[str, str] | None = None) -> Decision:
    """The condition of a ticket went away; told, unless nobody has been told that it was there."""
    if quiet.held in {Hold.MAINTENANCE, Hold.SILENCE}:
        over = replace(quiet, status=Status.CLOSED, closed_at=now, held=None, held_until=None)
        return noted(Reason.WITHDRAWN, over, "withdrawn", now)
    if is_active(quiet):
        return Decision(Reason.STILL_FIRING, replace(quiet, cleared_at=None))
    if quiet.held is not None or quiet.parent or quiet.status is Status.CLOSED:
        return Decision(reason, quiet)
    if not quiet.told_active:
        return Decision(Reason.CLEARED_QUIETLY if reason is Reason.CLEARED else reason, quiet)
    if quiet.members:
        return told(Reason.RESTORED, quiet, "restored", now, terms, extra)
    return told(reason, quiet, "condition_cleared", now, terms, extra)


def back(ticket: Ticket, seen: Seen, terms: Terms, now: float) -> Decision:
    """It fires again although somebody said that it was done."""
    fired = again(ticket, seen.rule.id, seen.transition.time)
    if seen.level is Level.RED and ticket.level is Level.YELLOW:
        fired = escalated(fired, seen, terms, now)
    now_seen = raised(seen, terms, now)
    told_anew = {name: getattr(now_seen, name) for name in ("title", "advice", "basis", "guide", "evidence", "doubts")}
    return reopened(replace(fired, **told_anew), Reason.BACK, terms, now, {"why": "back", **_counted_as(fired)})


def _may_have_company(ticket: Ticket, gathering: Gathering) -> bool:
    """Whether a yellow problem that is there waits for others of the same cause."""
    return ticket.level is Level.YELLOW and ticket.cleared_at is None and gathering.may_be_shared(ticket)


def _counted_as(back: Ticket) -> dict[str, object]:
    """What comes back at once is the same case, whatever was said of it in between."""
    return {} if len(back.came) > 1 and back.came[-1] - back.came[-2] >= APART_S else {"uncounted": True}


def _is_under_maintenance(ticket: Ticket, terms: Terms, now: float) -> bool:
    """What happens while somebody works on a device says nothing of how often it fails."""
    device = terms.devices.get(ticket.device)
    return device is not None and terms.pauses.maintenance(device, ticket.kind, now) is not None


def _is_worth_telling(ticket: Ticket) -> bool:
    """Whether the 1st, 2nd, 4th, 8th ... time: a flapping sensor must not flood anyone."""
    return math.log2(ticket.occurrences).is_integer()
