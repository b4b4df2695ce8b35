"""Publisher and broker of the demo together with the real driver; both brokers, because a laptop may have either."""

import asyncio
import sys
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from drivers.device import Driver
from drivers.mqtt import PLUGIN
from gateway.core.clock import ManualClock, ScaledClock, SystemClock
from simulators.broker import BrokerNotStarted, Program, broker
from simulators.mqtt import PublishedDevice, publish
from tests import needs
from tests.ports import free_port


@pytest.fixture
def port() -> int:
    return free_port()


async def _drain(driver: Driver) -> None:
    async for _ in driver.batches():
        pass


def test_a_device_speaks_when_its_status_changes_and_at_its_pace() -> None:
    says: dict[float, Mapping[str, Any] | None] = {t: {"status": {"door": int(t >= 3)}, "speed": t} for t in range(12)}
    says[9.0] = None
    device = PublishedDevice("el/1", 5.0, lambda now: says[now])
    assert [t for t in range(12) if device.message(float(t)) is not None] == [0, 3, 8]


@pytest.mark.real
@pytest.mark.parametrize("program", ["mosquitto", "amqtt"])
async def test_what_is_published_reaches_the_driver(program: Program, port: int) -> None:
    if program == "mosquitto":
        needs.program(program)
    clock = ScaledClock(site_start=1_773_532_800.0, wall_start=SystemClock().now(), speed=10.0)
    profile = PLUGIN.profile.model_validate(
        {"profile": "elevator", "driver": "mqtt", "stamp": "ts", "points": [{"name": "speed", "path": "values.speed"}]}
    )
    lift = {"id": "EL-1", "profile": "elevator", "on": "broker", "topic": "site/elevators/EL-1"}
    async with broker(port, "gateway", "a-password", program=program) as name:
        assert name == program
        settings = {
            "driver": "mqtt",
            "url": f"mqtt://127.0.0.1:{port}",
            "username": "gateway",
            "password": "a-password",
        }
        connection = PLUGIN.connection.model_validate(settings)
        stranger = PLUGIN.connection.model_validate(settings | {"password": "a-guess"})
        devices, profiles = [PLUGIN.device.model_validate(lift)], {"elevator": profile}
        driver = PLUGIN.open("broker", connection, devices, profiles, clock)
        refused = PLUGIN.open("stranger", stranger, devices, profiles, clock)
        simulated = PublishedDevice(lift["topic"], 5.0, lambda now: {"ts": now, "values": {"speed": 1.5}})
        publishing = asyncio.create_task(
            publish([simulated], clock, "127.0.0.1", port, username="gateway", password="a-password")
        )
        knocking = asyncio.create_task(_drain(refused))
        times = []
        async with asyncio.timeout(20):
            readings = driver.batches()
            async for batch in readings:
                assert batch.values.tolist() == [1.5]
                times.append(batch.time)
                if len(times) == 3:
                    break
            await readings.aclose()
        assert all(4 < later - earlier < 12 for earlier, later in pairwise(times))
        assert "not authorized" in refused.health()["EL-1"].reason
        for task in (publishing, knocking):
            task.cancel()
        await asyncio.wait({publishing, knocking})


async def test_a_port_in_use_is_said_at_once(port: int) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    with pytest.raises(BrokerNotStarted, match="something else listens"):
        async with broker(port, "gateway", "a-password"):
            pass
    server.close()
    await server.wait_closed()


async def test_a_broker_that_cannot_start_says_why(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.broker._write_amqtt", lambda *_: [sys.executable, "-c", "exit('no such plugin')"])
    with pytest.raises(BrokerNotStarted, match=r"amqtt does not listen .* no such plugin"):
        async with broker(port, "gateway", "a-password", program="amqtt"):
            pass


async def test_publishing_waits_for_a_broker_that_is_away(port: int) -> None:
    clock = ManualClock(1_773_532_800.0)
    device = PublishedDevice("el/1", 5.0, lambda now: {"ts": now})
    task = asyncio.create_task(publish([device], clock, "127.0.0.1", port, username="u", password="p"))
    async with asyncio.timeout(5):
        while len(clock.slept) < 20:  # noqa: ASYNC110 - the clock is set by hand
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert set(clock.slept) == {1.0}


@pytest.mark.real
@pytest.mark.parametrize("program", ["mosquitto", "amqtt"])
async def test_a_broker_without_a_user_lets_this_machine_in(program: Program, port: int) -> None:
    if program == "mosquitto":
        needs.program(program)
    profile = PLUGIN.profile.model_validate({"profile": "x", "driver": "mqtt", "points": [{"name": "v", "path": "v"}]})
    device = PLUGIN.device.model_validate({"id": "X-1", "profile": "x", "on": "broker", "topic": "site/x"})
    at = PLUGIN.connection.model_validate({"driver": "mqtt", "url": f"mqtt://127.0.0.1:{port}"})
    clock = SystemClock()
    says = PublishedDevice("site/x", 0.0, lambda _: {"v": 1.5})
    async with broker(port, "", "", program=program), asyncio.timeout(20):
        publishing = asyncio.create_task(
            publish([says], clock, "127.0.0.1", port, username="", password="", look_s=0.2)
        )
        readings = PLUGIN.open("broker", at, [device], {"x": profile}, clock).batches()
        assert (await anext(readings)).values.tolist() == [1.5]
        await readings.aclose()
        publishing.cancel()
