"""Keeps every driver running, whatever it raises: the one place in the product that catches everything."""

import logging
import random
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from drivers.device import Clock, Driver
from gateway.core.health import Part
from gateway.pipeline.board import Board

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0


@dataclass(slots=True)
class Supervisor:
    """Runs one connection's driver for ever and restarts it with growing, jittered pauses."""

    name: str
    open: Callable[[], Driver]
    clock: Clock
    driver: Driver = field(init=False)
    restarts: int = 0
    part: Part = field(init=False)

    def __post_init__(self) -> None:
        self.driver = self.open()
        self.part = Part(f"connection {self.name}")

    async def run(self, board: Board) -> None:
        """Put what the driver yields on the board. Returns only by cancellation."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                async with aclosing(self.driver.batches()) as batches:
                    async for batch in batches:
                        board.put(batch)
                        if self.part.state != "ok":
                            pause_s = FIRST_PAUSE_S
                            self._recovered()
            except Exception as error:  # noqa: BLE001 - the one broad except: no device may stop the others
                self._failed(error)
            self.restarts += 1
            await self.clock.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(pause_s * 2.0, LONGEST_PAUSE_S)
            self.driver = self.open()

    def _failed(self, error: Exception) -> None:
        reason = f"driver stopped: {type(error).__name__}: {error}"
        if self.part.reason != reason:
            log.error("connection=%s %s; restarting", self.name, reason, exc_info=error)
        self.part = Part(f"connection {self.name}", "degraded", reason, self.clock.now())

    def _recovered(self) -> None:
        log.info("connection=%s driver runs again", self.name)
        self.part = Part(f"connection {self.name}")
