"""Delivers the outbox to the dispatch API: several tickets at once, each ticket in order, red first, for ever.

What is due is the store's to say, what an answer means is `answers`'; here is only the loop. It runs on the wall clock
even where the site's clock is scaled: the network does not run faster for a demo.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from drivers.device import Clock
from gateway.core.types import Level
from gateway.delivery.answers import Answer, Park, Reason, Retry, Sent, Verdict, found, judge
from gateway.delivery.line import Line, LineHealth
from gateway.delivery.mapping import SiteFacts, Unmappable, lookup_path, wire
from gateway.delivery.outbox import LONGEST_PAUSE_S
from gateway.delivery.records import Outgoing
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.transport import NoAnswer, Transport

log = logging.getLogger(__name__)

_IDLE_S = 60.0
_OUTCOME: Mapping[type[Verdict], str] = {Sent: "sent", Retry: "retried", Park: "parked"}


class Outbox(Protocol):
    """The part of the store that dispatch needs; `writer.Writer` is one."""

    async def due(self, now: float, limit: int) -> list[Outgoing]: ...  # noqa: D102 - see Store
    async def next_at(self, now: float) -> float | None: ...  # noqa: D102
    async def sent(self, key: str, now: float, answer: str) -> None: ...  # noqa: D102
    async def retry(self, key: str, now: float, next_at: float, answer: str) -> None: ...  # noqa: D102
    async def park(self, key: str, answer: str) -> None: ...  # noqa: D102
    async def hurry(self) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Pace:
    """How many at once, and how patient.

    `key_window_s` is how long the receiver surely remembers an idempotency key; a message whose first try is older is
    looked up before it is sent again.
    """

    workers: int = 4
    first_pause_s: float = 1.0
    longest_pause_s: float = 300.0
    longest_red_pause_s: float = 15.0
    key_window_s: float = 24 * 3600.0

    def pause_s(self, attempts: int, at_least_s: float, chance: float, level: Level = Level.YELLOW) -> float:
        """Exponential with full jitter, `chance` in [0, 1), but never shorter than the receiver asked for.

        Somebody must be on site for a red ticket within minutes: bad luck with single tries must not cost one of them.
        """
        patience = self.longest_red_pause_s if level is Level.RED else self.longest_pause_s
        ceiling = max(self.first_pause_s, at_least_s) * 2.0 ** min(attempts, 32)
        longest = max(min(ceiling, patience), at_least_s)
        return min(at_least_s + chance * (longest - at_least_s), LONGEST_PAUSE_S)


class Dispatch:
    """The one sender of a gateway. `run` until cancelled; `wake` after each commit that wrote messages."""

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        site: SiteFacts,
        clock: Clock,
        pace: Pace | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._site = site
        self._clock = clock
        self._pace = pace or Pace()
        self._chance = chance or random.Random()
        self._line = Line(rest_s=self._pace.first_pause_s)
        self._counts: Counter[str] = Counter()
        self._busy: set[str] = set()  # tickets of which a message is on its way
        self._unsaved: dict[str, Verdict] = {}  # verdicts that the store could not take, so that none is sought twice
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
        verdict = self._unsaved.get(key)
        if verdict is None:
            verdict = self._unsaved[key] = await self._attempt(outgoing)
            self._count(outgoing, verdict)
        now = self._clock.now()
        await self._settle(outgoing, verdict, now)
        del self._unsaved[key]
        if self._line.judged(verdict, now):
            await self._outbox.hurry()

    async def _settle(self, outgoing: Outgoing, verdict: Verdict, now: float) -> None:
        key = outgoing.message.key
        match verdict:
            case Sent(reason, work_order):
                await self._outbox.sent(key, now, f"{reason} {work_order}")
            case Retry(reason, detail, at_least_s):
                pause_s = self._pace.pause_s(
                    outgoing.attempts, at_least_s, self._chance.random(), Level(outgoing.message.level)
                )
                await self._outbox.retry(key, now, now + pause_s, f"{reason}: {detail}")
            case Park(reason, detail):
                await self._outbox.park(key, f"{reason}: {detail}")

    def _count(self, outgoing: Outgoing, verdict: Verdict) -> None:
        self._counts["attempts"] += 1
        self._counts[_OUTCOME[type(verdict)]] += 1
        self._counts[f"reason:{verdict.reason}"] += 1
        if isinstance(verdict, Park):
            log.warning("message=%s parked reason=%s answer=%r", outgoing.message.key, verdict.reason, verdict.detail)

    async def _attempt(self, outgoing: Outgoing) -> Verdict:
        message = outgoing.message
        try:
            if self._may_be_forgotten(outgoing) and found(await self._transport.find(lookup_path(message)), message):
                return Sent(Reason.KNOWN)
            answer: Answer = await self._transport.send(wire(message, self._site), message.key)
        except Unmappable as error:
            return Park(Reason.UNMAPPABLE, str(error))
        except NoAnswer as error:
            return Retry(error.reason, str(error))
        return judge(answer.status, answer.headers, answer.body, message)

    def _may_be_forgotten(self, outgoing: Outgoing) -> bool:
        """Receivers forget idempotency keys; then posting again would make a second work order."""
        tried_at = outgoing.first_at
        return tried_at is not None and self._clock.now() - tried_at > self._pace.key_window_s
