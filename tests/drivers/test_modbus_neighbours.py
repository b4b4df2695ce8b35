"""What one device or connection may cost the others, in the cases that no timeout bounds."""

from gateway.core.clock import SystemClock
from tests.drivers.modbus_servers import FaultServer, device, driver, fast, profile, serving, until

ONE = profile({"address": 0})


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
