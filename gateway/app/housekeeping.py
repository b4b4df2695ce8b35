"""What the daemon does now and then, beside the main path: none of it can stop a round.

It keeps what the detectors have learnt, forgets old tickets, and looks at the outbox for the health page.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from drivers.device import Clock
from gateway.app import checkpoint
from gateway.core.health import Part
from gateway.delivery import ledger
from gateway.delivery.records import Changes
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.writer import Writer
from gateway.pipeline.engine import Engine

log = logging.getLogger(__name__)

CHECKPOINT_EVERY_S = 600.0
"""Wall seconds between checkpoints of what the detectors have learnt."""
KEEP_CLOSED_S = 90 * 86400.0
"""How long a ticket is kept after it was closed and wholly delivered."""
PRUNE_EVERY_S = 86400.0
PRUNE_AT_ONCE = 200
"""Tickets forgotten in one transaction, so that a new ticket never waits long for the disk."""
LOOK_EVERY_S = 10.0


@dataclass(slots=True)
class Housekeeping:
    """The chores of one daemon."""

    state_folder: Path
    engines: Collection[Engine]
    writer: Writer
    clock: Clock
    outbox: Mapping[str, int] = field(default_factory=dict)
    """Messages by how they stand, as of the last look; see Store.counts."""
    _part: Part = field(default_factory=lambda: Part("outbox"))

    async def run(self) -> None:
        """Do them until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._checkpoints(), name="checkpoints")
            group.create_task(self._prune(), name="prune")
            group.create_task(self._look(), name="outbox")

    def health(self) -> Part:
        """Degraded while the property company refuses messages: they wait for a person."""
        return self._part

    async def keep_learnt(self) -> None:
        """Write what all detectors have learnt, and the time: a machine without a battery starts with a wrong one."""
        for engine in self.engines:
            await checkpoint.keep(self.state_folder, engine)
        with suppress(StorageFailed):  # the round says so
            await self.writer.commit(Changes(saved_at=self.clock.now()))

    async def _checkpoints(self) -> None:
        while True:
            await asyncio.sleep(CHECKPOINT_EVERY_S)
            await self.keep_learnt()

    async def _prune(self) -> None:
        while True:
            try:
                now = self.clock.now()
                forgotten = await self._forget(now - KEEP_CLOSED_S)
                await self.writer.forget_closings(now - ledger.KEEP_S, ledger.MOST)
            except StorageFailed as error:
                log.warning("old tickets stay for another day: %s", error)
            else:
                if forgotten:
                    log.info("forgotten_tickets=%d", forgotten)
            await self.clock.sleep(PRUNE_EVERY_S)

    async def _forget(self, before: float) -> int:
        forgotten = last = await self.writer.prune(before, PRUNE_AT_ONCE)
        while last == PRUNE_AT_ONCE:
            last = await self.writer.prune(before, PRUNE_AT_ONCE)
            forgotten += last
        return forgotten

    async def _look(self) -> None:
        while True:
            try:
                self.outbox = await self.writer.counts()
            except StorageFailed as error:
                log.debug("outbox not seen: %s", error)  # the round says that storage is degraded
            else:
                self._judge(self.outbox["parked"])
            await asyncio.sleep(LOOK_EVERY_S)

    def _judge(self, parked: int) -> None:
        if not parked:
            self._part = Part("outbox")
            return
        reason = f"{parked} messages were refused by the dispatch API and wait for a person: see `gateway tickets`"
        self._part = Part("outbox", "degraded", reason, self._part.since or self.clock.now())
