"""The only room that asks the machine for the time.

The daemon runs on `SystemClock`; the demo on `ScaledClock`, which lets a day of equipment pass in minutes; tests on a
`ManualClock` that moves when they say so.
"""

import asyncio
import time
from dataclasses import dataclass, field


class SystemClock:
    """Wall-clock seconds since 1970."""

    speed = 1.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()  # noqa: TID251 - the one place

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(max(0.0, seconds))


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """A clock that showed `site_start` when the wall showed `wall_start` and runs `speed` times as fast.

    Several processes that are given the same three numbers agree about the time.
    """

    site_start: float
    wall_start: float
    speed: float

    def now(self) -> float:
        """Site seconds since 1970."""
        return self.site_start + (time.time() - self.wall_start) * self.speed  # noqa: TID251 - the one place

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of site time."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)


@dataclass(slots=True)
class ManualClock:
    """A clock for tests: `sleep` moves it forward at once and yields to other tasks."""

    time: float = 0.0
    speed: float = 1.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        """The time that the test set."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Move forward without waiting."""
        self.slept.append(seconds)
        self.time += max(0.0, seconds)
        await asyncio.sleep(0)
