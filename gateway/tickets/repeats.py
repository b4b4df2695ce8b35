"""The same kind of problem again and again: on a device, or in a building. Pure; rebuilt from the ledger at start.

A case is a time at which a problem came: a new ticket, or the same ticket after the problem had gone. So a problem
that never goes is one case. What happens under maintenance or silence, flapping, and tickets that are the gateway's
own are no cases: their ledger lines say `uncounted`.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.core.casework import Entry
from gateway.core.types import Verdict
from rules.duration import DAY_S

CAME = frozenset({"created", "occurred_again"})
"""The lines of the ledger that may be cases; a ticket that is reopened because its problem is back is one, too."""
_CAP = 64
"""Cases that are kept of one scope at most; the oldest go first."""
_SWEEPS = 4
"""How often in a window everything is looked through for what is too old."""


@dataclass(frozen=True, slots=True)
class Case:
    """A problem came."""

    device: str
    building: str  # empty if nobody said
    kind: str
    at: float  # seconds since 1970
    ticket: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Where problems of one kind are counted."""

    of: Literal["device", "building"]
    name: str
    kind: str

    def said(self) -> Mapping[str, str]:
        """As the ledger keeps it, under `repeat`."""
        return {"of": self.of, "name": self.name, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class Repeat:
    """Too many cases in one scope, oldest first. A building's are of different tickets."""

    scope: Scope
    cases: tuple[Case, ...]


@dataclass(slots=True)
class _Count:
    """What is known of a scope."""

    cases: list[Case] = field(default_factory=list)  # oldest first
    raised: bool = False  # its repeat is open: nothing more is raised
    after: float = float("-inf")  # cases up to then were in a repeat that is closed

    def keep(self, case: Case, scope: Scope) -> None:
        """Hold a case, once; of a building the latest of each ticket."""
        if case.at <= self.after:
            return
        of_building = scope.of == "building"
        same = [each for each in self.cases if each.ticket == case.ticket and (of_building or each.at == case.at)]
        if any(each.at >= case.at for each in same):
            return
        self.cases = [each for each in self.cases if each not in same] if same else self.cases
        insort(self.cases, case, key=_order)

    def trim(self, since: float, cap: int) -> None:
        """Let go what is too old or too much."""
        del self.cases[: bisect_right(self.cases, since, key=lambda each: each.at)]
        del self.cases[:-cap]


class Repeats:
    """Cases of the last `within_s` seconds, by device and by building, and the scopes whose repeat is open."""

    def __init__(self, count: int = 3, within_s: float = 30 * DAY_S) -> None:
        """`count` cases within the time are a repeat."""
        self.count = count
        self.within_s = within_s
        self._scopes: dict[Scope, _Count] = {}
        self._latest = float("-inf")
        self._sweep_at = float("-inf")

    def recall(self, entries: Iterable[Entry]) -> None:
        """Take up the ledger since `within_s` ago or longer; nothing is raised for what was there before."""
        lines = sorted(entries, key=lambda each: (each.at, each.ticket, each.number))
        closings = [entry for entry in lines if entry.event == "closed"]
        false = {entry.ticket for entry in closings if entry.said.get("verdict", Verdict.DONE) != Verdict.DONE}
        for entry in lines:
            scope = repeat_of(entry)
            if (case := case_of(entry)) and entry.ticket not in false:
                self._keep(case)
            elif scope and entry.event == "created":
                self.raised(scope)
            elif scope and entry.event == "closed":
                self.closed(entry.ticket, Verdict.DONE, entry.at, scope)

    def note(self, case: Case) -> Repeat | None:
        """Count a case. The first repeat that it completes, the device's before the building's; each is told once.

        A building's needs more than one device: what one device does is said of the device.
        """
        for scope in self._keep(case):
            known = self._scopes[scope]
            if known.raised or len(known.cases) < self.count:
                continue
            if scope.of == "building" and len({each.device for each in known.cases}) == 1:
                continue
            known.raised = True
            return Repeat(scope, tuple(known.cases))
        return None

    def raised(self, scope: Scope) -> None:
        """Its repeat is open, as after a restart: no other is raised until that one is closed."""
        self._scopes.setdefault(scope, _Count()).raised = True

    def closed(self, ticket: str, verdict: Verdict, at: float, scope: Scope | None = None) -> None:
        """A ticket was closed; with `scope` it was that one's repeat, and only what comes after it counts."""
        if scope is not None:
            known = self._scopes.setdefault(scope, _Count())
            known.raised, known.after = False, max(known.after, at)
            known.cases = [each for each in known.cases if each.at > at]
        elif verdict is not Verdict.DONE:
            self.withdraw(ticket)

    def withdraw(self, ticket: str) -> None:
        """A ticket meant nothing: its cases never were."""
        for known in self._scopes.values():
            known.cases = [each for each in known.cases if each.ticket != ticket]

    def _keep(self, case: Case) -> tuple[Scope, ...]:
        self._latest = max(self._latest, case.at)
        since = self._latest - self.within_s
        self._sweep(since)
        scopes = [Scope("device", case.device, case.kind)]
        if case.building:
            scopes.append(Scope("building", case.building, case.kind))
        for scope in scopes:
            known = self._scopes.setdefault(scope, _Count())
            known.keep(case, scope)
            known.trim(since, max(_CAP, self.count))
        return tuple(scopes)

    def _sweep(self, since: float) -> None:
        """Forget scopes in which nothing has happened for a whole window."""
        if since < self._sweep_at:
            return
        self._sweep_at = since + self.within_s / _SWEEPS
        self._scopes = {
            scope: known
            for scope, known in self._scopes.items()
            if known.raised or known.after > since or any(each.at > since for each in known.cases)
        }


def _order(case: Case) -> tuple[float, str]:
    return case.at, case.ticket


def case_of(entry: Entry) -> Case | None:
    """The case that a line of the ledger is; None if it is none, or one that does not count."""
    said = entry.said
    came = entry.event in CAME or (entry.event == "reopened" and said.get("why") == "back")
    if not came or said.get("uncounted") or not said.get("device") or not said.get("kind"):
        return None
    if repeat_of(entry) or said.get("alarm"):
        return None
    return Case(str(said["device"]), str(said.get("building") or ""), str(said["kind"]), entry.at, entry.ticket)


def repeat_of(entry: Entry) -> Scope | None:
    """The scope whose repeat the line's ticket is; None if it is no repeat."""
    said: Any = entry.said.get("repeat")
    if not isinstance(said, Mapping) or said.get("of") not in {"device", "building"}:
        return None
    return Scope(said["of"], str(said.get("name")), str(said.get("kind")))
