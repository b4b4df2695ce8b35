"""What people do to tickets, here or at the property company: a ticket and what was said in, a decision out. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.core.casework import Callback, Happening
from gateway.core.types import Status, Ticket, Verdict
from gateway.core.wording import LetterName
from gateway.tickets import life
from gateway.tickets.decision import Decision, Reason
from gateway.tickets.ledger import closing_of
from gateway.tickets.limits import RANK
from gateway.tickets.reopening import reopened
from gateway.tickets.telling import noted, told
from gateway.tickets.terms import Terms

_EVENT = {Happening.ACCEPTED: "acknowledged"}
"""What the dispatch API calls it, if it learns it from us."""
_REASON = {
    Happening.ACCEPTED: Reason.ACKNOWLEDGED,
    Happening.RESOLVED: Reason.RESOLVED,
    Happening.CLOSED: Reason.CLOSED,
}
_LETTER: Mapping[Happening, LetterName] = {
    Happening.ACCEPTED: "accepted",
    Happening.PROGRESS: "progress",
    Happening.CLOSED: "review",
}


def heard(ticket: Ticket, callback: Callback, terms: Terms, now: float, *, is_news: bool) -> Decision:
    """What becomes of a ticket. With `is_news` the dispatch API must learn of it, if it knows the ticket at all."""
    said = _said(callback)
    if life.is_refusal(callback):
        return _refused(ticket, callback, terms, now)
    policy = terms.policy(ticket)
    if callback.event is Happening.CLOSED and policy.evidence and not (callback.evidence or ticket.evidence_refs):
        return Decision(Reason.EVIDENCE_NEEDED, ticket)
    moved = life.moved_on(ticket, callback, policy, terms.hours, now)
    if moved == ticket:
        return Decision(Reason.NOTHING_NEW, ticket)
    is_further = RANK[moved.status] > RANK[ticket.status]
    reason = _REASON.get(callback.event, Reason.MOVED_ON) if is_further else Reason.MOVED_ON
    verdict = Verdict(callback.verdict)
    closing = None
    if is_further and moved.status is Status.CLOSED:
        moved, closing = life.closed(moved, verdict, now), closing_of(ticket, verdict, callback.by, now)
    event = _EVENT.get(callback.event, str(callback.event))
    is_told = ticket.messages > 0  # of what was done before it was told nobody hears
    letter = _LETTER.get(callback.event) if is_told and is_further else None
    if letter is not None:
        said["notices"] = {letter: terms.letter(letter, moved, now)}
    if is_told and is_news and (is_further or callback.event is Happening.PROGRESS):
        return replace(told(reason, moved, event, now, terms, said), closing=closing)
    if letter is not None:  # what to tell the residents; the receiver knows the rest
        return replace(told(reason, moved, "notice", now, terms, said, line=event), closing=closing)
    return replace(noted(reason, moved, event, now, said), closing=closing)


def refused_too_late(ticket: Ticket, callback: Callback, now: float) -> Decision:
    """Somebody does not accept the work on a closed ticket, but the problem has another ticket by now."""
    return noted(Reason.NOTHING_NEW, ticket, str(callback.event), now, _said(callback))


def _refused(ticket: Ticket, callback: Callback, terms: Terms, now: float) -> Decision:
    """Nobody takes the work on, or somebody does not accept it."""
    said = _said(callback)
    if callback.event is Happening.SURVEY and RANK[ticket.status] < RANK[Status.RESOLVED]:
        return noted(Reason.NOTHING_NEW, ticket, "survey", now, said)
    return reopened(ticket, Reason.REJECTED, terms, now, {**said, "why": str(callback.event)})


def _said(callback: Callback) -> dict[str, object]:
    found = {
        "by": callback.by,
        "text": callback.text,
        "percent": callback.percent,
        "minutes_left": callback.minutes_left,
        "evidence": list(callback.evidence),
        "score": callback.score,
        "callback": callback.id,
        "verdict": callback.verdict if callback.event is Happening.CLOSED else "",
    }
    return {name: value for name, value in found.items() if value not in (None, "", [])}
