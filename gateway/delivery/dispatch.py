"""Delivers the outbox to a receiver: several tickets at once, each ticket in order, red first, for ever.

What is due is the store's to say, how one attempt goes is `errand`'s; here is only the loop. It runs on the wall clock
even where the site's clock is scaled: the network does not run faster for a demo.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from drivers.device import Clock
from gateway.core.types import Level
from gateway.delivery import errand
from gateway.delivery.line import Line, LineHealth
from gateway.delivery.outbox import LONGEST_PAUSE_S
from gateway.delivery.receiver import Outcome, Reason, Receiver, Result
from gateway.delivery.records import Outgoing
from gateway.delivery.statefile import StorageFailed

log = logging.getLogger(__name__)

_IDLE_S = 60.0
_UNANSWERED = Result(Outcome.UNKNOWN, Reason.TIMED_OUT, detail="no answer in time")


class Outbox(Protocol):
    """The part of the store that dispatch needs; `writer.Writer` is one."""

    async def due(self, now: float, limit: int) -> list[Outgoing]: ...  # noqa: D102 - see Store
    async def next_at(self, now: float) -> float | None: ...  # noqa: D102
    async def trying(self, key: str, now: float) -> None: ...  # noqa: D102
    async def sent(self, key: str, now: float, answer: str, work_order: str = "") -> None: ...  # noqa: D102
    async def retry(  # noqa: D102
        self, key: str, now: float, next_at: float, answer: str, tried_at: float | None = None, work_order: str = ""
    ) -> None: ...
    async def park(self, key: str, answer: str) -> None: ...  # noqa: D102
    async def hurry(self) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Pace:
    """How many at once, and how patient; `deadline_s` is for one attempt with all its requests."""

    workers: int = 4
    first_pause_s: float = 1.0
    longest_pause_s: float = 300.0
    longest_red_pause_s: float = 15.0
    deadline_s: float = 10.0

    def pause_s(self, attempts: int, at_least_s: float, chance: float, level: Level = Level.YELLOW) -> float:
        """Exponential with full jitter, `chance` in [0, 1), but never shorter than the receiver asked for.

        Somebody must be on site for a red ticket within minutes: bad luck with single tries must not cost one of them.
        """
        patience = self.longest_red_pause_s if level is Level.RED else self.longest_pause_s
        ceiling = max(self.first_pause_s, at_least_s) * 2.0 ** min(attempts, 32)
        longest = max(min(ceiling, patience), at_least_s)
        return min(at_least_s + chance * (longest - at_least_s), LONGEST_PAUSE_S)


@dataclass(slots=True)
class Attempt:
    """One try of a message: since when one may have arrived, and what came of it."""

    outgoing: Outgoing
    tried_at: float | None
    result: Result = _UNANSWERED

    @property
    def surely_failed(self) -> bool:
        """Whether this try certainly did not arrive; then what was known before it still holds."""
        return self.result.outcome in {Outcome.RETRY, Outcome.AUTH}


class Dispatch:
    """The one sender of a gateway. `run` until cancelled; `wake` after each commit that wrote messages."""

    def __init__(
        self,
        outbox: Outbox,
        receiver: Receiver,
        clock: Clock,
        pace: Pace | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self._outbox = outbox
        self._receiver = receiver
        self._clock = clock
        self._pace = pace or Pace()
        self._chance = chance or random.Random()
        self._line = Line(rest_s=self._pace.first_pause_s)
        self._counts: Counter[str] = Counter()
        self._busy: set[str] = set()  # tickets of which a message is on its way
        self._unsaved: dict[str, Attempt] = {}  # what the store could not take yet, so that none is made twice
        self._storage_failed = False
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Deliver until cancelled. What is under way then stays in the outbox and goes again, under the same key."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._pace.workers):
                group.create_task(self._work(), name=f"dispatch-{number}")

    def wake(self) -> None:
        """There may be something to send; call on the event loop."""
        self._news.set()

    def health(self) -> LineHealth:
        """How the line to the dispatch API stands."""
        return self._line.health

    def counters(self) -> Mapping[str, int]:
        """Monotone counts: attempts, sent, retried, parked, and each reason."""
        return dict(self._counts)

    async def _work(self) -> None:
        while True:
            try:
                outgoing = await self._next()
                try:
                    await self._deliver(outgoing)
                finally:
                    self._busy.discard(outgoing.message.ticket)
                    self._news.set()
                self._storage_failed = False
            except StorageFailed as failure:  # the message is still in the outbox
                self._counts["storage_failed"] += 1
                if not self._storage_failed:
                    log.warning("dispatch waits for the state file: %s", failure)
                self._storage_failed = True
                await self._clock.sleep(self._pace.first_pause_s)

    async def _next(self) -> Outgoing:
        """The most urgent message whose ticket is not under way; one worker at a time asks."""
        async with self._turn:
            while True:
                self._news.clear()
                await self._clock.sleep(self._line.rest_needed_s(self._clock.now()))
                now = self._clock.now()
                for outgoing in await self._outbox.due(now, len(self._busy) + 1):
                    if outgoing.message.ticket not in self._busy:
                        self._busy.add(outgoing.message.ticket)
                        self._line.tried(now)
                        return outgoing
                await self._idle(now)

    async def _idle(self, now: float) -> None:
        """Wait for news or for the next retry."""
        next_at = await self._outbox.next_at(now)
        pause_s = _IDLE_S if next_at is None else min(next_at - now, _IDLE_S)
        waits = [asyncio.create_task(self._clock.sleep(pause_s)), asyncio.create_task(self._news.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _deliver(self, outgoing: Outgoing) -> None:
        key = outgoing.message.key
        attempt = self._unsaved.get(key)
        if attempt is None:
            attempt = self._unsaved[key] = await self._attempted(outgoing)
            self._count(attempt)
        now = self._clock.now()
        await self._settle(attempt, now)
        del self._unsaved[key]
        if self._line.judged(attempt.result, now):
            await self._outbox.hurry()

    async def _attempted(self, outgoing: Outgoing) -> Attempt:
        attempt = Attempt(outgoing, outgoing.tried_at)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.deadline_s):
                now = self._clock.now()
                attempt.result = await errand.run(self._receiver, outgoing, now, partial(self._trying, attempt))
        return attempt

    async def _trying(self, attempt: Attempt) -> None:
        """Know after a kill that the message may have arrived, before it can have."""
        if attempt.tried_at is not None:
            return
        attempt.tried_at = self._clock.now()
        try:
            await self._outbox.trying(attempt.outgoing.message.key, attempt.tried_at)
        except StorageFailed:
            if not self._receiver.remembers_s:
                raise
            self._counts["storage_failed"] += 1  # it goes out all the same: the key is guard enough

    async def _settle(self, attempt: Attempt, now: float) -> None:
        outgoing, result = attempt.outgoing, attempt.result
        key, level = outgoing.message.key, Level(outgoing.message.level)
        answer = f"{result.reason}: {result.detail}" if result.detail else f"{result.reason} {result.id}".rstrip()
        if result.delivered:
            await self._outbox.sent(key, now, answer, result.id)
        elif result.outcome is Outcome.PERMANENT:
            await self._outbox.park(key, answer)
        else:
            pause_s = self._pace.pause_s(outgoing.attempts, result.at_least_s, self._chance.random(), level)
            tried_at = outgoing.tried_at if attempt.surely_failed else attempt.tried_at
            await self._outbox.retry(key, now, now + pause_s, answer, tried_at, result.id)

    def _count(self, attempt: Attempt) -> None:
        result = attempt.result
        parked = result.outcome is Outcome.PERMANENT
        self._counts["attempts"] += 1
        self._counts["sent" if result.delivered else "parked" if parked else "retried"] += 1
        self._counts[f"reason:{result.reason}"] += 1
        if parked:
            key = attempt.outgoing.message.key
            log.warning("message=%s parked reason=%s answer=%r", key, result.reason, result.detail)
