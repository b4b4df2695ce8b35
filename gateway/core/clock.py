"""The only room that asks the machine for the time.

The daemon runs on a `SteadyClock` over the `SystemClock`; in the demo over a `ScaledClock`, which lets a day of
equipment pass in minutes. Tests have a `ManualClock` that moves when they say so.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.core.health import Part

log = logging.getLogger(__name__)

CATCHING_UP = 0.95
"""How fast a steady clock runs while it waits for a clock that was set back: that one gains a minute in twenty."""
TOLERATED_S = 1.0
"""A clock that was set back by less is put right without a word."""
FORGIVEN_S = 3600.0
"""After a restart, a clock that is behind by no more is waited for: machines without a battery keep it on disk."""
LEAP_S = 5.0
"""A clock that goes ahead by more at once was set, by somebody or a time server; the time in between never was."""
EARLIEST = 1_735_689_600.0
"""2025-01-01: no clock that shows an earlier time can be right."""


class RunningClock(Protocol):
    """A clock, and how many of its seconds pass in one second of the machine."""

    @property
    def speed(self) -> float:
        """Site seconds per second of the machine."""
        ...

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that much of this clock's time."""
        ...


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


class SteadyClock:
    """The time of a site: follows another clock, ahead at once, and never goes back with it.

    While the other clock is behind, because somebody or a time server set it back, this one goes on from where it was,
    a little slow, until the other has caught up. So rows keep increasing and no timer stands still; health says how far
    the two are apart. May be asked from any thread.
    """

    def __init__(self, source: RunningClock, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start at the source's time; `monotonic` gives the machine's seconds since whenever."""
        self._source = source
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._shown = source.now()
        self._last_agreed = (self._shown, monotonic())
        self._part = Part("clock")
        self._leapt_s = 0.0

    @property
    def speed(self) -> float:
        """Site seconds per second of the machine."""
        return self._source.speed

    def leapt(self) -> float:
        """Site seconds that the clock has leapt ahead since this was last asked: nobody could use them."""
        with self._guard:
            leapt_s, self._leapt_s = self._leapt_s, 0.0
            return leapt_s

    def now(self) -> float:
        """Site seconds since 1970, never less than before."""
        with self._guard:
            source, tick = self._source.now(), self._monotonic()
            if source >= self._shown:
                agreed, tick_then = self._last_agreed
                leap_s = source - max(agreed + self.speed * (tick - tick_then), self._shown)
                self._leapt_s += leap_s if leap_s > LEAP_S * self.speed else 0.0
                self._shown, self._last_agreed = source, (source, tick)
            else:
                agreed, tick_then = self._last_agreed
                self._shown = max(self._shown, agreed + CATCHING_UP * self.speed * (tick - tick_then))
            self._compare(self._shown - source)
            return self._shown

    def resume(self, last: float) -> None:
        """Go on from the time that the site had reached before a restart, where the source cannot be believed."""
        with self._guard:
            source = self._source.now()
            if source < last and (source < EARLIEST or last - source <= FORGIVEN_S):
                self._shown, self._last_agreed = last, (last, self._monotonic())
            self._leapt_s = 0.0

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of site time; how the source is set meanwhile does not matter."""
        await self._source.sleep(seconds)

    def health(self) -> Part:
        """Degraded while the machine's clock is behind the site's."""
        return self._part

    def _compare(self, ahead_s: float) -> None:
        was_ok = self._part.state == "ok"
        if ahead_s <= (TOLERATED_S if was_ok else 0.0):
            if not was_ok:
                log.info("clock has caught up")
                self._part = Part("clock")
            return
        reason = f"the machine's clock is {ahead_s:.0f} s behind the site's time, which waits for it"
        if ahead_s > FORGIVEN_S:
            reason += "; if it is right, restart the gateway, else set it"
        if was_ok:
            log.warning("clock behind_s=%.0f", ahead_s)
        self._part = Part("clock", "degraded", reason, self._last_agreed[0] if was_ok else self._part.since)


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
