"""A site that stands still while nothing is due, and can be taken up from what a store would give back."""

from dataclasses import dataclass, field
from typing import Any

from gateway.core.types import Message, Status
from gateway.delivery.rows import read_ticket, ticket_row
from gateway.tickets.decision import Decision
from gateway.tickets.desk import Desk
from tests.tickets.desks import DAY_S, RULES, House, site
from tests.tickets.desks import rule as written

ALL = {
    **RULES,
    "still": written("still", **{"class": "elevator.stopped"}),
    "lies": written("lies", **{"class": "any.sensor"}, doubts=["a"]),
}
LIFTS = 6
DEVICES = tuple(site(LIFTS))
WORK: dict[str, Any] = {"name": "service", "devices": ["EL-0", "PUMP"], "between": "08:00-09:00"}
ALL_WORK: dict[str, Any] = {
    "name": "outage",
    "devices": ["EL-1"],
    "between": "08:00-08:30",
    "levels": ["yellow", "red"],
}
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"common_cause": {"within": "0s"}},
    {"quiet": "22:00-08:02"},
    {"maintenance": [WORK, ALL_WORK], "repeats": {"count": 2, "within": "3d"}},
    {"common_cause": {"devices": 2, "within": "10s", "red_from": 4}, "quiet": "08:00-10:00"},
)
PASSES_S = (0.0, 0.001, 1.0, 10.0, 31.0, 61.0, 600.0, 3600.0, 3 * 3600.0, DAY_S, 3 * DAY_S, 14 * DAY_S)
SAID_AT_S = (0.0, 0.0, -60.0, -7200.0, 3600.0)


@dataclass
class Site(House):
    """A house whose clock stands while nothing is due, and which can be taken up from what a store would give back."""

    step: list[Decision] = field(default_factory=list)

    def passes(self, seconds: float) -> list[Decision]:
        end, before = self.now + seconds, len(self.decisions)
        for _ in range(10_000):
            if (at := self.desk.next_at) >= end:
                break
            self.now = max(self.now, at)
            self._keep(self.desk.tick(self.now))
        else:
            raise AssertionError("something is due again and again")
        self.now = end
        self.settles()
        return self.decisions[before:]

    def settles(self) -> None:
        """Rounds without any time between them, until there is nothing to do."""
        for _ in range(10):
            decisions = self.desk.tick(self.now)
            self._keep(decisions)
            if not decisions and self.desk.next_at > self.now:
                return
        raise AssertionError("something stays due")

    def decides(self, decision: Decision | None) -> None:
        self._keep([decision] if decision else [])
        self.settles()

    def restarts(self) -> None:
        kept = [read_ticket(ticket_row(each)[4]) for each in self.kept.values()]
        is_open = [each for each in kept if each.status is not Status.CLOSED]
        closed = [each for each in kept if each.status is Status.CLOSED]
        is_open.sort(key=lambda each: (each.fired_at, each.id))
        closed.sort(key=lambda each: (each.closed_at or 0.0, each.id))
        entries = sorted(self.entries, key=lambda each: (each.at, each.ticket, each.number))
        self.desk = Desk(self.desk.terms, self.desk.rules, [*is_open, *closed], entries)
        self.settles()

    @property
    def messages(self) -> list[Message]:
        return [message for decision in self.decisions for message in decision.messages]
