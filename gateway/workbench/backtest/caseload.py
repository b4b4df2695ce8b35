"""The desk of a backtest, and the person whom it assumes: every ticket is closed some time after its problem went away.

Without such a person the first ticket of a device would swallow all that follow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

from drivers.device import Device
from gateway.core.config import Config
from gateway.core.types import Level, Ticket
from gateway.tickets.desk import Desk, Reason
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

    def case(self) -> Case:
        return Case(self.ticket, self.device, self.opened_as, self.escalated_at, tuple(self.changes), self.closed_at)


class Caseload:
    """Takes transitions of a whole site in order of time."""

    def __init__(self, config: Config, handled_s: float) -> None:
        site, profiles = config.site, config.profiles.values()
        self._desk = Desk(site.id, site.language, config.all_rules, config.policies, (), profiles, site.zone)
        self._handled_s = handled_s
        self._drafts: dict[str, _Draft] = {}
        self._due: list[tuple[float, str]] = []  # a heap: when which ticket is to be closed, if nothing comes between

    def receive(self, device: Device, transition: Transition, why: Mapping[str, Explanation]) -> None:
        """Let the desk decide, at the very time of the transition."""
        self._close(transition.time)
        decision = self._desk.receive(device, transition, transition.time, why)
        ticket = decision.ticket
        if ticket is None:
            return
        draft = self._drafts.setdefault(ticket.id, _Draft(device, ticket, ticket.level))
        draft.ticket = ticket
        draft.changes.append(transition)
        if decision.reason is Reason.WORSE:
            draft.escalated_at = transition.time
        if ticket.cleared_at is not None:
            heappush(self._due, (ticket.cleared_at + self._handled_s, ticket.id))

    def cases(self, end: float) -> tuple[Case, ...]:
        """All cases as they stand at `end`, in order of birth."""
        self._close(end)
        return tuple(draft.case() for draft in self._drafts.values())

    def _close(self, until: float) -> None:
        """Close what is due; a problem that came again after it was noted is not."""
        while self._due and self._due[0][0] <= until:
            at, ticket_id = heappop(self._due)
            draft = self._drafts[ticket_id]
            cleared_at = draft.ticket.cleared_at
            if draft.closed_at is None and cleared_at is not None and cleared_at + self._handled_s == at:
                decision = self._desk.close(ticket_id, _SOMEBODY, at)
                if decision is not None and decision.ticket is not None:
                    draft.ticket, draft.closed_at = decision.ticket, at
