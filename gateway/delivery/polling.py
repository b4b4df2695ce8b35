"""Asks how work orders stand, where the property company does not tell by itself: the fallback of callbacks.

What is found becomes the same callbacks, under ids that are derived from the state, and goes into the same ear. What we
put there ourselves is nobody's word: a state that the ticket has reached already, or one that an order still has from
before the ticket was opened again.
"""

import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from drivers.device import Clock
from gateway.core.hearing import Ear
from gateway.core.types import Level, Ticket
from gateway.delivery.records import Outgoing
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.states import STATES, Seen, callback_of, is_news, seen

log = logging.getLogger(__name__)

POLLED = "poll/"
"""The start of the ids of what was found by asking; no sender of a callback can choose such an id."""
EVERY_S: Mapping[Level, float] = {Level.RED: 60.0, Level.YELLOW: 900.0}
JITTER = 0.1
"""Share of the pause by which it is longer or shorter, so that tickets of one moment are not asked for in one."""
TRUSTED = 4.0
"""Pauses for which a ticket that was told about by a callback is not asked for."""
LOOK_S = 5.0
MOST_STRANGE = 100
"""Unknown states that are told of; whoever invents more is not listened to."""


class Standing(Protocol):
    """How an order stands; `receiver.Result` is one."""

    @property
    def outcome(self) -> str:
        """`ok` if the receiver has said it."""
        ...

    @property
    def state(self) -> str:
        """In the receiver's words."""
        ...

    @property
    def said(self) -> Mapping[str, Any]:
        """The whole order; foreign."""
        ...


class Reader(Protocol):
    """The part of a receiver that is needed here."""

    async def read(self, ticket: str, work_order: str = "") -> Standing:
        """How the work order of a ticket stands."""
        ...


class Sent(Protocol):
    """The part of the store that is needed here; `writer.Writer` is one."""

    async def messages(self, ticket_id: str) -> Sequence[Outgoing]:
        """All messages of one ticket, in order."""
        ...


class Polling:
    """Asks for one order at a time. Runs on the wall clock, like dispatch."""

    def __init__(
        self,
        reader: Reader,
        sent: Sent,
        tickets: Callable[[], Iterable[Ticket]],
        is_up: Callable[[], bool],
        told_at: Callable[[str], float | None],
        clock: Clock,
        chance: random.Random | None = None,
    ) -> None:
        """`tickets` gives the open ones; `told_at` says when a callback last spoke of one, in this clock's time."""
        self._reader, self._sent = reader, sent
        self._tickets, self._is_up, self._told_at = tickets, is_up, told_at
        self._clock, self._chance = clock, chance or random.Random()
        self._due: dict[str, float] = {}
        self._before: dict[tuple[str, int], str] = {}  # by ticket and how often it was reopened: the state then
        self._strange: set[str] = set()
        self._counts: Counter[str] = Counter()

    def counters(self) -> Mapping[str, int]:
        """Monotone counts: asked, answered, unknown_state, and what the ear made of it."""
        return dict(self._counts)

    async def run(self, ear: Ear) -> None:
        """Ask until cancelled."""
        while True:
            await self._clock.sleep(LOOK_S)
            await self.poll(ear)

    async def poll(self, ear: Ear) -> None:
        """Ask for every order that is due now, red first; none while the line is down."""
        tickets = {ticket.id: ticket for ticket in self._tickets()}
        self._due = {name: due for name, due in self._due.items() if name in tickets}
        self._before = {key: state for key, state in self._before.items() if key[0] in tickets}
        now = self._clock.now()
        due = [ticket for ticket in tickets.values() if self._is_due(ticket, now)]
        for ticket in sorted(due, key=lambda each: each.level is not Level.RED):
            if not self._is_up():
                return
            self._due[ticket.id] = self._clock.now() + self._pause_s(ticket)
            await self._ask(ticket, ear)

    def _is_due(self, ticket: Ticket, now: float) -> bool:
        """A clock that was set back, or a ticket that has become red, must not have to wait for long."""
        every_s = EVERY_S[ticket.level]
        due = self._due.get(ticket.id, now + self._pause_s(ticket))
        self._due[ticket.id] = due = min(due, now + every_s * (1 + JITTER))
        told_at = self._told_at(ticket.id)
        return due <= now and not (told_at is not None and 0 <= now - told_at < TRUSTED * every_s)

    def _pause_s(self, ticket: Ticket) -> float:
        return EVERY_S[ticket.level] * self._chance.uniform(1 - JITTER, 1 + JITTER)

    async def _ask(self, ticket: Ticket, ear: Ear) -> None:
        try:
            messages = await self._sent.messages(ticket.id)
        except StorageFailed as error:
            log.debug("ticket=%s not asked for: %s", ticket.id, error)
            return
        states = [outgoing.state for outgoing in messages]
        if states[:1] != ["sent"] or "pending" in states:
            return  # what the receiver does not know yet, it cannot answer to
        self._counts["asked"] += 1
        standing = await self._reader.read(ticket.id, str(getattr(messages[0], "work_order", "")))
        if standing.outcome == "ok":
            self._counts["answered"] += 1
            await self._consider(ticket, seen(standing.state, standing.said), ear)

    async def _consider(self, ticket: Ticket, order: Seen, ear: Ear) -> None:
        meaning = STATES.get(order.state)
        if meaning is None:
            self._wonder(ticket, order.state)
        elif not self._is_old(ticket, order) and is_news(ticket, meaning, order):
            callback = callback_of(ticket, meaning, order, POLLED, self._clock.now())
            if callback is not None:
                reply = await ear.hear(callback)
                self._counts[str(reply.heard)] += 1

    def _is_old(self, ticket: Ticket, order: Seen) -> bool:
        """Whether the order is still in the state that it was in when the ticket was opened again."""
        if not ticket.reopened:
            return False
        if order.at is not None:
            return order.at <= ticket.nodes.get("reopened", 0.0)
        before = self._before.setdefault((ticket.id, ticket.reopened), order.state)
        return order.state == before

    def _wonder(self, ticket: Ticket, state: str) -> None:
        """A state that means nothing here changes nothing, and is told once."""
        self._counts["unknown_state"] += 1
        if state not in self._strange and len(self._strange) < MOST_STRANGE:
            self._strange.add(state)
            log.warning("ticket=%s stands as %r, which means nothing here", ticket.id, state)
