"""Makes tickets: from what a rule saw on a device, and the gateway's own, such as those for a common cause. Pure."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from drivers.device import Device
from gateway.core.types import Level, Ticket
from gateway.tickets import texts
from gateway.tickets.evidence import evidence_of
from gateway.tickets.terms import Terms
from models.detector import Explanation
from rules.rule import Rule, Transition

DEFAULT_POLICY = {Level.RED: "red_strict", Level.YELLOW: "yellow_48h"}

_KEPT = 4
"""Times that a ticket remembers of when its problem came."""
_FLAPPING_S = 3600.0
"""A problem that came that often within this time is flapping."""
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule saw on a device, and why detectors saw it so."""

    device: Device
    rule: Rule
    transition: Transition
    why: Mapping[str, Explanation] = field(default_factory=dict)

    @property
    def level(self) -> Level:
        """Of the alert."""
        return Level(self.transition.level)

    @property
    def kind(self) -> str:
        """What counts as the same kind of problem."""
        return self.rule.kind or self.rule.id

    @property
    def doubts(self) -> tuple[str, ...]:
        """What its alert says not to believe: points, and of a score what one point drives it to."""
        drives = {f"score.{name}": each.channels[0].point for name, each in self.why.items() if each.channels}
        named = self.transition.doubts
        return tuple(f"{name}:{drives[name]}" if name in drives else name for name in named)

    def title(self, terms: Terms) -> str:
        """What its ticket is called; it may name what is doubted, and what drives the scores that its rule reads."""
        drives = dict.fromkeys(each.channels[0].point for each in self.why.values() if each.channels)
        fields: dict[str, float | str] = {
            **self.transition.evidence,
            "doubts": terms.voice.titles(self.device.profile, (each for each in self.doubts if "." not in each)),
            "signal": terms.voice.titles(self.device.profile, drives),
        }
        return texts.title(self.rule, self.device, self.level, fields, terms.language)

    def evidence(self, terms: Terms) -> dict[str, Any]:
        """The numbers behind it."""
        device = self.device
        return evidence_of(self.transition, self.why, device.profile, terms.voice, self.rule, device.ratings)


def raised(seen: Seen, terms: Terms, now: float) -> Ticket:
    """A new ticket; its limits count from now."""
    rule, device, language = seen.rule, seen.device, terms.language
    policy = rule.policy or DEFAULT_POLICY[seen.level]
    return Ticket(
        id=f"{terms.site}:{device.id}:{rule.id}:{texts.stamp(seen.transition.time)}",
        site=terms.site,
        device=device.id,
        rule=rule.id,
        kind=seen.kind,
        level=seen.level,
        policy=policy,
        title=seen.title(terms),
        advice=texts.advice(rule, language),
        fired_at=seen.transition.time,
        detected_at=now,
        location=device.location,
        due=terms.due(policy, now),
        evidence=seen.evidence(terms),
        firing=(rule.id,),
        basis=texts.basis(rule, language),
        guide=texts.guide(rule, language),
        latched=rule.latch,
        doubts=seen.doubts,
        came=(seen.transition.time,),
    )


def escalated(ticket: Ticket, seen: Seen, terms: Terms, now: float) -> Ticket:
    """The same ticket, red from now on: its limits count anew."""
    rule, language = seen.rule, terms.language
    policy = rule.policy or DEFAULT_POLICY[Level.RED]
    return replace(
        ticket,
        level=Level.RED,
        policy=policy,
        title=seen.title(terms),
        advice=texts.advice(rule, language) or ticket.advice,
        basis=texts.basis(rule, language) or ticket.basis,
        guide=texts.guide(rule, language) or ticket.guide,
        latched=ticket.latched or rule.latch,
        due=terms.due(policy, now),
        overdue=(),
        raise_at=None,
        occurrences=ticket.occurrences + (ticket.cleared_at is not None),
        cleared_at=None,
        firing=joined(ticket.firing, rule.id),
        evidence={**ticket.evidence, "escalated": seen.evidence(terms)},
    )


def again(ticket: Ticket, rule: str, time: float) -> Ticket:
    """The same ticket, whose problem has come back."""
    came = (*ticket.came, time)[-_KEPT:]
    flapping = ticket.flapping or (len(came) == _KEPT and came[-1] - came[0] <= _FLAPPING_S)
    return replace(
        ticket,
        occurrences=ticket.occurrences + 1,
        cleared_at=None,
        firing=joined(ticket.firing, rule),
        came=came,
        flapping=flapping,
    )


def without(ticket: Ticket, rule: str, now: float) -> Ticket:
    """The ticket after one of its alerts has ended; the last one clears it."""
    left = tuple(each for each in ticket.firing if each != rule)
    return replace(ticket, firing=left, cleared_at=None if left else now)


def own(
    terms: Terms, rule: str, kind: str, subject: str, title: str, now: float, level: Level = Level.YELLOW, **more: Any
) -> Ticket:
    """A ticket that no rule wrote, about a device or whatever `subject` names; further fields as given."""
    policy = DEFAULT_POLICY[level]
    return Ticket(
        id=f"{terms.site}:{in_id(subject)}:{in_id(kind)}:{texts.stamp(now)}",
        site=terms.site,
        device=subject,
        rule=rule,
        kind=kind,
        level=level,
        policy=policy,
        title=title,
        advice=more.pop("advice", ""),
        fired_at=now,
        detected_at=now,
        due=terms.due(policy, now),
        came=(now,),
        **more,
    )


def joined(rules: tuple[str, ...], rule: str) -> tuple[str, ...]:
    """The rules with one more."""
    return rules if rule in rules else (*rules, rule)


def in_id(name: str) -> str:
    """A name in characters that are safe in a ticket's id; what they cannot show is told apart by a checksum."""
    safe = _NOT_IN_IDS.sub("_", name)[:64]
    return safe if safe == name else f"{safe}-{zlib.crc32(name.encode()):08x}"
