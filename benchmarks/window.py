"""One stretch of steady work, measured from inside the process that works: what it cost and what it got done.

Imports nothing of the gateway, so that a reference that is measured carries nothing of it either.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec

READY_S = 180.0
"""How long all connections may take."""
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts since the start. `missed` are polls skipped because the one before was not over."""

    requests: int
    missed: int
    failed: int
    readings: int


@dataclass(frozen=True, slots=True)
class Window:
    """The cost of a stretch of time, all threads of the process included, and what was done in it."""

    wall_s: float
    cpu_s: float
    requests: int
    missed: int
    failed: int
    readings: int
    evaluated: float = 1.0
    """The part of the readings brought that came before rules and detectors; 1 where there are none."""

    @property
    def core_share(self) -> float:
        """CPU as a share of one core, in percent."""
        return 100.0 * self.cpu_s / self.wall_s

    @property
    def request_us(self) -> float:
        """CPU per request, in microseconds."""
        return 1e6 * self.cpu_s / max(self.requests, 1)

    @property
    def reading_us(self) -> float:
        """CPU per reading, in microseconds."""
        return 1e6 * self.cpu_s / max(self.readings, 1)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.wall_s

    @classmethod
    def of(cls, line: str) -> "Window":
        """Read what `show` wrote."""
        return cls(**json.loads(line))

    def show(self) -> str:
        """One line for the process that asked."""
        return json.dumps(asdict(self))


def runner() -> asyncio.Runner:
    """Runs on the loop that `gateway run` takes: uvloop's where it can be imported."""
    if find_spec("uvloop") is None:
        return asyncio.Runner()
    import uvloop  # noqa: PLC0415 - optional

    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


async def settle(tally: Callable[[], Tally], devices: int, warm_up_s: float) -> None:
    """Wait until every device was asked, then for the warm-up. Raises TimeoutError if some never are."""
    async with asyncio.timeout(READY_S):
        while tally().requests < devices:  # noqa: ASYNC110 - what counts knows of no event
            await asyncio.sleep(_LOOK_S)
    await asyncio.sleep(warm_up_s)


async def measure(tally: Callable[[], Tally], seconds: float) -> Window:
    """Measure this process while it works."""
    before, wall, cpu = tally(), time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    cpu_s, wall_s, after = time.process_time() - cpu, time.perf_counter() - wall, tally()
    return Window(
        wall_s,
        cpu_s,
        after.requests - before.requests,
        after.missed - before.missed,
        after.failed - before.failed,
        after.readings - before.readings,
    )
