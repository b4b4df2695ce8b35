"""The link against a broker of our own making that says what no broker should."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from drivers.mqtt import MqttConnection
from drivers.mqtt.driver import MqttDriver
from drivers.mqtt.profile import MqttDevice, MqttProfile
from gateway.core.clock import SystemClock

CONNACK = b"\x20\x02\x00\x00"


def published(topic: bytes, payload: bytes) -> bytes:
    body = struct.pack("!H", len(topic)) + topic + payload
    return bytes([0x30, len(body)]) + body


@asynccontextmanager
async def link_to(*packets: bytes, answer: int = 0) -> AsyncIterator[MqttDriver]:
    """A driver connected to a server that accepts, grants the subscription with `answer`, and sends the packets."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(CONNACK)
        subscribe = await reader.read(1024)
        if subscribe[:1] == b"\x82":
            writer.write(b"\x90\x03" + subscribe[2:4] + bytes([answer]))
            writer.writelines(packets)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    profile = MqttProfile.model_validate({"profile": "pump", "driver": "mqtt", "points": [{"name": "speed"}]})
    device = MqttDevice.model_validate({"id": "P-1", "profile": "pump", "on": "broker", "topic": "p/1"})
    settings = MqttConnection.model_validate({"driver": "mqtt", "url": f"mqtt://127.0.0.1:{port}"})
    driver = MqttDriver("broker", settings, [device], {"pump": profile}, SystemClock())
    reading = asyncio.create_task(_drain(driver))
    try:
        yield driver
        assert not reading.done()
    finally:
        reading.cancel()
        await asyncio.wait({reading})
        server.close()
        await server.wait_closed()


async def _drain(driver: MqttDriver) -> None:
    async for _ in driver.batches():
        pass


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(8):
        while not is_so():  # noqa: ASYNC110 - what is waited for happens in another thread
            await asyncio.sleep(0.01)


async def test_a_topic_that_is_not_utf_8_is_counted_and_passed_over() -> None:
    async with link_to(published(b"p/\xff\xfe", b"{}"), published(b"p/1", b'{"speed": 1}')) as driver:
        await until(lambda: driver.counters()["batches"] == 1)
        assert driver.counters()["bad_topics"] == 1


@pytest.mark.parametrize("packet", [b"\x30\x00", b"\x30\x01\x00", b"\x32\x04\x00\x05ab", b"\xf0\x02ab", b"\x90\x00"])
async def test_a_broken_packet_is_a_lost_connection_with_a_reason(packet: bytes) -> None:
    async with link_to(packet) as driver:
        await until(lambda: driver.health()["P-1"].reason not in {"", "not connected yet", "no message yet"})
        assert driver.health()["P-1"].state == "offline"
        assert "MQTT" in driver.health()["P-1"].reason


async def test_a_denied_topic_shows_in_the_health_of_its_devices() -> None:
    async with link_to(answer=0x80) as driver:
        await until(lambda: driver.counters()["connections"] == 1)
        assert driver.health()["P-1"].reason == "the broker denies the topic p/1: unspecified error"
