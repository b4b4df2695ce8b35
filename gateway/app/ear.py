"""Hears what became of tickets and what residents complain of, and answers when it is on the disk.

What was heard is stored in the transaction of what it changed, so that a repetition, even after a kill, changes nothing
twice. One thing is heard at a time; the outbox is never waited for.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from drivers.device import Clock
from gateway.core.casework import Callback, Complaint
from gateway.core.hearing import Heard, Reply
from gateway.core.types import Status
from gateway.delivery.casefile import complaints, of_device
from gateway.delivery.polling import POLLED
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.writer import Writer
from gateway.tickets.complaints import FIGURES_S, STILL_ABOUT_S, Lead, lead, match
from gateway.tickets.decision import Decision

log = logging.getLogger(__name__)

REFUSING = {"closing needs evidence"}
"""The desk's reasons for changing nothing because something is missing; whoever sent it may add that."""
MOST_TOLD = 10_000
"""Tickets of which is remembered when they were last spoken of."""
NO_TICKET = Reply(Heard.UNKNOWN, "there is no such ticket")
NOT_NOW = "it cannot be stored now; say it again later under the same id"


class Judge(Protocol):
    """The part of the desk that callbacks need."""

    def hear(self, callback: Callback, now: float) -> Decision | None:
        """What a callback means; None if there is no such ticket."""
        ...


class Keeper(Protocol):
    """The part of the round that callbacks need. What cannot be stored now is kept, and stored later."""

    async def decide(self, decision: Decision, callback: Callback | None = None) -> None:
        """Store a decision, together with the callback that made it."""
        ...

    async def complain(self, complaint: Complaint) -> None:
        """Store a complaint."""
        ...

    async def save(self) -> None:
        """Store what is not stored yet."""
        ...


class DeskEar:
    """The `Ear` of a daemon."""

    def __init__(self, judge: Judge, keeper: Keeper, writer: Writer, devices: Iterable[str], clock: Clock) -> None:
        self._judge, self._keeper, self._writer = judge, keeper, writer
        self._devices, self._clock = frozenset(devices), clock
        self._turn = asyncio.Lock()
        self._decided: dict[str, Callback] = {}  # decided, but not known to be on the disk
        self._told_at: dict[str, float] = {}
        self._complaints: list[Complaint] = []

    def told_at(self, ticket_id: str) -> float | None:
        """When a ticket was last spoken of without being asked for, since the start."""
        return self._told_at.get(ticket_id)

    async def hear(self, callback: Callback) -> Reply:
        """Something happened to a ticket. A sender whose clock is ahead cannot say what has not happened yet."""
        now = self._clock.now()
        async with self._turn:
            try:
                reply = await self._hear(replace(callback, at=min(callback.at, now)), now)
            except StorageFailed as error:
                reply = Reply(Heard.BUSY, str(error))
        if reply.heard in {Heard.TAKEN, Heard.KNOWN} and not callback.id.startswith(POLLED):
            self._told_at.pop(callback.ticket, None)
            self._told_at[callback.ticket] = now
            if len(self._told_at) > MOST_TOLD:
                del self._told_at[next(iter(self._told_at))]
        return reply

    async def complain(self, complaint: Complaint) -> Reply:
        """A resident complained about a device."""
        if complaint.device not in self._devices:
            return Reply(Heard.UNKNOWN, "there is no such device")
        now = self._clock.now()
        said = replace(complaint, at=min(complaint.at, now))
        async with self._turn:
            try:
                return await self._complain(said)
            except StorageFailed as error:
                return Reply(Heard.BUSY, str(error))

    async def recall(self) -> None:
        """Take up the complaints from before a restart. Raises StorageFailed."""
        await self._complaints_since(self._clock.now() - FIGURES_S)

    def lead(self) -> Lead:
        """How much faster than residents we were, in the last 30 days."""
        return lead(self._complaints, self._clock.now())

    async def _complain(self, complaint: Complaint) -> Reply:
        tickets = await self._writer.transaction(of_device, complaint.device, complaint.at - STILL_ABOUT_S)
        matched = match(complaint, tickets)
        await self._keeper.complain(matched)
        recent = await self._complaints_since(min(matched.at, self._clock.now() - FIGURES_S))
        if matched.id not in {each.id for each in recent}:
            return Reply(Heard.BUSY, NOT_NOW)
        log.info("complaint=%s device=%s ticket=%s", matched.id, matched.device, matched.ticket or "none")
        return Reply(Heard.TAKEN)

    async def _complaints_since(self, since: float) -> list[Complaint]:
        self._complaints = await self._writer.transaction(complaints, since)
        return self._complaints

    async def _hear(self, callback: Callback, now: float) -> Reply:
        before = self._decided.get(callback.id) or await self._writer.heard(callback.id)
        if before is not None:
            return await self._again(before, callback)
        decision = self._judge.hear(callback, now)
        if decision is None:
            ticket = await self._writer.ticket(callback.ticket)
            is_closed = ticket is not None and ticket.status is Status.CLOSED
            return Reply(Heard.REFUSED, "the ticket is closed") if is_closed else NO_TICKET
        if decision.reason in REFUSING:
            return Reply(Heard.REFUSED, str(decision.reason))
        self._decided[callback.id] = callback
        await self._keeper.decide(decision, callback)
        return await self._stored(callback, Heard.TAKEN)

    async def _again(self, before: Callback, callback: Callback) -> Reply:
        if (before.ticket, before.event) != (callback.ticket, callback.event):
            return Reply(Heard.REFUSED, f"the id {callback.id} was used for something else")
        if callback.id in self._decided:
            await self._keeper.save()
            return await self._stored(callback, Heard.KNOWN)
        return Reply(Heard.KNOWN)

    async def _stored(self, callback: Callback, heard: Heard) -> Reply:
        """The same, if it is on the disk; a storage that fails now keeps it in memory and tries again by itself."""
        if await self._writer.heard(callback.id) is None:
            return Reply(Heard.BUSY, NOT_NOW)
        self._decided.pop(callback.id, None)
        return Reply(heard)
