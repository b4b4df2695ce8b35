"""A notifier of one channel on a clock that stands until there is nothing to do, taken step by step."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.core.casework import Notice
from gateway.core.channel import Allowance, Delivered, Outcome
from gateway.core.clock import ManualClock
from gateway.delivery import notices
from gateway.delivery.notifier import Notifier
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from tests.delivery.made import T0

LIMIT = 20


@dataclass
class Group:
    """A channel that keeps what it was given: (when, keys, outcome). Without a script it delivers up to ten at once."""

    clock: ManualClock
    script: list[Outcome | Exception] = field(default_factory=list)
    digests: bool = True
    allowances: Sequence[Allowance] = (Allowance(LIMIT, 60.0),)
    calls: list[tuple[float, list[Notice], Outcome | Exception]] = field(default_factory=list)

    async def send(self, batch: Sequence[Notice]) -> Outcome:
        answer = self.script.pop(0) if self.script else Delivered("ok", min(len(batch), 10))
        if isinstance(answer, Delivered):
            answer = Delivered(answer.receipt, min(len(batch), 10))
        self.calls.append((self.clock.now(), list(batch), answer))
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def seen(self) -> list[list[Notice]]:
        """What people saw, message by message."""
        return [batch[: answer.count] for _, batch, answer in self.calls if isinstance(answer, Delivered)]


class FlakyWriter(Writer):
    """Now and then the disk is full, and then nothing is written."""

    def __init__(self, store: Store, failures: list[bool]) -> None:
        super().__init__(store)
        self._failures = failures

    async def transaction(self, work: Callable[..., Any], *args: Any, **kw: Any) -> Any:
        if self._failures and self._failures.pop(0):
            raise StorageFailed("database or disk is full")
        return await super().transaction(work, *args, **kw)


@dataclass
class Stage:
    """A notifier of one channel, taken step by step."""

    writer: Writer
    clock: ManualClock
    group: Group
    notifier: Notifier

    async def step(self) -> float:
        """One turn of both lanes; returns for how long neither has anything to do."""
        pauses = []
        for lane in self.notifier._lanes.values():
            try:
                pauses.append(await lane.step())
            except StorageFailed:
                pauses.append(1.0)
        return min(pauses)

    async def until_idle(self, most: int = 3000) -> None:
        """Go on until nothing is pending; the clock jumps over the pauses."""
        for _ in range(most):
            counts = await Writer.transaction(self.writer, notices.counts)
            if not sum(states["pending"] for states in counts.values()):
                return
            self.clock.time += await self.step()
        pytest.fail(f"still pending after {most} steps")


@asynccontextmanager
async def stage(folder: Path, *script: Outcome | Exception, failures: list[bool] | None = None) -> AsyncIterator[Stage]:
    writer = FlakyWriter(Store(folder / "state"), failures or [])
    clock = ManualClock(T0 + 1000)
    group = Group(clock, list(script))
    yield Stage(writer, clock, group, Notifier(writer, {"duty": group}, clock))
    await writer.close()
