"""One lane of a channel: its red notices or its yellow ones. A slow yellow message never stands before a red one."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Sequence

from drivers.device import Clock
from gateway.core.channel import Channel, Delivered, Outcome, Refused, Rejected, Retry, TooOften
from gateway.core.types import Level
from gateway.delivery import notices
from gateway.delivery.budget import Budget
from gateway.delivery.notices import Waiting
from gateway.delivery.standing import REST_WHILE_REFUSED_S, Standing
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.writer import Writer

log = logging.getLogger(__name__)

LONGEST_PAUSE_S = {Level.RED: 15.0, Level.YELLOW: 300.0}
_FIRST_PAUSE_S = 1.0
_IDLE_S = 60.0
_LONGEST_SEND_S = 60.0  # the built-in channels end sooner by themselves
_AT_ONCE = 100


class Lane:
    """Sends what is due, one message after the other; `run` until cancelled, `wake` when there may be more."""

    def __init__(
        self,
        level: Level,
        channel: Channel,
        writer: Writer,
        budget: Budget,
        standing: Standing,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._level = level
        self._channel = channel
        self._writer = writer
        self._budget = budget
        self._standing = standing
        self._clock = clock
        self._chance = chance
        self._news = asyncio.Event()
        self._alone: set[str] = set()  # keys of a digest that was rejected; one of them is to blame
        self._unsettled: tuple[Sequence[Waiting], Outcome] | None = None  # what the store could not take
        self._storage_failed = False

    def wake(self) -> None:
        """There may be something to send."""
        self._news.set()

    async def run(self) -> None:
        """Send until cancelled. What is under way then stays pending and goes again, under the same key."""
        while True:
            try:
                pause_s = await self.step()
                self._storage_failed = False
            except StorageFailed as failure:
                if not self._storage_failed:
                    log.warning("channel=%s waits for the state file: %s", self._standing.channel, failure)
                self._storage_failed, pause_s = True, _FIRST_PAUSE_S
            if pause_s > 0:
                await self._rest(pause_s)

    async def step(self) -> float:
        """Send one message and return 0, or the seconds for which there is nothing to do. Raises StorageFailed."""
        self._news.clear()
        if self._unsettled is not None:
            await self._settle(*self._unsettled)
            self._unsettled = None
        now = self._clock.now()
        if wait_s := max(self._standing.hold_s(now), self._budget.wait_s(self._level, now)):
            return wait_s
        batch = self._batch(
            await self._writer.transaction(notices.due, self._standing.channel, now, _AT_ONCE, self._level)
        )
        if not batch:
            at = await self._writer.transaction(notices.next_at, self._standing.channel, now, self._level)
            return _IDLE_S if at is None else min(max(at - now, 0.0), _IDLE_S)
        self._budget.spend(self._level, now)
        outcome = await self._attempt(batch)
        self._unsettled = batch, outcome
        await self._settle(batch, outcome)
        self._unsettled = None
        return 0.0

    def _batch(self, due: Sequence[Waiting]) -> Sequence[Waiting]:
        """What the next message is about: a red alone, yellow ones together where the channel can."""
        if self._level is Level.RED or not self._channel.digests or not due or due[0].notice.key in self._alone:
            return due[:1]
        return [waiting for waiting in due if waiting.notice.key not in self._alone]

    async def _attempt(self, batch: Sequence[Waiting]) -> Outcome:
        """One try; a channel that raises has not delivered, and its words may hold secrets."""
        self.counts["attempts"] += 1
        try:
            async with asyncio.timeout(_LONGEST_SEND_S):
                return await self._channel.send([waiting.notice for waiting in batch])
        except Exception as error:  # noqa: BLE001 - a stranger's channel may raise anything; the notices stay
            name = type(error).__name__
            log.warning("channel=%s raised=%s", self._standing.channel, name)
            return Retry(f"the channel failed: {name}", _FIRST_PAUSE_S)

    async def _settle(self, batch: Sequence[Waiting], outcome: Outcome) -> None:
        """Write down what became of a try, then take notice of it."""
        now, channel = self._clock.now(), self._standing.channel
        keys = [waiting.notice.key for waiting in batch]
        match outcome:
            case Delivered(receipt, count):
                told = keys[: max(count, 1)]
                await self._writer.transaction(notices.delivered, channel, told, now, receipt)
                self._alone.difference_update(told)
                self.counts["delivered"] += len(told)
                self.counts["digested"] += len(told) if len(told) > 1 else 0
            case Rejected(reason) if len(batch) == 1:
                log.warning("channel=%s notice=%r parked reason=%r", channel, keys[0], reason)
                await self._writer.transaction(notices.park, channel, keys, reason)
                self._alone.difference_update(keys)
            case Rejected(reason):
                await self._writer.transaction(notices.retry, channel, keys, now, reason)
                self._alone.update(keys)
            case TooOften(reason, at_least_s):
                await self._writer.transaction(notices.retry, channel, keys, now + at_least_s, reason)
            case Refused(reason):
                await self._writer.transaction(notices.retry, channel, keys, now + REST_WHILE_REFUSED_S, reason)
            case Retry(reason, at_least_s):
                for waiting in batch:
                    at = now + self._pause_s(waiting.attempts, at_least_s)
                    await self._writer.transaction(notices.retry, channel, [waiting.notice.key], at, reason)
        self.counts[type(outcome).__name__.lower()] += not isinstance(outcome, Delivered)
        if self._standing.note(outcome, now):
            await self._writer.transaction(notices.hurry, channel)

    def _pause_s(self, attempts: int, at_least_s: float) -> float:
        """Exponential with full jitter."""
        longest_s = LONGEST_PAUSE_S[self._level]
        ceiling_s = min(max(_FIRST_PAUSE_S, at_least_s) * 2.0 ** min(attempts, 32), longest_s)
        floor_s = min(at_least_s, longest_s)
        return floor_s + self._chance.random() * (ceiling_s - floor_s)

    async def _rest(self, pause_s: float) -> None:
        """Wait for news or until the time is over."""
        waits = [asyncio.create_task(self._clock.sleep(pause_s)), asyncio.create_task(self._news.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
