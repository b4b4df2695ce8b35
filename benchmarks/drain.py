"""How the dispatch API is served: after half a day without it, and while it is there.

`python -m benchmarks.drain [TICKETS [HOURS]]`. The receiver is a process of its own, the simulated property company;
the outage passes on a clock that the benchmark moves, what comes after it is measured on the wall's.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from benchmarks.figures import Figure, Goal, Result
from benchmarks.programs import free_port, resident_mib, running
from gateway.core.clock import ManualClock, SystemClock
from gateway.core.types import Level, Message, Ticket
from gateway.delivery.dispatch import Dispatch, Pace
from gateway.delivery.mapping import SiteFacts
from gateway.delivery.records import Changes
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from simulators.order_book import read_journal

STARTS_AT = 1_773_532_865.0
_RED_EVERY = 5
_BATCH = 500
_PARTS = 12
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DrainLoad:
    """How many tickets wait for how long, and how many reds are timed while the API is up."""

    tickets: int = 10_000
    hours: float = 12.0
    reds: int = 500


@dataclass(slots=True)
class Drained:
    """What one outage and its end came to."""

    seconds: float = 0.0
    growth_mib: float = 0.0
    lost: int = 0
    twice: int = 0
    overtaken: int = 0
    """Red orders that arrived after a yellow one."""


def drain(load: DrainLoad, tell: Tell) -> Result:
    """Measure. Raises NotMeasured."""
    with TemporaryDirectory(prefix="gateway-bench-") as name:
        drained = asyncio.run(_outage(load, Path(name), tell))
        waits_ms = asyncio.run(_while_up(load, Path(name), tell))
    p50, p99 = np.quantile(waits_ms, [0.5, 0.99])
    figures = (
        Figure("drained after the outage", "s", (drained.seconds,)),
        Figure("orders made", "1/s", (load.tickets / drained.seconds,)),
        Figure("memory gained in the outage", "MiB", (drained.growth_mib,)),
        Figure("lost", "", (float(drained.lost),)),
        Figure("made twice", "", (float(drained.twice),)),
        Figure("red after yellow", "", (float(drained.overtaken),)),
        Figure("committed to posted, red, p50", "ms", (float(p50),)),
        Figure("committed to posted, red, p99", "ms", (float(p99),)),
    )
    goals = (
        Goal("0 lost, 0 twice", not drained.lost and not drained.twice),
        Goal("drained in 10 minutes", drained.seconds <= 600.0),
        Goal("red first, but for what was under way", drained.overtaken <= Pace().workers),
        Goal("committed to posted in 2 s, red, p99", float(p99) <= 2000.0),
    )
    text = f"{load.tickets} tickets, every fifth red, made in {load.hours:g} h without the dispatch API; then "
    return Result("drain", f"{text}{load.reds} red ones while it is up, yellow ones between", figures, goals)


async def _outage(load: DrainLoad, folder: Path, tell: Tell) -> Drained:
    clock, port, drained = ManualClock(STARTS_AT), free_port(), Drained()
    journal, ends = folder / "outage.jsonl", STARTS_AT + 3600.0 * load.hours
    async with _gateway(folder / "outage", port, clock) as (writer, dispatch):
        for first in range(0, load.tickets, _BATCH):
            await _commit(writer, range(first, min(first + _BATCH, load.tickets)))
        dispatch.wake()
        times = np.linspace(STARTS_AT, ends, 2 * _PARTS + 1)
        await _until(clock, times[1])
        before = resident_mib(os.getpid())
        for time in times[2::2]:
            await _until(clock, time)
            drained.growth_mib = max(drained.growth_mib, resident_mib(os.getpid()) - before)
            tell(f"drain: {(time - STARTS_AT) / 3600.0:.3g} h of {load.hours:g} without the dispatch API")
        with running(_api(port, journal), folder / "api.log"):
            began = perf_counter()
            while (await writer.counts())["pending"]:  # noqa: ASYNC110 - the store has no event for it
                await asyncio.sleep(0.05)
            drained.seconds = perf_counter() - began
    orders = [line["body"] for line in read_journal(journal) if line["happened"] == "order"]
    made = {order["external_id"] for order in orders}
    drained.lost, drained.twice = load.tickets - len(made), len(orders) - len(made)
    drained.overtaken = _overtaken([order["level"] for order in orders])
    return drained


async def _while_up(load: DrainLoad, folder: Path, tell: Tell) -> list[float]:
    """Milliseconds from each red ticket's commit to its arrival."""
    port, journal, wall, committed = free_port(), folder / "up.jsonl", SystemClock(), {}
    tell(f"drain: {load.reds} red tickets while the dispatch API is up")
    with running(_api(port, journal), folder / "api.log"):
        async with _gateway(folder / "up", port, SystemClock()) as (writer, dispatch):
            await _commit(writer, [_RED_EVERY * load.reds])
            while not (await writer.counts())["sent"]:  # noqa: ASYNC110 - until it listens
                await asyncio.sleep(0.05)
            for number in range(_RED_EVERY * load.reds):
                await _commit(writer, [number])
                dispatch.wake()
                if number % _RED_EVERY == 0:
                    committed[_ticket(number).id] = wall.now()
                await asyncio.sleep(0.004)
            while (await writer.counts())["pending"]:  # noqa: ASYNC110 - the store has no event for it
                await asyncio.sleep(0.05)
    arrived = {line["key"]: line["at"] for line in read_journal(journal) if line["happened"] == "order"}
    return [1000.0 * max(0.0, arrived[ticket] - at) for ticket, at in committed.items()]


