"""Common causes: makes one ticket of what many devices suffer from together, and keeps its list of members.

A feeder that trips or a bus that is cut lets dozens of devices alarm within seconds. The first red of them is told at
once; yellow ones wait for some seconds; then one of them, or a ticket about the cause itself, becomes the parent, and
the others are its members: kept, listed, followed, but nobody is told of each.
"""

from collections import deque
from dataclasses import replace

from gateway.core.types import Hold, Level, Status, Ticket
from gateway.tickets.causes import Cause, Group, common, sees_water
from gateway.tickets.decision import Decision, Reason
from gateway.tickets.instruments import doubter, without_member
from gateway.tickets.life import is_active
from gateway.tickets.limits import RANK
from gateway.tickets.membership import (
    candidate_of,
    flood_around,
    goes_on,
    is_like,
    kind_of,
    member_of,
    noted_at,
    told_at,
)
from gateway.tickets.raising import DEFAULT_POLICY, own
from gateway.tickets.reopening import reopened
from gateway.tickets.shelf import Shelf
from gateway.tickets.telling import noted, told
from gateway.tickets.terms import Terms
from gateway.tickets.words import cause as words_for

JOIN_S = 600.0
"""A device may join a common cause for so long after the last one did: some rules wait for minutes."""
TELL_EVERY_S = 30.0
"""New members of a common cause are told that often at most."""

RULE = "common-cause"


