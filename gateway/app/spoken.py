"""What people at this machine say of tickets, and what they silence: the same whether the daemon runs or not."""

import secrets
from dataclasses import replace

from gateway.core.casework import Callback, Happening, Silence
from gateway.core.denial import Denied, Missing
from gateway.core.ticket_settings import matches
from gateway.core.types import Status
from gateway.tickets.decision import Decision, Reason
from gateway.tickets.desk import Desk
from gateway.tickets.pauses import in_force
from rules.duration import DAY_S

LONGEST_SILENCE_S = 31 * DAY_S
_UNTOLD = {Happening.ACCEPTED, Happening.CLOSED}
"""All that can be said of a ticket that nobody has been told of."""


def decided(desk: Desk, said: Callback, now: float) -> Decision:
    """What becomes of a ticket of which a person says something now. Raises Denied with the desk unchanged."""
    ticket = desk.ticket(said.ticket)
    if ticket is None or (ticket.status is Status.CLOSED and said.event is not Happening.REJECTED):
        raise Missing("no_open_ticket", "there is no open ticket {ticket}", ticket=said.ticket)
    words = {"ticket": ticket.id, "parent": ticket.parent}
    if ticket.parent:
        raise Denied("part_of_another", "ticket {ticket} is part of {parent}; say it of that one", **words)
    if ticket.messages == 0 and said.event not in _UNTOLD:
        english = "ticket {ticket} is held back and nobody has been told of it yet; it can be acknowledged or closed"
        raise Denied("not_told_yet", english, **words)
    decision = desk.hear(replace(said, at=now), now, is_news=True)
    if decision is None or decision.reason is Reason.EVIDENCE_NEEDED:
        english = "closing ticket {ticket} needs evidence: add a reference to a photograph or a report"
        raise Denied("evidence_needed", english, **words)
    return decision


def silenced(desk: Desk, asked: Silence, lasts_s: float, now: float) -> Silence:
    """A silence that begins now, with an id of its own. Raises Denied if it would hold back nothing, or too much."""
    if not (asked.device or asked.building or asked.kind):
        raise Denied("silence_of_all", "a silence needs a device, a building or a class: it must not hold back all")
    if not asked.reason:
        raise Denied("silence_without_reason", "a silence needs a reason")
    if not 0.0 < lasts_s <= LONGEST_SILENCE_S:
        raise Denied("silence_too_long", "a silence lasts more than nothing and at most 31 days")
    devices = desk.terms.devices
    if asked.device and asked.device not in devices:
        raise Denied("why_no_device", "there is no device {name}{hint}", name=asked.device, hint="")
    if asked.building and asked.building not in {each.location.get("building") for each in devices.values()}:
        raise Denied("no_building", "no device stands in building {name}", name=asked.building)
    kinds = {rule.kind or rule.id for rule in desk.rules.values()}
    if asked.kind and not any(matches(asked.kind, each) for each in (*kinds, *(f"repeat.{each}" for each in kinds))):
        raise Denied("no_class", "no rule has the class {name}; * stands for any characters", name=asked.kind)
    return replace(asked, id=secrets.token_hex(4), made_at=now, until=now + lasts_s)


def ended(desk: Desk, silence_id: str, now: float) -> Silence:
    """A silence that ends now. Raises Missing if none of that id is in force."""
    found = next((each for each in in_force(desk.terms.pauses.silences, now) if each.id == silence_id), None)
    if found is None:
        raise Missing("no_silence", "there is no silence {silence} in force", silence=silence_id)
    return replace(found, until=now)
