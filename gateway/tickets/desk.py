"""Transitions in, tickets out: one open ticket per device and kind of problem, and only a person closes it.

The desk decides and remembers; it neither stores nor sends. Every decision carries a named reason, which reaches the
log and the metrics. It has no clock: `now` is handed in.

`latch: true` in a rule says that only a person closes its tickets. The desk keeps that promise to every rule: a
condition that clears is told, never closed. So the word changes nothing here; it holds for whoever adds closing by
itself one day, and must then keep a latched ticket out of it.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, tzinfo
from typing import Any

from drivers.device import Device, Profile
from gateway.core.messages import Language
from gateway.core.policy import Policy
from gateway.core.types import Level, Message, Status, Ticket, Verdict
from gateway.tickets import texts
from gateway.tickets.decision import Decision, Reason
from gateway.tickets.evidence import evidence_of
from gateway.tickets.explanation import Voice
from gateway.tickets.ledger import closing_of
from models.detector import Explanation
from rules.rule import Rule, Transition

__all__ = ["Decision", "Desk", "Reason"]

DEFAULT_POLICY = {Level.RED: "red_strict", Level.YELLOW: "yellow_48h"}


class Desk:
    """Holds the open tickets of a site, by device and kind."""

    def __init__(
        self,
        site: str,
        language: Language,
        rules: Mapping[str, Rule],
        policies: Mapping[str, Policy],
        open_tickets: Iterable[Ticket] = (),
        profiles: Iterable[Profile] = (),
        zone: tzinfo = UTC,
    ) -> None:
        """Take up tickets from before a restart; `follow` comes next, if rules may have changed meanwhile.

        Tickets call points as the profiles do, and show times on the wall clock of the zone.

        Raises ValueError for a rule whose policy is missing, lest it be found when the rule fires.
        """
        refuse_unknown_policies(rules, policies)
        self.site = site
        self.language = language
        self.voice = Voice(language, zone, {each.profile: each for each in profiles})
        self.rules = rules
        self.policies = policies
        self._open = {(ticket.device, ticket.kind): ticket for ticket in open_tickets}

    @property
    def open_tickets(self) -> tuple[Ticket, ...]:
        """All tickets that nobody has closed, oldest first."""
        return tuple(self._open.values())

    def receive(
        self, device: Device, transition: Transition, now: float, why: Mapping[str, Explanation] | None = None
    ) -> Decision:
        """Decide what a transition means for the tickets of its device."""
        rule = self.rules[transition.rule]
        ticket = self._open.get((device.id, rule.kind or rule.id))
        if transition.change == "cleared":
            return self._clear(ticket, transition, now)
        if ticket is None:
            return self._raise(device, rule, transition, now, why or {})
        if Level(transition.level) is Level.RED and ticket.level is Level.YELLOW:
            return self._escalate(ticket, device, rule, transition, now, why or {})
        return self._count(ticket, transition, now)

    def follow(
        self, rules: Mapping[str, Rule], policies: Mapping[str, Policy], firing: Collection[tuple[str, str]], now: float
    ) -> list[Decision]:
        """Go on by other rules, after a reload or a restart; `firing` are the rules and devices with an active alert.

        A ticket whose last alert ended with its rule is told so, since no reading will ever end it, and stays open.
        Raises ValueError, with nothing changed, as when the desk is made.
        """
        refuse_unknown_policies(rules, policies)
        self.rules, self.policies = rules, policies
        ended = [
            (ticket, rule)
            for ticket in self._open.values()
            for rule in ticket.firing
            if (rule, ticket.device) not in firing
        ]
        return [self._end(self._open[ticket.device, ticket.kind], rule, now) for ticket, rule in ended]

    def acknowledge(self, ticket_id: str, by: str, now: float) -> Decision | None:
        """Someone has seen the ticket. None if no such ticket is open."""
        ticket = self._find(ticket_id)
        if ticket is None:
            return None
        if ticket.status is Status.ACKNOWLEDGED:  # somebody pressed twice
            return Decision(Reason.ACKNOWLEDGED, ticket)
        seen = replace(ticket, status=Status.ACKNOWLEDGED)
        return self._keep(Reason.ACKNOWLEDGED, seen, "acknowledged", now, {"by": by})

    def close(self, ticket_id: str, by: str, now: float, verdict: Verdict = Verdict.DONE) -> Decision | None:
        """Someone says that it is over, and what it was. None if no such ticket is open."""
        ticket = self._find(ticket_id)
        if ticket is None:
            return None
        del self._open[ticket.device, ticket.kind]
        closed, said = replace(ticket, status=Status.CLOSED, closed_at=now), {"by": by, "verdict": str(verdict)}
        told, message = _message(closed, "closed", now, said)
        return Decision(Reason.CLOSED, told, (message,), closing_of(ticket, verdict, by, now))

    def _raise(
        self, device: Device, rule: Rule, transition: Transition, now: float, why: Mapping[str, Explanation]
    ) -> Decision:
        level = Level(transition.level)
        policy = rule.policy or DEFAULT_POLICY[level]
        ticket = Ticket(
            id=f"{self.site}:{device.id}:{rule.id}:{texts.stamp(transition.time)}",
            site=self.site,
            device=device.id,
            rule=rule.id,
            kind=rule.kind or rule.id,
            level=level,
            policy=policy,
            title=texts.title(rule, device, level, transition.evidence, self.language),
            advice=texts.advice(rule, self.language),
            fired_at=transition.time,
            detected_at=now,
            location=device.location,
            due=self.policies[policy].due(now),
            evidence=evidence_of(transition, why, device.profile, self.voice),
            firing=(rule.id,),
        )
        return self._keep(Reason.NEW_PROBLEM, ticket, "created", now)

    def _escalate(
        self,
        ticket: Ticket,
        device: Device,
        rule: Rule,
        transition: Transition,
        now: float,
        why: Mapping[str, Explanation],
    ) -> Decision:
        policy = rule.policy or DEFAULT_POLICY[Level.RED]
        worse = replace(
            ticket,
            level=Level.RED,
            policy=policy,
            title=texts.title(rule, device, Level.RED, transition.evidence, self.language),
            advice=texts.advice(rule, self.language) or ticket.advice,
            due=self.policies[policy].due(now),
            occurrences=ticket.occurrences + (ticket.cleared_at is not None),
            cleared_at=None,
            firing=_joined(ticket.firing, rule.id),
            evidence={**ticket.evidence, "escalated": evidence_of(transition, why, device.profile, self.voice)},
        )
        return self._keep(Reason.WORSE, worse, "escalated", now)

    def _count(self, ticket: Ticket, transition: Transition, now: float) -> Decision:
        if ticket.firing or ticket.cleared_at is None:
            joined = replace(ticket, firing=_joined(ticket.firing, transition.rule))
            return self._note(Reason.JOINED, joined)
        again = replace(ticket, occurrences=ticket.occurrences + 1, cleared_at=None, firing=(transition.rule,))
        if not _is_worth_telling(again):
            return self._note(Reason.AGAIN_QUIETLY, again)
        return self._keep(Reason.AGAIN, again, "occurred_again", now)

    def _clear(self, ticket: Ticket | None, transition: Transition, now: float) -> Decision:
        if ticket is None or transition.rule not in ticket.firing:
            return Decision(Reason.NO_TICKET)
        quiet = _without(ticket, transition.rule, transition.time)
        if quiet.firing:
            return self._note(Reason.STILL_FIRING, quiet)
        if not quiet.told_active:
            return self._note(Reason.CLEARED_QUIETLY, quiet)
        return self._keep(Reason.CLEARED, quiet, "condition_cleared", now)

    def _end(self, ticket: Ticket, rule: str, now: float) -> Decision:
        reason = Reason.RULE_CHANGED if rule in self.rules else Reason.RULE_REMOVED
        quiet = _without(ticket, rule, now)
        if quiet.firing or not quiet.told_active:
            return self._note(reason, quiet)
        return self._keep(reason, quiet, "condition_cleared", now, {"reason": reason.name.lower()})

    def _keep(
        self, reason: Reason, ticket: Ticket, event: str, now: float, extra: Mapping[str, Any] | None = None
    ) -> Decision:
        """Remember the ticket and tell the dispatch API of it."""
        told, message = _message(ticket, event, now, extra)
        self._open[ticket.device, ticket.kind] = told
        return Decision(reason, told, (message,))

    def _note(self, reason: Reason, ticket: Ticket) -> Decision:
        """Remember the ticket; nobody else need know."""
        self._open[ticket.device, ticket.kind] = ticket
        return Decision(reason, ticket)

    def _find(self, ticket_id: str) -> Ticket | None:
        return next((ticket for ticket in self._open.values() if ticket.id == ticket_id), None)


def refuse_unknown_policies(rules: Mapping[str, Rule], policies: Mapping[str, Policy]) -> None:
    """Raise ValueError for a rule whose policy is missing."""
    unknown = {rule.policy for rule in rules.values() if rule.policy} - policies.keys()
    if unknown:
        raise ValueError(f"no such policy: {', '.join(sorted(unknown))}")


def _message(ticket: Ticket, event: str, now: float, extra: Mapping[str, Any] | None = None) -> tuple[Ticket, Message]:
    """The ticket's next message, and the ticket that has counted it."""
    number = ticket.messages
    told = replace(ticket, messages=number + 1, told_active=ticket.cleared_at is None)
    message = Message(
        key=ticket.id if number == 0 else f"{ticket.id}#{number}",
        ticket=ticket.id,
        number=number,
        event=event,
        level=ticket.level,
        body={"event": event, "at": now, "ticket": asdict(told), **(extra or {})},
        created_at=now,
    )
    return told, message


def _is_worth_telling(ticket: Ticket) -> bool:
    """Whether the 1st, 2nd, 4th, 8th ... time: a flapping sensor must not flood anyone."""
    return math.log2(ticket.occurrences).is_integer()


def _without(ticket: Ticket, rule: str, now: float) -> Ticket:
    """The ticket after one of its alerts has ended; the last one clears it."""
    left = tuple(each for each in ticket.firing if each != rule)
    return replace(ticket, firing=left, cleared_at=None if left else now)


def _joined(rules: tuple[str, ...], rule: str) -> tuple[str, ...]:
    return rules if rule in rules else (*rules, rule)