class Gathering:
    """The common causes of a site."""

    def __init__(self, shelf: Shelf, terms: Terms) -> None:
        self.terms = terms
        self._shelf = shelf
        noted = ((noted_at(each), each.id) for each in shelf if not each.parent and each.held in {None, Hold.CAUSE})
        self._recent = deque(sorted(noted))
        self._changed: dict[str, bool] = {parent.id: False for parent in shelf.parents}  # and not noted yet

    def follow(self, terms: Terms) -> None:
        """Go by other terms; what they say of the causes that are there comes with the next tick."""
        self.terms = terms
        self._changed = {parent.id: False for parent in self._shelf.parents} | self._changed

    def may_be_shared(self, ticket: Ticket) -> bool:
        """Whether a yellow ticket has to wait for others of the same cause."""
        common_cause = self.terms.common
        return common_cause.within > 0 and self.terms.topology.may_share(
            ticket.device, ticket.kind, common_cause.devices
        )

    def note(self, ticket: Ticket, now: float) -> None:
        """A ticket was raised; it may turn out to be part of something larger."""
        self._recent.append((now, ticket.id))
        while self._recent and self._recent[0][0] < now - 2.0 * JOIN_S:
            _, oldest = self._recent.popleft()
            known = self._shelf.get(oldest)
            if known is not None and known.held is Hold.CAUSE:  # the clock has leapt
                self._recent.append((now, oldest))

    def parent_for(self, ticket: Ticket, now: float) -> Ticket | None:
        """The ticket whose cause a new one shares: a common cause that is known, or for a red the red before it."""
        topology = self.terms.topology
        if not topology.is_alone(ticket.kind) and (instrument := doubter(ticket, self._shelf)) is not None:
            return instrument
        causes = topology.causes(ticket.device, ticket.kind)
        known = sorted(self._shelf.parents, key=lambda each: (each.fired_at, each.id))
        active = [each for each in known if self._takes_more(each, now) and is_like(ticket, each)]
        for cause in causes:
            if (parent := next((each for each in active if each.cause == cause.key), None)) is not None:
                return parent
        if (flood := flood_around(ticket, self._shelf, topology)) is not None or ticket.level is not Level.RED:
            return flood
        reds = {each.id: each for each in self._recently(now) if each.level is Level.RED and each.held is None}
        groups = common(map(candidate_of, (*reds.values(), ticket)), topology, 2)
        group = next((each for each in groups if ticket.id in each.tickets), None)
        first = next((reds[each] for each in (group.tickets if group else ()) if each in reds), None)
        if first is None or group is None:
            return None
        is_wider = group.cause.kind == "mains"
        return replace(first, cause=group.cause.key if is_wider else first.cause or group.cause.key)

    def join(self, ticket: Ticket, parent: Ticket, now: float) -> Decision:
        """Make a ticket a member of another. The parent changes on the shelf at once and is told at the next tick."""
        member = replace(ticket, parent=parent.id, held=None, held_until=None)
        self._put_member(parent, member)
        return noted(Reason.COMMON_CAUSE, member, "joined", now, {"parent": parent.id})

    def let_out(self, red: Ticket) -> Ticket:
        """A member that has become red: with an instrument it is a ticket of its own again."""
        parent = self._shelf.get(red.parent)
        if parent is None or (left := without_member(parent, red)) is None:
            return red
        self._shelf.put(left)
        self._changed[left.id] = True
        return replace(red, parent="")

    def member_changed(self, member: Ticket) -> None:
        """A member has got worse, has cleared or has come back."""
        parent = self._shelf.get(member.parent)
        if parent is not None:
            self._put_member(parent, member)

    def gather(self, now: float) -> list[Decision]:
        """Find what the tickets that are held back, and those just told, have in common."""
        decisions: list[Decision] = []
        recent = {each.id: each for each in self._recently(now)}
        groups = common(map(candidate_of, recent.values()), self.terms.topology, self.terms.common.devices)
        for group in groups:
            tickets = [recent[each] for each in group.tickets]
            if any(each.held is Hold.CAUSE for each in tickets):
                decisions += self._gathered(group, tickets, now)
        return decisions

    def tell(self, now: float) -> list[Decision]:
        """What is new of common causes whose members have changed."""
        decisions = []
        for parent_id, is_unnoted in list(self._changed.items()):
            parent = self._shelf.get(parent_id)
            if parent is None or parent.status is Status.CLOSED:
                del self._changed[parent_id]
            elif (decision := self._news(parent, now)) is not None:
                decisions.append(decision)
            elif is_unnoted:
                decisions.append(Decision(Reason.MEMBERS_QUIETLY, parent))
                if parent_id in self._changed:
                    self._changed[parent_id] = False
        return decisions

    def _gathered(self, group: Group, tickets: list[Ticket], now: float) -> list[Decision]:
        parent, is_new = self._parent_of(group.cause, tickets, now)
        members = [each for each in tickets if each.id != parent.id and each.held is not None]  # the rest goes its way
        listed = {each.ticket: each for each in parent.members} | {each.id: member_of(each) for each in members}
        parent = self._levelled(replace(parent, members=tuple(listed.values())), now, is_new=is_new)
        if not is_new and RANK[parent.status] >= RANK[Status.RESOLVED]:
            decision = reopened(parent, Reason.BACK, self.terms, now, {"why": "back"})
        else:
            reason, event = (Reason.NEW_CAUSE, "created") if is_new else (Reason.MEMBERS, "members")
            decision = told(reason, replace(parent, nodes={**parent.nodes, event: now}), event, now, self.terms)
        joined = [
            noted(
                Reason.COMMON_CAUSE,
                replace(each, parent=parent.id, held=None, held_until=None),
                "joined",
                now,
                {"parent": parent.id},
            )
            for each in members
        ]
        return [decision, *joined]

    def _parent_of(self, cause: Cause, tickets: list[Ticket], now: float) -> tuple[Ticket, bool]:
        """The ticket to become the parent, and whether nobody has been told of it yet."""
        is_told = [each for each in tickets if each.held is None]
        first = min(is_told, key=lambda each: each.detected_at, default=None)
        itself = next((each for each in tickets if each.device == cause.name), None)
        known = self._shelf.at(cause.name, kind_of(cause))
        if itself is not None and (first is None or itself.level is Level.RED):
            fresh = replace(itself, held=None, held_until=None, cause=cause.key)
            return fresh, itself.held is not None
        if first is not None:
            return replace(first, cause=first.cause or cause.key), False
        if known is not None and known.status is not Status.CLOSED:
            return replace(known, cleared_at=None), False
        return self._own(cause, tickets, now), True

    def _own(self, cause: Cause, tickets: list[Ticket], now: float) -> Ticket:
        """A ticket about the cause itself."""
        device = self.terms.devices.get(cause.name) if cause.kind == "feeder" else None
        title, advice = words_for(
            cause.kind, device.name or device.id if device else cause.name, len(tickets), self.terms.language
        )
        since = min(each.fired_at for each in tickets)
        ticket = own(self.terms, RULE, kind_of(cause), cause.name, title, now, advice=advice, cause=cause.key)
        at = {"building": cause.name} if cause.kind == "water" else {}
        return replace(ticket, fired_at=since, location=device.location if device else at)

    def _levelled(self, parent: Ticket, now: float, *, is_new: bool) -> Ticket:
        """Red if a member is, or if there are many: whoever comes must know the worst."""
        suffer = sum(each.cleared_at is None for each in parent.members)
        is_red = any(each.level is Level.RED for each in parent.members) or suffer >= self.terms.common.red_from
        if not is_red or parent.level is Level.RED:
            return parent
        policy = DEFAULT_POLICY[Level.RED]
        due = self.terms.due(policy, parent.detected_at if is_new else now)
        return replace(parent, level=Level.RED, policy=policy, due=due, overdue=(), raise_at=None)

    def _news(self, parent: Ticket, now: float) -> Decision | None:
        nodes = {**parent.nodes, "members": now}
        levelled = self._levelled(parent, now, is_new=False)
        is_worse = levelled.level is not parent.level
        is_there = is_active(parent)
        is_back = parent.cleared_at is not None and is_there
        if (is_back or is_worse) and RANK[parent.status] >= RANK[Status.RESOLVED]:
            back = replace(levelled, cleared_at=None, occurrences=parent.occurrences + is_back, nodes=nodes)
            return self._said(reopened(back, Reason.BACK, self.terms, now, {"why": "back"}))
        if is_worse:
            worse = replace(levelled, nodes=nodes, cleared_at=None if is_there else parent.cleared_at)
            return self._said(told(Reason.WORSE, worse, "escalated", now, self.terms))
        if is_back:
            back = replace(parent, cleared_at=None, occurrences=parent.occurrences + 1, nodes=nodes)
            return self._said(told(Reason.AGAIN, back, "occurred_again", now, self.terms))
        if len(parent.members) > parent.members_told and now - told_at(parent) >= TELL_EVERY_S:
            return self._said(told(Reason.MEMBERS, replace(parent, nodes=nodes), "members", now, self.terms))
        if parent.cleared_at is None and not is_there and len(parent.members) == parent.members_told:
            quiet = replace(parent, cleared_at=now)
            return self._said(told(Reason.RESTORED, quiet, "restored", now, self.terms))
        if len(parent.members) == parent.members_told:
            del self._changed[parent.id]
        return None

    def _said(self, decision: Decision) -> Decision:
        if decision.ticket is not None:
            self._changed.pop(decision.ticket.id, None)
        return decision

    def _takes_more(self, parent: Ticket, now: float) -> bool:
        latest = max((each.since for each in parent.members), default=parent.fired_at)
        return goes_on(parent) and now - latest <= JOIN_S

    def _recently(self, now: float) -> list[Ticket]:
        """Tickets that may still be found to share a cause: those held back for it, and those told a moment ago."""
        found = map(self._shelf.get, dict.fromkeys(ticket_id for _, ticket_id in self._recent))
        alive = (each for each in found if each is not None)
        return [each for each in alive if each.held is Hold.CAUSE or self._is_fresh(each, now)]

    def _is_fresh(self, ticket: Ticket, now: float) -> bool:
        if ticket.held is not None or ticket.parent or RANK[ticket.status] >= RANK[Status.RESOLVED]:
            return False
        is_red_now = ticket.level is Level.RED and now - ticket.detected_at <= self.terms.common.within
        spreads = sees_water(ticket.kind) or self.terms.topology.find(f"feeder:{ticket.device}") is not None
        return is_red_now or (spreads and now - noted_at(ticket) <= JOIN_S)

    def _put_member(self, parent: Ticket, ticket: Ticket) -> None:
        listed = {each.ticket: each for each in parent.members}
        listed[ticket.id] = member_of(ticket)
        self._shelf.put(replace(parent, members=tuple(listed.values())))
        self._changed[parent.id] = True
