"""What one device or connection may cost the others, in the cases that no timeout bounds."""

import asyncio
import socket
from collections.abc import Callable
from itertools import groupby

import numpy as np
import pytest

from drivers.modbus.line import Line
from gateway.core.clock import SystemClock
from tests.drivers.loops import LOOPS, on
from tests.drivers.modbus_servers import (
    FaultServer,
    device,
    driver,
    eventually,
    fast,
    polling,
    profile,
    serving,
    until,
)
from tests.listening import listening

ONE = profile({"address": 0})


class SetBack(SystemClock):
    """A clock that somebody sets back by an hour."""

    by_s = 0.0

    def now(self) -> float:
        return super().now() - self.by_s


async def test_what_a_device_said_before_it_was_gone_is_not_said_of_the_one_that_comes_back() -> None:
    what = profile({"address": 0}, {"address": 1, "every": "1h"})
    words = {1: 11}
    async with serving(FaultServer(words=words)) as server:
        line = driver(server.port, what, device("meter", every="5s"), clock=fast(500))
        await until(line, lambda got: len(got) >= 1 and got[-1].values[1] == 11)
        server.modes[1] = "exc11"
        words[1] = 22
        await until(line, lambda _: line.health()["meter"].state == "offline")
        server.modes.clear()
        batches = await until(line, lambda got: len(got) >= 1)
    assert batches[0].values[1] == 22


async def test_a_device_that_is_slow_to_say_that_it_is_busy_leaves_the_line_to_others() -> None:
    busy, well = device("busy", unit=1, every="20ms"), device("well", unit=2, every="20ms")
    server = FaultServer(modes={1: "exc6"})
    async with serving(server):
        line = driver(server.port, ONE, busy, well, clock=SystemClock(), timeout="1s")
        await until(line, lambda _: line.health()["busy"].state == "bad")
        server.delay_s = 0.02  # it holds the line for the whole of its period
        server.questions.clear()
        await until(line, lambda got: sum(batch.device == "well" for batch in got) >= 30)
    assert server.questions[1] <= 8


async def test_a_connection_on_which_all_are_silent_is_made_anew() -> None:
    """Some equipment forgets a connection without a word, and answers on the next one."""
    mute: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mute.append(writer)
        while True:
            question = await reader.readexactly(12)
            if len(mute) > 1:
                writer.write(question[:4] + b"\0\5" + question[6:8] + b"\2\0\7")

    async with listening(serve) as port:
        line = driver(port, ONE, device("a", 1), device("b", 2), clock=fast(20))
        batches = await until(line, lambda got: {batch.device for batch in got} == {"a", "b"})
    assert {float(batch.values[0]) for batch in batches} == {7.0}
    assert {health.state for health in line.health().values()} == {"good"}


@pytest.mark.parametrize("loop", LOOPS)
def test_the_system_gives_a_connection_up_that_nobody_hears(
    loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[asyncio.BaseTransport] = []
    take = Line.connection_made

    def note(line: Line, transport: asyncio.BaseTransport) -> None:
        made.append(transport)
        take(line, transport)

    monkeypatch.setattr(Line, "connection_made", note)
    found: list[int] = []

    async def main() -> None:
        server = FaultServer()
        async with serving(server), polling(driver(server.port, ONE, device("a"), clock=SystemClock())) as got:
            await eventually(lambda: bool(got))
            wire = made[0].get_extra_info("socket")
            found.append(wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
            options = socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_USER_TIMEOUT
            found.extend(wire.getsockopt(socket.IPPROTO_TCP, option) for option in options)

    on(loop, main())
    assert found == [1, 30, 5, 20_000]


async def test_a_device_that_refuses_all_of_its_many_points_is_searched_a_little_at_a_time() -> None:
    what = profile(*({"address": address} for address in range(60)))
    server = FaultServer(modes={1: "exc2"})
    async with serving(server):
        refusing, well = device("refusing", unit=1, every="5s"), device("well", unit=2, every="5s")
        line = driver(server.port, what, refusing, well, clock=fast(500))
        await until(line, lambda got: len(got) >= 80)
        assert line.health()["refusing"].state == "bad"
        in_a_row = [sum(1 for _ in row) for unit, row in groupby(server.order) if unit == 1]
        assert max(in_a_row) <= 20, "no more than two polls"
        assert server.questions[1] > 100, "it is searched all the same"
        server.modes.clear()
        batches = await until(line, lambda _: line.health()["refusing"].state == "good", within_s=20)
    assert np.isfinite(next(batch for batch in reversed(batches) if batch.device == "refusing").values).all()
    assert line.notes() == {}


async def test_a_device_that_stays_away_when_the_connection_is_back_is_announced(
    caplog: pytest.LogCaptureFixture, unused_tcp_port: int
) -> None:
    server = FaultServer(modes={2: "exc11"}, port=unused_tcp_port)
    line = driver(unused_tcp_port, ONE, device("well", 1), device("away", 2), clock=fast(20))
    async with polling(line):
        await eventually(lambda: line.health()["away"].state == "offline")
        async with serving(server):
            await eventually(lambda: "exception 11" in line.health()["away"].reason)
            server.modes.clear()
            await eventually(lambda: line.health()["away"].state == "good")
    said = [record.message.split(" since")[0] for record in caplog.records if "device=away" in record.message]
    assert said == ["device unreachable device=away"]


async def test_a_clock_that_is_set_back_leaves_nobody_out() -> None:
    clock = SetBack()
    async with serving(FaultServer(modes={2: "silent"})) as server:
        line = driver(server.port, ONE, device("well", 1), device("dead", 2), clock=clock)
        async with polling(line) as got:
            await eventually(lambda: line.health()["dead"].state == "offline")
            clock.by_s = 3600.0
            server.modes.clear()
            before = len(got)
            await eventually(lambda: len(got) > before + 10)
            await eventually(lambda: line.health()["dead"].state == "good")
