"""Holds what the dispatch API received against the faults that were injected. Pure: orders and faults in, table out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

_OF_PEOPLE = ("management.", "repeat.")
"""Kinds of tickets about the work on tickets: nobody answers any in a demo, and that is right to be told."""

Verdict = Literal["ok", "no ticket", "several tickets", "wrong level", "late", "too early"]


@dataclass(frozen=True, slots=True)
class Expected:
    """A fault, the ticket it must make, and when its own signal first shows it."""

    fault: str
    device: str
    kind: str
    injected_at: float  # wall clock, like all times here
    levels: tuple[str, ...]  # in the order in which the ticket must reach them
    shown_at: Mapping[str, float]  # level -> wall-clock seconds since 1970
    wait_s: Mapping[tuple[str, str], float]  # (rule, level) -> the rule's own `for`, in wall-clock seconds
    limit_s: float  # one poll and two seconds
    excused_until: float = 0.0  # the dispatch API took nothing before


@dataclass(frozen=True, slots=True)
class Order:
    """A ticket as the dispatch API has it: the moment (wall clock) at which it learnt of each level."""

    ticket: str
    device: str
    kind: str
    rule: str
    level: str
    reached: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result."""

    expected: Expected
    order: Order | None
    seconds: Mapping[str, float]
    """By level: from the moment its signal shows the fault to the ticket at the dispatch API, less the rule's wait.

    Negative where the rule saw the fault before it stood clear of the normal noise.
    """
    verdict: Verdict

    @property
    def worst_s(self) -> float | None:
        """The slower of its levels."""
        return max(self.seconds.values()) if self.seconds else None


def compare(expected: Sequence[Expected], orders: Sequence[Order]) -> tuple[list[Row], list[Order]]:
    """Match each fault with its tickets; returns the table and the tickets that belong to no fault."""
    rows = [_row(fault, [o for o in orders if (o.device, o.kind) == (fault.device, fault.kind)]) for fault in expected]
    explained = {(fault.device, fault.kind) for fault in expected}
    return rows, [o for o in orders if (o.device, o.kind) not in explained and not o.kind.startswith(_OF_PEOPLE)]


def passed(rows: Sequence[Row], unexplained: Sequence[Order]) -> bool:
    """Every fault got its ticket, once, and nothing else was raised."""
    return all(row.verdict == "ok" for row in rows) and not unexplained


def as_json(
    rows: Sequence[Row], unexplained: Sequence[Order], speed: float, seed: int, stamp: Callable[[float], str]
) -> dict[str, Any]:
    """The table for machines; `stamp` writes a wall-clock time as a time of the site."""
    return {
        "passed": passed(rows, unexplained),
        "speed": speed,
        "seed": seed,
        "faults": [
            {
                "fault": row.expected.fault,
                "device": row.expected.device,
                "injected_at": stamp(row.expected.injected_at),
                "shown_at": stamp(row.expected.shown_at[row.expected.levels[0]]),
                "ticket": row.order.ticket if row.order else None,
                "level": row.order.level if row.order else None,
                "expected": row.expected.levels[-1],
                "seconds": None if row.worst_s is None else round(row.worst_s, 2),
                "seconds_by_level": {level: round(s, 2) for level, s in row.seconds.items()},
                "verdict": row.verdict,
            }
            for row in rows
        ],
        "unexplained": [
            {"ticket": order.ticket, "device": order.device, "kind": order.kind, "level": order.level}
            for order in unexplained
        ],
    }


def _row(fault: Expected, orders: Sequence[Order]) -> Row:
    if not orders:
        return Row(fault, None, {}, "no ticket")
    order = orders[0]
    due = {level: shown + fault.wait_s.get((order.rule, level), 0.0) for level, shown in fault.shown_at.items()}
    seconds = {level: order.reached[level] - due[level] for level in fault.levels if level in order.reached}
    return Row(fault, order, seconds, _verdict(fault, orders, due))


def _verdict(fault: Expected, orders: Sequence[Order], due: Mapping[str, float]) -> Verdict:
    order = orders[0]
    if len(orders) > 1:
        return "several tickets"
    if order.level != fault.levels[-1] or tuple(order.reached) != fault.levels:
        return "wrong level"
    if any(at > max(due[level], fault.excused_until) + fault.limit_s for level, at in order.reached.items()):
        return "late"
    if min(order.reached.values()) < fault.injected_at:
        return "too early"
    return "ok"
