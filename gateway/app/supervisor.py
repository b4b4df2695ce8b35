"""Keeps every driver running, whatever it raises: the one place in the product that catches everything."""

import logging
import random
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from drivers.device import Clock, Driver, Remembers
from gateway.core.health import Part
from gateway.pipeline.board import Board

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
SOUND_AFTER_S = 60.0
"""A driver that failed is trusted again after it has delivered for so long; one good batch proves nothing."""


class DriverEnded(Exception):
    """A driver's batches came to an end; they should go on for ever."""


@dataclass(slots=True)
class Supervisor:
    """Runs one connection's driver for ever and restarts it with growing, jittered pauses."""

    name: str
    open: Callable[[], Driver]
    clock: Clock
    driver: Driver = field(init=False)
    restarts: int = 0
    part: Part = field(init=False)
    _failed_with: str = ""
    _pause_s: float = FIRST_PAUSE_S

    def __post_init__(self) -> None:
        self.driver = self.open()
        self.part = Part(f"connection {self.name}")

    def recall(self, notes: Mapping[str, Any] | None) -> None:
        """Give the driver what an earlier run of it has learnt."""
        if isinstance(self.driver, Remembers) and notes:
            self.driver.recall(notes)

    async def run(self, board: Board) -> None:
        """Put what the driver yields on the board. Returns only by cancellation."""
        while True:
            try:
                if self.restarts:
                    self._open_again()
                await self._feed(board)
            except Exception as error:  # noqa: BLE001 - the one broad except: no device may stop the others
                self._failed(error)
            self.restarts += 1
            await self.clock.sleep(self._pause_s * random.uniform(0.5, 1.0))
            self._pause_s = min(self._pause_s * 2.0, LONGEST_PAUSE_S)

    def _open_again(self) -> None:
        """A new driver goes on with what the one that failed had learnt."""
        notes = self.driver.notes() if isinstance(self.driver, Remembers) else None
        self.driver = self.open()
        self.recall(notes)

    async def _feed(self, board: Board) -> None:
        began = self.clock.now()
        async with aclosing(self.driver.batches()) as batches:
            async for batch in batches:
                board.put(batch)
                if self.part.state != "ok" and self.clock.now() - began >= SOUND_AFTER_S:
                    self._recovered()
        raise DriverEnded

    def _failed(self, error: Exception) -> None:
        what = type(error).__name__
        reason = f"driver stopped: {what}: {error}"
        if self._failed_with != what:
            log.error("connection=%s %s; restarting", self.name, reason[:256], exc_info=error)
        self._failed_with = what
        self.part = Part(self.part.name, "degraded", reason, self.part.since or self.clock.now())

    def _recovered(self) -> None:
        log.info("connection=%s driver runs again", self.name)
        self._failed_with, self._pause_s = "", FIRST_PAUSE_S
        self.part = Part(self.part.name)