@asynccontextmanager
async def _gateway(folder: Path, port: int, clock: ManualClock | SystemClock) -> AsyncIterator[tuple[Writer, Dispatch]]:
    from gateway.delivery.own_api import OwnApi  # noqa: PLC0415 - the commands start without an HTTP client
    from gateway.delivery.transport import HttpTransport  # noqa: PLC0415

    writer = Writer(Store(folder))
    async with HttpTransport(f"http://127.0.0.1:{port}") as transport:
        dispatch = Dispatch(writer, OwnApi(transport, SiteFacts("bench", "bench")), clock)
        running_ = asyncio.create_task(dispatch.run())
        try:
            yield writer, dispatch
        finally:
            running_.cancel()
            await asyncio.gather(running_, return_exceptions=True)
            await writer.close()


async def _commit(writer: Writer, numbers: Sequence[int]) -> None:
    tickets = [_ticket(number) for number in numbers]
    await writer.commit(Changes(tuple(tickets), tuple(map(_created, tickets)), saved_at=tickets[-1].detected_at))


async def _until(clock: ManualClock, time: float) -> None:
    while clock.time < time:  # noqa: ASYNC110 - the sender moves the clock
        await asyncio.sleep(0.01)


def _api(port: int, journal: Path) -> list[str]:
    return [sys.executable, "-m", "simulators.property_api", "--port", str(port), "--journal", str(journal)]


def _overtaken(levels: Sequence[str]) -> int:
    first_yellow = levels.index("yellow") if "yellow" in levels else len(levels)
    return levels[first_yellow:].count("red")


def _ticket(number: int) -> Ticket:
    level, fired_at = Level.RED if number % _RED_EVERY == 0 else Level.YELLOW, STARTS_AT + number
    return Ticket(
        id=f"bench:P-{number}:dry:{number:06d}",
        site="bench",
        device=f"P-{number}",
        rule="dry",
        kind="pump.dry_run",
        level=level,
        policy="yellow_48h",
        title=f"{number}号泵 干转",
        advice="停泵，检查吸水池液位与底阀。",
        fired_at=fired_at,
        detected_at=fired_at + 0.5,
        location={"building": "1", "room": "泵房"},
        due={"close": fired_at + 172800.0},
        evidence={"values": {"flow": 0.0, "running": 1.0}},
    )


def _created(ticket: Ticket) -> Message:
    body = {"event": "created", "at": ticket.detected_at, "ticket": asdict(ticket)}
    return Message(ticket.id, ticket.id, 0, "created", ticket.level, body, ticket.detected_at, ticket.device)


def _main() -> None:
    given = sys.argv[1:]
    load = DrainLoad(*([int(given[0])] if given else []), *([float(given[1])] if len(given) > 1 else []))
    result = drain(load, _say)
    _say(result.load)
    for figure in result.figures:
        _say(f"{figure.name:34} {figure.middle:10.1f} {figure.unit}".rstrip())
    for goal in result.goals:
        _say(f"{'met' if goal.met else 'MISSED':6} {goal.text}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main()
