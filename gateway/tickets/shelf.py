"""The tickets that a desk has to care for: found by id, by device and kind, and by when they must be looked at."""

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from math import inf, isfinite

from gateway.core.types import Status, Ticket


class Shelf:
    """Open tickets, and closed ones of which somebody may still speak. One open ticket per device and kind."""

    def __init__(self, wakes_at: Callable[[Ticket], float], tickets: Iterable[Ticket] = ()) -> None:
        """`wakes_at` says when a ticket has to be looked at if nothing happens before."""
        self._wakes_at = wakes_at
        self._by_id: dict[str, Ticket] = {}
        self._by_key: dict[tuple[str, str], str] = {}
        self._parents: dict[str, None] = {}
        self._heap: list[tuple[float, str]] = []
        for ticket in tickets:
            self.put(ticket)

    def __iter__(self) -> Iterator[Ticket]:
        """All of them, in the order in which they came."""
        return iter(self._by_id.values())

    @property
    def open(self) -> tuple[Ticket, ...]:
        """Those that nobody has closed."""
        return tuple(ticket for ticket in self._by_id.values() if ticket.status is not Status.CLOSED)

    @property
    def parents(self) -> tuple[Ticket, ...]:
        """Those whose cause others share, oldest first."""
        return tuple(self._by_id[each] for each in self._parents)

    def put(self, ticket: Ticket) -> None:
        """Keep the ticket as it now stands."""
        wakes_at = self._wakes_at(ticket)
        self._by_id[ticket.id] = ticket
        known = self.at(ticket.device, ticket.kind)
        if known is None or known.status is Status.CLOSED or ticket.status is not Status.CLOSED:
            self._by_key[ticket.device, ticket.kind] = ticket.id
        if ticket.cause and ticket.status is not Status.CLOSED:
            self._parents[ticket.id] = None
        else:
            self._parents.pop(ticket.id, None)
        if isfinite(wakes_at):
            heappush(self._heap, (wakes_at, ticket.id))

    def drop(self, ticket_id: str) -> None:
        """Let a ticket go."""
        ticket = self._by_id.pop(ticket_id, None)
        self._parents.pop(ticket_id, None)
        if ticket is not None and self._by_key.get((ticket.device, ticket.kind)) == ticket_id:
            del self._by_key[ticket.device, ticket.kind]

    def get(self, ticket_id: str) -> Ticket | None:
        """By id."""
        return self._by_id.get(ticket_id)

    def at(self, device: str, kind: str) -> Ticket | None:
        """The one of a device and a kind that is open, or else the latest that is watched."""
        return self._by_id.get(self._by_key.get((device, kind), ""))

    def next_at(self) -> float:
        """When the next one must be looked at; inf if none must."""
        while self._heap:
            at, ticket_id = self._heap[0]
            ticket = self._by_id.get(ticket_id)
            if ticket is not None and self._wakes_at(ticket) == at:
                return at
            heappop(self._heap)
        return inf

    def due(self, now: float) -> list[Ticket]:
        """Those that must be looked at now, each once, longest due first."""
        found: dict[str, Ticket] = {}
        while self._heap and self._heap[0][0] <= now:
            _, ticket_id = heappop(self._heap)
            ticket = self._by_id.get(ticket_id)
            if ticket is not None and self._wakes_at(ticket) <= now:
                found[ticket_id] = ticket
        return list(found.values())
