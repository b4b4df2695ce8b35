"""Transitions, callbacks and time in, tickets out: one open ticket per device and kind of problem.

The desk decides and remembers; it neither stores nor sends. Every decision carries a named reason, which reaches the
log and the metrics. It has no clock: `now` is handed in, and `tick` does what has become due since it was last asked.

`latch: true` in a rule says that only a person closes its tickets. A red ticket is never closed by anybody else, nor a
latched yellow one, whatever its policy allows.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from drivers.device import Device
from gateway.core.casework import Callback, Entry, Happening, Silence
from gateway.core.types import Hold, Level, Status, Ticket, Verdict
from gateway.tickets import alerts
from gateway.tickets.decision import Decision, Reason
from gateway.tickets.gathering import Gathering
from gateway.tickets.hearing import heard, refused_too_late
from gateway.tickets.life import is_refusal
from gateway.tickets.limits import RANK, forgotten_at, put_off, wakes_at
from gateway.tickets.minding import look
from gateway.tickets.raising import Seen, own, raised, without
from gateway.tickets.shelf import Shelf
from gateway.tickets.stream import Stream
from gateway.tickets.telling import noted, told
from gateway.tickets.terms import Terms, refuse_unknown_policies
from gateway.tickets.words import storage_words
from models.detector import Explanation
from rules.rule import Rule, Transition

__all__ = ["Decision", "Desk", "Reason"]


class Desk:
    """Holds the tickets of a site."""

    def __init__(
        self,
        terms: Terms,
        rules: Mapping[str, Rule],
        tickets: Iterable[Ticket] = (),
        entries: Iterable[Entry] = (),
    ) -> None:
        """Take up tickets and the latest ledger lines from before a restart; `follow` comes next, if rules changed.

        Raises ValueError for a rule whose policy is missing, lest it be found when the rule fires.
        """
        refuse_unknown_policies(rules, terms.policies)
        self.terms, self.rules = terms, rules
        self._shelf = Shelf(lambda ticket: wakes_at(ticket, self.terms.policies.get(ticket.policy)), tickets)
        self._gathering = Gathering(self._shelf, terms)
        self._stream = Stream(terms, entries)
        self._more: list[Decision] = []

    @property
    def open_tickets(self) -> tuple[Ticket, ...]:
        """All tickets that nobody has closed, oldest first."""
        return self._shelf.open

    @property
    def next_at(self) -> float:
        """When `tick` has to be called next if nothing happens before; inf if never."""
        return self._shelf.next_at()

    def ticket(self, ticket_id: str) -> Ticket | None:
        """A ticket that is open or watched."""
        return self._shelf.get(ticket_id)

    def receive(
        self, device: Device, transition: Transition, now: float, why: Mapping[str, Explanation] | None = None
    ) -> Decision:
        """Decide what a transition means for the tickets of its device; `tick` tells what else follows from it."""
        seen = Seen(device, self.rules[transition.rule], transition, why or {})
        ticket = self._shelf.at(device.id, seen.kind)
        if transition.change == "cleared":
            return self._keep(alerts.cleared(ticket, transition, self.terms, now), now)
        if ticket is None or (ticket.status is Status.CLOSED and ticket.watched_until is None):
            return self._keep(alerts.announced(raised(seen, self.terms, now), self._gathering, now), now)
        if RANK[ticket.status] >= RANK[Status.RESOLVED]:
            return self._keep(alerts.back(ticket, seen, self.terms, now), now)
        if seen.level is Level.RED and ticket.level is Level.YELLOW:
            return self._keep(alerts.worse(ticket, seen, self._gathering, now), now)
        return self._keep(alerts.counted(ticket, seen, self.terms, now), now)

    def tick(self, now: float) -> list[Decision]:
        """Do what has become due: release, raise, verify, close; and tell of common causes."""
        decisions, self._more = self._more, []
        due = self._shelf.due(now)
        if any(ticket.held is Hold.CAUSE for ticket in due):
            decisions += self._keep_all(self._gathering.gather(now), now)
        for ticket in due:
            current = self._shelf.get(ticket.id)
            if current is not None and current.status is Status.CLOSED and forgotten_at(current) <= now:
                self._shelf.drop(ticket.id)
                continue
            if current is not None and wakes_at(current, self.terms.policy(current)) <= now:
                decisions += self._keep_all(look(current, self._gathering, now), now)
        decisions += self._keep_all(self._gathering.tell(now), now)
        for ticket in self._stream.watch(self.terms, now):
            self._raise_own(ticket, Reason.MANAGEMENT, now)
        later, self._more = self._more, []
        return [*decisions, *later]

    def leap(self, seconds: float) -> list[Decision]:
        """The site's clock has leapt ahead: what is due is put off as far, since nobody could use that time."""
        later = ((ticket, put_off(ticket, seconds)) for ticket in list(self._shelf))
        changed = [Decision(Reason.CLOCK_LEAPT, after) for before, after in later if after != before]
        for decision in changed:
            if decision.ticket is not None:
                self._shelf.put(decision.ticket)
        return changed

    def follow(
        self, terms: Terms, rules: Mapping[str, Rule], firing: Collection[tuple[str, str]], now: float
    ) -> list[Decision]:
        """Go on by other rules, after a reload or a restart; `firing` are the rules and devices with an active alert.

        A ticket whose last alert ended with its rule is told so, since no reading will ever end it, and stays open.
        Raises ValueError, with nothing changed, as when the desk is made.
        """
        refuse_unknown_policies(rules, terms.policies)
        self.terms, self.rules = terms, rules
        self._gathering.follow(terms)
        self._stream.follow(terms)
        self._look_again()
        ended = [
            (ticket, rule) for ticket in self._shelf for rule in ticket.firing if (rule, ticket.device) not in firing
        ]
        orphans = [ticket.id for ticket in self._shelf if ticket.parent and not self._has_open(ticket.parent)]
        return [*(self._ended(ticket.id, rule, now) for ticket, rule in ended), *self._let_go(orphans, now)]

    def hear(self, callback: Callback, now: float, *, is_news: bool = False) -> Decision | None:
        """Somebody says something of a ticket; None if nobody can know of such a ticket.

        With `is_news` it was said here, and the dispatch API must learn of it. What nobody has been told of yet can
        be acknowledged and closed, here alone.
        """
        ticket = self._shelf.get(callback.ticket)
        may_be_early = is_news and callback.event in {Happening.ACCEPTED, Happening.CLOSED}
        if ticket is None or ticket.parent or not (ticket.messages or may_be_early):
            return None
        if is_refusal(callback) and self._has_successor(ticket):
            return self._keep(refused_too_late(ticket, callback, now), now)
        return self._keep(heard(ticket, callback, self.terms, now, is_news=is_news), now)

    def acknowledge(self, ticket_id: str, by: str, now: float) -> Decision | None:
        """Someone has seen the ticket. None if no such ticket is open."""
        return self._said_here(Callback("", ticket_id, Happening.ACCEPTED, now, by), now)

    def close(
        self, ticket_id: str, by: str, now: float, verdict: Verdict = Verdict.DONE, evidence: tuple[str, ...] = ()
    ) -> Decision | None:
        """Someone says that it is over, and what it was. None if no such ticket is open."""
        said = Callback("", ticket_id, Happening.CLOSED, now, by, evidence=evidence, verdict=str(verdict))
        return self._said_here(said, now)

    def silence(self, silence: Silence) -> None:
        """Hold tickets back as somebody asked for, or no longer: then `tick` tells what need not wait any more."""
        self.terms = self._gathering.terms = self.terms.with_silence(silence)
        self._look_again()

    def damaged(self, rows: Sequence[str], now: float) -> None:
        """Rows of the state file were damaged and set aside: somebody has to look at the machine."""
        if rows:
            title, advice = storage_words(len(rows), self.terms.language)
            kept = {"damaged": list(rows[:50])}
            ticket = own(
                self.terms, "storage", "gateway.storage", self.terms.site, title, now, advice=advice, evidence=kept
            )
            self._raise_own(ticket, Reason.STORAGE, now)

    def draw(self, ticket_id: str, chart: str, now: float) -> Decision | None:
        """A chart of what the rule saw, as SVG; None if the ticket is over."""
        ticket = self._shelf.get(ticket_id)
        if ticket is None or ticket.held is not None or ticket.parent or ticket.messages == 0:
            return None
        drawn = replace(ticket, nodes={**ticket.nodes, "chart": now})
        return self._keep(told(Reason.CHART, drawn, "evidence", now, self.terms, {"chart": chart}), now)

    def _raise_own(self, ticket: Ticket, reason: Reason, now: float) -> None:
        """A ticket that no rule made, unless there is one already; told with the next tick's decisions."""
        known = self._shelf.at(ticket.device, ticket.kind)
        if known is None or known.status is Status.CLOSED:
            self._more.append(self._keep(alerts.own_raised(ticket, reason, self.terms, now), now))

    def _said_here(self, callback: Callback, now: float) -> Decision | None:
        ticket = self._shelf.get(callback.ticket)
        is_open = ticket is not None and ticket.status is not Status.CLOSED
        return self.hear(callback, now, is_news=True) if is_open else None

    def _ended(self, ticket_id: str, rule: str, now: float) -> Decision:
        """An alert ended because its rule is gone or has changed."""
        reason = Reason.RULE_CHANGED if rule in self.rules else Reason.RULE_REMOVED
        ticket = self._shelf.get(ticket_id)
        if ticket is None:
            return Decision(Reason.NO_TICKET)
        quiet = without(ticket, rule, now)
        if quiet.firing:
            return self._keep(Decision(reason, quiet), now)
        return self._keep(alerts.gone(reason, quiet, self.terms, now, {"reason": reason.name.lower()}), now)

    def _look_again(self) -> None:
        """Other pauses and policies hold from now on; the next tick sees what need not be held back any longer."""
        for ticket in list(self._shelf):
            is_paused = ticket.held not in {None, Hold.CAUSE}
            self._shelf.put(replace(ticket, held_until=None) if is_paused else ticket)

    def _has_successor(self, ticket: Ticket) -> bool:
        """Whether the same problem has another ticket, since this one is closed."""
        latest = self._shelf.at(ticket.device, ticket.kind)
        return latest is not None and latest.id != ticket.id and latest.status is not Status.CLOSED

    def _has_open(self, ticket_id: str) -> bool:
        ticket = self._shelf.get(ticket_id)
        return ticket is not None and ticket.status is not Status.CLOSED

    def _keep_all(self, decisions: Iterable[Decision], now: float) -> list[Decision]:
        return [self._keep(each, now) for each in decisions]

    def _keep(self, decision: Decision, now: float) -> Decision:
        """Remember the ticket; what else follows from it comes with the next tick."""
        ticket = decision.ticket
        if ticket is None:
            return decision
        self._shelf.put(ticket)
        for entry in decision.entries:
            if (repeated := self._stream.note(entry, self.terms)) is not None:
                self._raise_own(repeated, Reason.REPEATED, entry.at)
        if ticket.parent:
            self._gathering.member_changed(ticket)
        if ticket.members and ticket.status is Status.CLOSED:
            self._more += self._let_go((each.ticket for each in ticket.members), now)
        return decision

    def _let_go(self, members: Iterable[str], now: float) -> list[Decision]:
        """Members whose parent is closed: what still fires becomes a ticket of its own, the rest is over."""
        decisions = []
        for ticket in map(self._shelf.get, members):
            if ticket is not None and ticket.parent and not self._has_open(ticket.parent):
                due = self.terms.due(ticket.policy, now)  # nobody was told of it: nobody is late
                free = replace(ticket, parent="", due=due, overdue=())
                over = replace(free, status=Status.CLOSED, closed_at=now)
                is_over = ticket.cleared_at is not None
                left = noted(Reason.CLOSED, over, "closed", now) if is_over else self._announced(free, now)
                decisions.append(self._keep(left, now))
        return decisions

    def _announced(self, ticket: Ticket, now: float) -> Decision:
        return alerts.announced(ticket, self._gathering, now)
