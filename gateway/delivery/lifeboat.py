"""The store while the disk fails: messages that no transaction takes are sent from memory, under their own keys.

A disk that turns read-only must not keep a red ticket from the people who would come. The price is known: if the
process dies before the disk is well again, its next life knows nothing of those tickets and raises them anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from gateway.core.types import Level, Message
from gateway.delivery.records import Changes, Outgoing
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer

PATIENCE_S = 5.0
"""How long the disk must fail before messages go without it: one failed sync is no reason to."""
MOST = 10_000
"""Messages sent from memory; further ones wait for the disk."""
LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class _Fate:
    """What became of a message, and how to tell the store."""

    state: Literal["pending", "sent", "parked"]
    tell: Callable[[], Awaitable[None]]
    next_at: float = 0.0
    failed_at: float | None = None
    tried_at: float | None = None
    work_order: str = ""
    attempts: int = 0


class Lifeboat(Writer):
    """A writer whose outbox goes on without its store."""

    def __init__(self, store: Store, patience_s: float = PATIENCE_S) -> None:
        super().__init__(store)
        self._patience_s = patience_s
        self._failing_since: float | None = None
        self._aboard: dict[str, Outgoing] = {}  # what the store does not have
        self._fates: dict[str, _Fate] = {}  # what the store has not been told
        self._tell_at = 0.0

    async def commit(self, changes: Changes) -> None:
        """Save, or raise StorageFailed; then the caller tries again, and if that takes long its messages go anyway."""
        try:
            await super().commit(changes)
        except StorageFailed:
            self._take_aboard(changes.messages)
            raise
        self._failing_since, self._tell_at = None, 0.0
        for message in changes.messages:
            self._aboard.pop(message.key, None)
        await self._tell()

    async def due(self, now: float, limit: int) -> list[Outgoing]:
        """What the store says is due and what is aboard: red first, then oldest."""
        await self._tell()
        try:
            stored = await super().due(now, limit + len(self._fates))
        except StorageFailed:
            if not self._aboard:
                raise
            stored = []
        waiting = sorted((*stored, *self._aboard.values()), key=lambda o: (o.message.level, o.message.created_at))
        due: list[Outgoing] = []
        for outgoing in waiting:
            if len(due) < limit and self._is_due(outgoing, now):
                due += await self._if_next(self._as_it_stands(outgoing))
        return due

    async def next_at(self, now: float) -> float | None:
        """When something is due; soon, while there is anything that the store does not know."""
        try:
            stored = await super().next_at(now)
        except StorageFailed:
            if not self._aboard:
                raise
            stored = None
        soon = [now + LOOK_AGAIN_S] if self._aboard or self._fates else []
        return min([*soon, *([] if stored is None else [stored])], default=None)

    async def trying(self, key: str, now: float) -> None:
        """A try begins that may arrive. What is aboard is forgotten with the process anyway."""
        if key not in self._aboard:
            await super().trying(key, now)

    async def sent(self, key: str, now: float, answer: str, work_order: str = "") -> None:
        """The receiver has it, under that number of its own."""
        tell = partial(super().sent, key, now, answer, work_order)
        await self._settle(key, _Fate("sent", tell, work_order=work_order))

    async def retry(
        self, key: str, now: float, next_at: float, answer: str, tried_at: float | None = None, work_order: str = ""
    ) -> None:
        """Not delivered, as far as we know; try again at `next_at`. Without `tried_at` it surely has not arrived."""
        tell = partial(super().retry, key, now, next_at, answer, tried_at, work_order)
        await self._settle(key, _Fate("pending", tell, next_at, now, tried_at, work_order))

    async def park(self, key: str, answer: str) -> None:
        """Refused for good; it waits for a person."""
        await self._settle(key, _Fate("parked", partial(super().park, key, answer)))

    async def hurry(self) -> None:
        """Make every waiting message due: the receiver is back."""
        self._fates = {key: replace(fate, next_at=0.0) for key, fate in self._fates.items()}
        try:
            await super().hurry()
        except StorageFailed:
            if not self._aboard:
                raise

    def _take_aboard(self, messages: Iterable[Message]) -> None:
        now = asyncio.get_running_loop().time()
        self._failing_since = now if self._failing_since is None else self._failing_since
        if now - self._failing_since < self._patience_s:
            return
        for message in sorted(messages, key=lambda message: message.level != Level.RED):
            if message.key not in self._aboard and len(self._aboard) < MOST:
                self._aboard[message.key] = Outgoing(message, "pending", 0, 0.0, None, "")

    async def _settle(self, key: str, fate: _Fate) -> None:
        before = self._fates.get(key)
        if key not in self._aboard:
            try:
                await fate.tell()
            except StorageFailed:
                if len(self._fates) >= MOST:
                    raise
            else:
                self._fates.pop(key, None)
                return
        if before is not None:
            failed_at = fate.failed_at if before.failed_at is None else before.failed_at
            number = fate.work_order or before.work_order
            fate = replace(fate, attempts=before.attempts, failed_at=failed_at, work_order=number)
        self._fates[key] = replace(fate, attempts=fate.attempts + 1)

    async def _tell(self) -> None:
        """Tell the store what became of the messages that it has by now; what it cannot take is told later."""
        now = asyncio.get_running_loop().time()
        if now < self._tell_at:
            return
        for key, fate in list(self._fates.items()):
            if key in self._aboard:
                continue
            try:
                await fate.tell()
            except StorageFailed:
                self._tell_at = now + LOOK_AGAIN_S
                return
            if self._fates.get(key) is fate:
                del self._fates[key]

    def _is_due(self, outgoing: Outgoing, now: float) -> bool:
        fate = self._fates.get(outgoing.message.key)
        return fate is None or (fate.state == "pending" and fate.next_at <= now)

    def _as_it_stands(self, outgoing: Outgoing) -> Outgoing:
        fate = self._fates.get(outgoing.message.key)
        if fate is None:
            return outgoing
        first_at = fate.failed_at if outgoing.first_at is None else outgoing.first_at
        return replace(
            outgoing,
            state=fate.state,
            attempts=outgoing.attempts + fate.attempts,
            first_at=first_at,
            tried_at=fate.tried_at,
            work_order=fate.work_order or outgoing.work_order,
        )

    async def _if_next(self, outgoing: Outgoing) -> list[Outgoing]:
        """The message, if all earlier ones of its ticket are delivered; the store has answered that for its own."""
        message = outgoing.message
        if message.key not in self._aboard or message.number == 0:
            return [outgoing]
        aboard = [one for one in self._aboard.values() if one.message.ticket == message.ticket]
        try:
            known = (*await self.messages(message.ticket), *aboard)
        except StorageFailed:
            return []
        earlier = [self._as_it_stands(one) for one in known if one.message.number < message.number]
        if any(one.state == "pending" or (one.state == "parked" and one.message.number == 0) for one in earlier):
            return []
        numbers = [one.work_order for one in earlier if one.message.number == 0]
        return [replace(outgoing, work_order=outgoing.work_order or "".join(numbers[:1]))]
