"""A desk of a small site for tests: devices under one feeder, and shorthand for what happens to them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from drivers.device import Device
from gateway.core.almanac import Almanac
from gateway.core.casework import Callback, Entry, Happening
from gateway.core.policy import Policy
from gateway.core.settings import BUILT_IN_POLICIES
from gateway.core.ticket_settings import TicketSettings
from gateway.core.types import Ticket
from gateway.tickets.causes import ALONE, Topology
from gateway.tickets.decision import Decision
from gateway.tickets.desk import Desk
from gateway.tickets.pauses import Pauses
from gateway.tickets.terms import OUR_OWN, Terms
from rules.rule import LevelName, Rule, Transition

T0 = 1_773_532_865.0
"""2026-03-15 08:01:05 in Shanghai, a Sunday."""
DAY_S = 86400.0
SHANGHAI = Almanac(ZoneInfo("Asia/Shanghai"), "CN")
POLICIES = {
    **BUILT_IN_POLICIES,
    "own": Policy.model_validate({"acknowledge": "10m", "on_site": "1h", "feedback": "2h", "close": "1d"}),
    "proof": Policy.model_validate({"close": "1d", "evidence": True, "report": "4h"}),
    "soft": Policy.model_validate({"close_when_clear": "2h"}),
}


def rule(name: str, **written: Any) -> Rule:
    return Rule.model_validate({"id": name, "yellow": {"when": "a > 1"}, "red": {"when": "a > 2"}, **written})


RULES = {
    each.id: each
    for each in (
        rule("hot"),
        rule("stopped", **{"class": "elevator.stopped"}),
        rule("trapped", **{"class": "elevator.entrapment", "latch": True}),
        rule("offline", **{"class": "device.offline"}),
        rule("slow", policy="own"),
        rule("proof", policy="proof"),
        rule("soft", policy="soft"),
    )
}


def site(lifts: int = 8) -> dict[str, Device]:
    """A transformer, two risers under it, lifts half and half, and a pump that nothing feeds."""
    written: list[dict[str, Any]] = [{"id": "TR", "on": "power"}, {"id": "PUMP", "on": "pumps"}]
    written += [{"id": f"PM-{n}", "on": "power", "fed_by": "TR"} for n in (1, 2)]
    written += [
        {"id": f"EL-{n}", "on": "broker", "fed_by": f"PM-{1 + n % 2}", "location": {"building": str(1 + n % 2)}}
        for n in range(lifts)
    ]
    return {each["id"]: Device.model_validate({"profile": "any", "every": "1s", **each}) for each in written}


def terms(settings: dict[str, Any] | None = None, lifts: int = 8, **other: Any) -> Terms:
    """With every setting as a site has it that says nothing of tickets."""
    written = TicketSettings.model_validate(settings or {})
    devices = site(lifts)
    return Terms(
        **{
            "site": "lakeside",
            "language": "en",
            "policies": POLICIES,
            "devices": devices,
            "settings": written,
            "topology": Topology(devices.values(), (*ALONE, *OUR_OWN)),
            "pauses": Pauses(SHANGHAI, written.quiet, written.maintenance),
            **other,
        }
    )


@dataclass
class House:
    """A desk, with all that it ever decided, and everything that a store would have kept of it."""

    desk: Desk
    now: float = T0
    decisions: list[Decision] = field(default_factory=list)
    kept: dict[str, Ticket] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    @classmethod
    def of(cls, settings: dict[str, Any] | None = None, **other: Any) -> "House":
        return cls(Desk(terms(settings, **other), RULES))

    def happens(
        self,
        device: str,
        name: str,
        change: Any = "fired",
        level: LevelName = "yellow",
        doubts: tuple[str, ...] = (),
        **values: float,
    ) -> Decision:
        """A transition now, and the tick that follows it."""
        transition = Transition(self.now, name, 0, change, level, self.now - 5.0, values, doubts)
        decision = self.desk.receive(self.desk.terms.devices[device], transition, self.now)
        self._keep([decision, *self.desk.tick(self.now)])
        return decision

    def clears(self, device: str, name: str) -> Decision:
        return self.happens(device, name, "cleared")

    def says(self, ticket: str, event: str, **more: Any) -> Decision | None:
        """The property company says something now."""
        said = Callback(
            **{"id": f"{event}-{self.now}", "ticket": ticket, "event": Happening(event), "at": self.now, **more}
        )
        decision = self.desk.hear(said, self.now)
        self._keep([*([decision] if decision else []), *self.desk.tick(self.now)])
        return decision

    def passes(self, seconds: float) -> list[Decision]:
        """Time passes, looked at whenever something is due, and at the end; returns what was decided."""
        end, before = self.now + seconds, len(self.decisions)
        while (at := self.desk.next_at) < end:
            self.now = max(self.now, at)
            self._keep(self.desk.tick(self.now))
        self.now = end
        self._keep(self.desk.tick(end))
        return self.decisions[before:]

    def restarts(self) -> None:
        """Only what was kept goes on."""
        self.desk = Desk(self.desk.terms, RULES, list(self.kept.values()), self.entries)

    def told(self, since: int = 0) -> list[str]:
        """The events of all messages, in order."""
        return [message.event for decision in self.decisions[since:] for message in decision.messages]

    def only(self) -> Ticket:
        (ticket,) = self.desk.open_tickets
        return ticket

    def _keep(self, decisions: Iterable[Decision]) -> None:
        for decision in decisions:
            self.decisions.append(decision)
            self.entries += decision.entries
            if decision.ticket is not None:
                self.kept[decision.ticket.id] = decision.ticket


def with_settings(house: House, **changed: Any) -> None:
    house.desk.terms = replace(house.desk.terms, **changed)
