"""Tells people: takes due notices from the store and sends each through its channel, red apart from yellow.

Every channel has two lanes of its own, so a dead one holds up no other and yellow holds up no red. What may be sent how
often is `budget`'s, what an outcome means for a channel is `standing`'s. It runs on the wall clock, as dispatch does.
"""

import asyncio
import logging
import random
from collections.abc import Mapping

from drivers.device import Clock
from gateway.core.channel import Channel
from gateway.core.health import Part
from gateway.core.types import Level
from gateway.delivery import notices
from gateway.delivery.budget import Budget
from gateway.delivery.lane import Lane
from gateway.delivery.standing import Standing
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.writer import Writer

log = logging.getLogger(__name__)

COUNTED = ("attempts", "delivered", "digested", "retry", "toooften", "refused", "rejected")


class Notifier:
    """All channels of a gateway. `run` until cancelled; `wake` after each commit that wrote notices."""

    def __init__(
        self, writer: Writer, channels: Mapping[str, Channel], clock: Clock, chance: random.Random | None = None
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._strays: tuple[Part, ...] = ()
        chance = chance or random.Random()
        self._budgets = {name: Budget(channel.allowances) for name, channel in channels.items()}
        self._standings = {name: Standing(name) for name in channels}
        self._lanes = {
            (name, level): Lane(level, channel, writer, self._budgets[name], self._standings[name], clock, chance)
            for name, channel in channels.items()
            for level in (Level.RED, Level.YELLOW)
        }

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            await self._remember()
        except StorageFailed as failure:  # the lanes wait for the state file too
            log.warning("channels start without memory: %s", failure)
        async with asyncio.TaskGroup() as group:
            for (name, level), lane in self._lanes.items():
                group.create_task(lane.run(), name=f"channel-{name}-{level}")
            group.create_task(asyncio.Event().wait())  # a gateway without channels runs as well

    def wake(self) -> None:
        """There may be something to send; call on the event loop."""
        for lane in self._lanes.values():
            lane.wake()

    def health(self) -> tuple[Part, ...]:
        """How each channel stands, and which ones are gone though notices wait for them."""
        return (*(standing.health() for standing in self._standings.values()), *self._strays)

    def counters(self) -> Mapping[str, Mapping[str, int]]:
        """Monotone counts by channel: attempts, notices delivered and digested, and the other outcomes."""
        lanes = {name: [lane for (of, _), lane in self._lanes.items() if of == name] for name in self._standings}
        return {
            name: {what: sum(lane.counts[what] for lane in both) for what in COUNTED} for name, both in lanes.items()
        }

    async def _remember(self) -> None:
        """Messages of an earlier run count too: providers do not forget because we restarted."""
        now = self._clock.now()
        for name, budget in self._budgets.items():
            budget.resume(await self._writer.transaction(notices.sent_since, name, now - budget.memory_s))
        waiting = {name: states["pending"] for name, states in (await self._writer.transaction(notices.counts)).items()}
        self._strays = tuple(
            Part(f"channel {name}", "degraded", f"not configured any more, and {count} notices wait for it", now)
            for name, count in waiting.items()
            if count and name not in self._budgets
        )
