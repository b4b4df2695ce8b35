"""Whatever a driver does, it is started again, more and more slowly, and the others do not notice."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from itertools import count

import numpy as np
import pytest

from drivers.device import Batch, Health
from gateway.app.supervisor import LONGEST_PAUSE_S, SOUND_AFTER_S, Supervisor
from gateway.core.clock import ManualClock
from gateway.pipeline.board import Board
from tests.app.small_site import FLEET, T0

PORTS = count()
Play = Callable[[], AsyncGenerator[Batch]]


class Played:
    """A driver whose batches the test writes."""

    def __init__(self, play: Play) -> None:
        self._play = play

    def batches(self) -> AsyncGenerator[Batch]:
        return self._play()

    def health(self) -> Mapping[str, Health]:
        return {}

    def counters(self) -> Mapping[str, int]:
        return {}


def batch(time: float, *values: float) -> Batch:
    return Batch("P-0", time, np.array(values or (3.0, 5.0)))


async def until_restarted(supervisor: Supervisor, board: Board, times: int) -> None:
    running = asyncio.create_task(supervisor.run(board))
    for _ in range(10_000):
        if supervisor.restarts >= times:
            break
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def at_once() -> AsyncGenerator[Batch]:
    if (port := next(PORTS)) >= 0:
        raise ConnectionError(f"port {port}")
    yield batch(T0)


async def after_each_batch() -> AsyncGenerator[Batch]:
    yield batch(T0)
    raise ConnectionError


async def ends() -> AsyncGenerator[Batch]:
    yield batch(T0)


async def wrong_width() -> AsyncGenerator[Batch]:
    yield batch(T0, 1.0, 2.0, 3.0)


async def no_time() -> AsyncGenerator[Batch]:
    yield batch(float("nan"))


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        (at_once, "driver stopped: ConnectionError: port"),
        (after_each_batch, "driver stopped: ConnectionError"),
        (ends, "driver stopped: DriverEnded"),
        (wrong_width, "driver stopped: ValueError: not a row of P-0: shape (3,)"),
        (no_time, "driver stopped: ValueError: not a row of P-0: shape (2,), time nan"),
    ],
)
async def test_a_driver_that_keeps_failing_is_started_again_ever_more_slowly(
    play: Play, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock(T0)
    supervisor = Supervisor("bus", lambda: Played(play), clock)
    await until_restarted(supervisor, Board([FLEET], 1.0), 12)
    bounds_s = [min(2.0**i, LONGEST_PAUSE_S) for i in range(len(clock.slept))]
    assert all(0.5 * most <= slept <= most for slept, most in zip(clock.slept, bounds_s, strict=True))
    assert (supervisor.part.state, supervisor.part.since) == ("degraded", T0)
    assert supervisor.part.reason.startswith(reason)
    assert len(caplog.records) == 1, "said once"


async def test_what_fails_in_another_way_is_said_again(caplog: pytest.LogCaptureFixture) -> None:
    errors = iter([ConnectionError("a"), ConnectionError("b"), ValueError("c"), ValueError("d")])

    async def play() -> AsyncGenerator[Batch]:
        if error := next(errors):
            raise error
        yield batch(T0)

    await until_restarted(Supervisor("bus", lambda: Played(play), ManualClock(T0)), Board([FLEET], 1.0), 4)
    assert [record.message for record in caplog.records] == [
        "connection=bus driver stopped: ConnectionError: a; restarting",
        "connection=bus driver stopped: ValueError: c; restarting",
    ]


async def test_a_driver_that_cannot_even_be_opened_again_stops_nothing() -> None:
    opened = 0

    def opener() -> Played:
        nonlocal opened
        opened += 1
        if opened > 1:
            raise OSError("no such port")
        return Played(at_once)

    supervisor = Supervisor("bus", opener, ManualClock(T0))
    await until_restarted(supervisor, Board([FLEET], 1.0), 5)
    assert supervisor.part.reason == "driver stopped: OSError: no such port"


async def test_after_a_minute_of_good_batches_all_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock, runs = ManualClock(T0), 0

    async def play() -> AsyncGenerator[Batch]:
        nonlocal runs
        runs += 1
        if runs in {6, 7}:
            for _ in range(int(SOUND_AFTER_S) + 2):
                yield batch(clock.time)
                await clock.sleep(1.0)
        raise ConnectionError

    supervisor = Supervisor("bus", lambda: Played(play), clock)
    await until_restarted(supervisor, Board([FLEET], 1.0), 6)
    said = [record.message.split(": ")[0] for record in caplog.records]
    assert said == [
        "connection=bus driver stopped",
        "connection=bus driver runs again",
        "connection=bus driver stopped",
    ]
    pauses = [slept for slept in clock.slept if slept != 1.0]
    assert pauses[-1] <= 1.0, "the pauses begin anew"
    assert supervisor.part.since == pytest.approx(clock.time - pauses[-1])


async def test_the_others_do_not_notice() -> None:
    clock, board = ManualClock(T0), Board([FLEET], 1.0)
    delivered: list[float] = []

    async def steady() -> AsyncGenerator[Batch]:
        while True:
            delivered.append(clock.time)
            yield batch(clock.time)
            await asyncio.sleep(0)

    bad, good = Supervisor("bad", lambda: Played(at_once), clock), Supervisor("good", lambda: Played(steady), clock)
    running = asyncio.create_task(good.run(board))
    await until_restarted(bad, board, 20)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (good.part.state, good.restarts, bad.part.state) == ("ok", 0, "degraded")
    assert len(delivered) > bad.restarts
