"""How well tickets are worked on: times by level, shares in time, repeats, reopened ones, and by handler. Pure.

A share of nothing is None, never 0 % and never 100 %.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.core.types import Level, Ticket
from gateway.tickets.latency import Latency, Spread, Stamps, latencies
from rules.duration import DAY_S

PROMPT_S = 1800.0
"""Half an hour: who has no answer by then loses trust."""
REPEAT_S = 30 * DAY_S

_WAY = ("accepted", "departed", "arrived", "progress", "resolved", "verified", "closed")
_MET_BY = {
    "acknowledge": _WAY,
    "on_site": _WAY[2:],
    "plan": _WAY[3:],
    "feedback": _WAY[3:],
    "close": _WAY[4:],
    "report": ("report", "closed"),
}
"""The nodes that meet each limit: whoever is there has accepted."""


@dataclass(frozen=True, slots=True)
class Handler:
    """How somebody's tickets went: the share that missed no limit, and how many of the latest in a row missed one."""

    count: int
    in_time: float | None
    late_in_a_row: int


class Figure(NamedTuple):
    """One number for the metrics page."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a set of tickets. All shares are 0 to 1."""

    tickets: int
    acknowledge: Mapping[Level, Spread] = field(default_factory=dict)
    on_site: Mapping[Level, Spread] = field(default_factory=dict)
    repair: Mapping[Level, Spread] = field(default_factory=dict)
    prompt: float | None = None  # acknowledged within half an hour
    in_time: Mapping[str, float] = field(default_factory=dict)  # by limit
    repeats: int = 0  # tickets with another of the same kind on the same device in the 30 days before
    repeated: float | None = None  # their share
    resolved: float | None = None  # whose work is done
    reopened: float | None = None  # of those whose work was ever said to be done: had to be done again
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    latency: Mapping[str, Latency] = field(default_factory=dict)  # by stage

    def samples(self) -> Iterator[Figure]:
        """Every figure that is known, for the metrics page; handlers are people and are not on it."""
        for name, text, spreads in (
            ("acknowledge_seconds", "From a ticket to its acknowledgement.", self.acknowledge),
            ("on_site_seconds", "From a ticket to somebody on site.", self.on_site),
            ("repair_seconds", "From a ticket to the work done.", self.repair),
        ):
            for level, spread in spreads.items():
                yield from _quantiles(name, text, ("level", str(level)), {"0.5": spread.p50_s, "0.95": spread.p95_s})
        for name, text, share in (
            ("acknowledged_30min_share", "Share of tickets acknowledged within 30 minutes.", self.prompt),
            ("repeats_30d_share", "Share of tickets with another of the kind in the 30 days before.", self.repeated),
            ("resolved_share", "Share of tickets whose work is done.", self.resolved),
            ("reopened_share", "Share of tickets said to be done that were not.", self.reopened),
        ):
            if share is not None:
                yield Figure(name, text, share)
        yield Figure("repeats_30d", "Tickets with another of the kind in the 30 days before.", self.repeats)
        for limit, share in self.in_time.items():
            yield Figure("in_time_share", "Share of tickets that met the limit.", share, (("limit", limit),))
        yield from self._latencies()

    def _latencies(self) -> Iterator[Figure]:
        for stage, latency in self.latency.items():
            values = {"0.5": latency.spread.p50_s, "0.99": latency.spread.p99_s}
            yield from _quantiles(
                "latency_seconds", "From a reading to a stage of its ticket.", ("stage", stage), values
            )
            for budget, share in latency.within.items():
                labels = (("stage", stage), ("budget", budget))
                yield Figure("latency_within_share", "Share of tickets at a stage within the time.", share, labels)


