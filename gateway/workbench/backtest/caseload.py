"""The desk of a backtest, and the person whom it assumes: every ticket is closed some time after its problem went away.

Without such a person the first ticket of a device would swallow all that follow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from math import inf

from drivers.device import Device
from gateway.core.config import Config
from gateway.core.types import Hold, Level, Status, Ticket
from gateway.tickets.decision import Decision, Reason
from gateway.tickets.desk import Desk
from gateway.tickets.stream import OFF
from gateway.tickets.terms import Terms
from gateway.workbench.backtest.outcome import Case
from models.detector import Explanation
from rules.rule import Transition

_SOMEBODY = "backtest"


@dataclass(slots=True)
class _Draft:
    """A case in the making."""

    device: Device
    ticket: Ticket
    opened_as: Level
    escalated_at: float | None = None
    closed_at: float | None = None
    changes: list[Transition] = field(default_factory=list)
    stands_for_all: bool = False
    """It is the first of many that one ticket was raised for."""
    before: int = 0
    """How often the problem had come by the time it was said to be done and came back: that is another case."""

    @property
    def counts(self) -> bool:
        """Whether anybody was, or is about to be, told of it; one ticket of many devices counts once."""
        waits = self.ticket.held in {Hold.CAUSE, Hold.QUIET}
        return self.stands_for_all or (not self.ticket.parent and (self.ticket.messages > 0 or waits))

    def case(self) -> Case:
        since, occurrences = self.changes[0].time, self.ticket.occurrences - self.before
        ticket = replace(self.ticket, fired_at=since, occurrences=occurrences) if self.before else self.ticket
        return Case(ticket, self.device, self.opened_as, self.escalated_at, tuple(self.changes), self.closed_at)


class Caseload:
    """Takes transitions of a whole site in order of time."""

    def __init__(self, config: Config, handled_s: float) -> None:
        settings = config.tickets.model_copy(update={"management": OFF})  # the person is assumed, not judged
        self._desk = Desk(replace(Terms.of(config), settings=settings), config.all_rules)
        self._handled_s = handled_s
        self._drafts: dict[str, _Draft] = {}  # by ticket
        self._over: list[_Draft] = []  # what was said to be done before it came back
        self._due: list[tuple[float, str]] = []  # a heap: when which ticket is to be closed, if nothing comes between

    def receive(self, device: Device, transition: Transition, why: Mapping[str, Explanation]) -> None:
        """Let the desk decide, at the very time of the transition."""
        self._pass(transition.time)
        decision = self._desk.receive(device, transition, transition.time, why)
        if decision.ticket is None:
            return
        draft = self._drafts.get(decision.ticket.id)
        if draft is None or decision.reason is Reason.BACK:
            self._over += [draft] if draft else []
            ticket = decision.ticket
            before = draft.ticket.occurrences if draft else 0
            draft = self._drafts[ticket.id] = _Draft(device, ticket, ticket.level, before=before)
        draft.changes.append(transition)
        if decision.reason is Reason.WORSE:
            draft.escalated_at = transition.time
        self._note(decision)
        self._tick(transition.time)

    def cases(self, end: float) -> tuple[Case, ...]:
        """All cases as they stand at `end`, in order of birth."""
        self._pass(end)
        drafts = sorted((*self._over, *self._drafts.values()), key=lambda draft: draft.changes[0].time)
        return tuple(draft.case() for draft in drafts if draft.counts)

    def _note(self, decision: Decision) -> None:
        ticket = decision.ticket
        if ticket is None:
            return
        if (draft := self._drafts.get(ticket.id)) is not None:
            draft.ticket = ticket
        elif decision.reason is Reason.NEW_CAUSE and (first := self._first(ticket)) is not None:
            first.stands_for_all = True
        if ticket.cleared_at is not None and ticket.status is not Status.CLOSED and not ticket.parent:
            heappush(self._due, (ticket.cleared_at + self._handled_s, ticket.id))

    def _first(self, parent: Ticket) -> _Draft | None:
        return next((self._drafts[each.ticket] for each in parent.members if each.ticket in self._drafts), None)

    def _tick(self, now: float) -> None:
        for decision in self._desk.tick(now):
            self._note(decision)

    def _pass(self, until: float) -> None:
        """Let the time until then pass: what the desk does by itself, and what the person closes, in order."""
        while True:
            closing = self._due[0][0] if self._due else inf
            waking = self._desk.next_at
            if min(closing, waking) > until:
                return
            if waking < closing:
                self._tick(waking)
            else:
                self._close(*heappop(self._due))

    def _close(self, at: float, ticket_id: str) -> None:
        """Close a ticket; one whose problem came again after it was noted is not."""
        ticket = self._desk.ticket(ticket_id)
        if ticket is None or ticket.cleared_at is None or ticket.cleared_at + self._handled_s != at:
            return
        decision = self._desk.close(ticket_id, _SOMEBODY, at)
        if decision is None or decision.ticket is None:
            return
        self._note(decision)
        draft = self._drafts.get(ticket_id) or self._first(ticket)
        if draft is not None:
            draft.closed_at = at
        self._tick(at)
