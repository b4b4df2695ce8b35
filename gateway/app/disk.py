"""How the disk under the tickets stands: what commits say, and a look now and then while there are none."""

import asyncio
import logging

from gateway.core.health import Part
from gateway.delivery.records import Changes
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.writer import Writer

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
"""Wall seconds between looks at a disk that has nothing to take."""


class Disk:
    """The part "storage" of the health page."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._look_at = 0.0
        self.part = Part("storage")

    async def look(self, now: float) -> None:
        """See whether something could be saved: that a disk is dead must be known before the next ticket."""
        loop_now = asyncio.get_running_loop().time()
        if loop_now < self._look_at:
            return
        self._look_at = loop_now + LOOK_EVERY_S
        try:
            await (self._writer.probe() if self.part.state == "ok" else self._writer.commit(Changes(saved_at=now)))
        except StorageFailed as error:
            self.failed(error, now)
        else:
            self.worked(now)

    def failed(self, error: StorageFailed, now: float) -> None:
        """Something could not be saved."""
        self._degraded(f"cannot store tickets: {error}", now)

    def worked(self, now: float) -> None:
        """Something was saved."""
        if self._writer.trouble:
            self._degraded(self._writer.trouble, now)
            return
        if self.part.state != "ok":
            log.info("storage ok")
        self.part = Part("storage")

    def _degraded(self, reason: str, now: float) -> None:
        if self.part.state == "ok":
            log.error("storage degraded %s", reason)
        self.part = Part("storage", "degraded", reason, self.part.since or now)