def figures(tickets: Iterable[Ticket], now: float, stamps: Iterable[Stamps] = ()) -> Figures:
    """Of tickets, open and closed. Members of a common cause are in their parent; who is held back is not told yet."""
    told = sorted((each for each in tickets if not each.parent and each.held is None), key=_order)
    repeats = _repeats(told)
    done = [each for each in told if reached(each, "close") is not None]
    ever_done = [each for each in told if each.reopened or reached(each, "close") is not None]
    return Figures(
        tickets=len(told),
        acknowledge=_by_level(told, "acknowledge", _began),
        on_site=_by_level(told, "on_site", _began),
        repair=_by_level(told, "close", lambda each: each.detected_at),
        prompt=_share(_in_time(each, "acknowledge", _began(each) + PROMPT_S, now) for each in told),
        in_time=_by_limit(told, now),
        repeats=repeats,
        repeated=repeats / len(told) if told else None,
        resolved=len(done) / len(told) if told else None,
        reopened=_share(each.reopened > 0 for each in ever_done),
        handlers=_handlers(told, now),
        latency=latencies(stamps),
    )


def reached(ticket: Ticket, limit: str) -> float | None:
    """When people were as far as the limit asks; None if they are not. A ticket may close itself: that is no answer."""
    times = [ticket.nodes[node] for node in _MET_BY[limit] if node in ticket.nodes]
    if limit == "close" and ticket.closed_at is not None:
        times.append(ticket.closed_at)
    return min(times, default=None)


def _began(ticket: Ticket) -> float:
    """Since when people can have known: it was told, or reopened."""
    return ticket.nodes.get("reopened", ticket.nodes.get("created", ticket.detected_at))


def _by_level(tickets: Iterable[Ticket], limit: str, began: Callable[[Ticket], float]) -> dict[Level, Spread]:
    times = defaultdict[Level, list[float]](list)
    for ticket in tickets:
        if (at := reached(ticket, limit)) is not None:
            times[ticket.level].append(at - began(ticket))
    return {level: spread for level in Level if (spread := Spread.of(times[level]))}


def _in_time(ticket: Ticket, limit: str, due: float, now: float) -> bool | None:
    """Whether a limit was met in time; None while there is time, or if the ticket closed itself before."""
    if (at := reached(ticket, limit)) is not None:
        return at <= due
    ends = now if ticket.closed_at is None else ticket.closed_at
    return False if limit in ticket.overdue or ends > due else None


def _limits(ticket: Ticket) -> list[tuple[str, float]]:
    return [(limit, ticket.due[limit]) for limit in _MET_BY if limit in ticket.due]


def _by_limit(tickets: Iterable[Ticket], now: float) -> dict[str, float]:
    judged = defaultdict[str, list[bool | None]](list)
    for ticket in tickets:
        for limit, due in _limits(ticket):
            judged[limit].append(_in_time(ticket, limit, due, now))
    return {limit: share for limit in _MET_BY if (share := _share(judged[limit])) is not None}


def _handlers(tickets: Iterable[Ticket], now: float) -> dict[str, Handler]:
    outcomes = defaultdict[str, list[bool | None]](list)
    for ticket in tickets:
        if ticket.handler:
            outcomes[ticket.handler].append(_went_well(ticket, now))
    return {name: _handler(outcomes[name]) for name in sorted(outcomes)}


def _handler(outcomes: Sequence[bool | None]) -> Handler:
    known = [each for each in outcomes if each is not None]
    late = next((back for back, well in enumerate(reversed(known)) if well), len(known))
    return Handler(len(outcomes), _share(known), late)


def _went_well(ticket: Ticket, now: float) -> bool | None:
    """Whether no limit was missed; None while the work goes on and none was."""
    if any(_in_time(ticket, limit, due, now) is False for limit, due in _limits(ticket)):
        return False
    return None if reached(ticket, "close") is None else True


def _repeats(tickets: Iterable[Ticket]) -> int:
    """Tickets, oldest first, that follow another of the same kind on the same device within the time."""
    last: dict[tuple[str, str], float] = {}
    found = 0
    for ticket in tickets:
        key = (ticket.device, ticket.kind)
        found += key in last and ticket.detected_at - last[key] < REPEAT_S
        last[key] = ticket.detected_at
    return found


def _share(outcomes: Iterable[bool | None]) -> float | None:
    known = [each for each in outcomes if each is not None]
    return sum(known) / len(known) if known else None


def _order(ticket: Ticket) -> tuple[float, str]:
    return ticket.detected_at, ticket.id


def _quantiles(name: str, text: str, label: tuple[str, str], values: Mapping[str, float]) -> Iterator[Figure]:
    for quantile, value in values.items():
        yield Figure(name, text, value, (label, ("quantile", quantile)))
