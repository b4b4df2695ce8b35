"""The link against a broker of our own making that says what no broker should."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Event

import pytest

from drivers.mqtt import MqttConnection
from drivers.mqtt.driver import MqttDriver
from drivers.mqtt.link import Link
from drivers.mqtt.profile import MqttDevice, MqttProfile
from gateway.core.clock import SystemClock
from tests.drivers.mqtt_bytes import varint
from tests.listening import listening

CONNACK = b"\x20\x02\x00\x00"


def published(topic: bytes, payload: bytes, *, flags: int = 0) -> bytes:
    """`flags` are those of MQTT: 8 for a repeated message, 2 for QoS 1, 1 for a retained one."""
    number = b"\x00\x07" if flags & 2 else b""
    body = struct.pack("!H", len(topic)) + topic + number + payload
    return bytes([0x30 | flags]) + varint(len(body)) + body


@asynccontextmanager
async def link_to(
    *packets: bytes, answer: int = 0, stamp: str | None = None, heard: bytearray | None = None
) -> AsyncIterator[MqttDriver]:
    """A driver connected to a server that accepts, grants the subscription with `answer`, and sends the packets.

    What the driver then says is added to `heard`.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(CONNACK)
        subscribe = await reader.read(1024)
        if subscribe[:1] == b"\x82":
            writer.write(b"\x90\x03" + subscribe[2:4] + bytes([answer]))
            writer.writelines(packets)
        while said := await reader.read(1024):
            if heard is not None:
                heard.extend(said)
        writer.close()

    async with listening(serve) as port, _driven(port, stamp) as driver:
        yield driver


@asynccontextmanager
async def _driven(port: int, stamp: str | None) -> AsyncIterator[MqttDriver]:
    profile = MqttProfile.model_validate({"profile": "pump", "points": [{"name": "speed"}], "stamp": stamp})
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


LARGE = b'{"speed": 1, "rest": "' + b"x" * 300_000 + b'"}'


@pytest.mark.parametrize("flags", [0, 2])
async def test_a_large_message_is_counted_and_acknowledged_and_the_next_one_is_read(flags: int) -> None:
    heard = bytearray()
    packets = (published(b"p/1", LARGE, flags=flags), published(b"p/1", b'{"speed": 2}'))
    async with link_to(*packets, heard=heard) as driver:
        await until(lambda: driver.counters()["batches"] == 1)
        assert driver.counters()["refused_size"] == 1
        if flags:
            await until(lambda: heard == b"\x40\x02\x00\x07")
        assert driver.counters()["connections"] == 1


async def test_any_other_large_packet_ends_the_connection_with_a_reason() -> None:
    async with link_to(b"\x90" + varint(100_000_000) + b"x" * 1_000) as driver:
        await until(lambda: driver.health()["P-1"].reason.startswith("the broker sent"))
        health = driver.health()["P-1"]
        assert health.state == "offline"
        assert health.reason == "the broker sent a packet of 100.0 MB; the limit is 0.2 MB"


@pytest.mark.parametrize("stamp", [None, "ts"])
@pytest.mark.parametrize(("flags", "why"), [(1, "retained"), (10, "repeated")])
async def test_what_was_kept_or_sent_again_is_not_fresh(stamp: str | None, flags: int, why: str) -> None:
    now = SystemClock().now()
    old = json.dumps({"speed": 1, "ts": now - 60}).encode()
    new = json.dumps({"speed": 2, "ts": now}).encode()
    packets = [published(b"p/1", old, flags=flags), published(b"p/1", new), published(b"p/1", new, flags=10)]
    async with link_to(*packets, stamp=stamp) as driver:
        await until(lambda: driver.counters()["repeated"] + driver.counters()["retained"] == (1 if stamp else 2))
        counts = driver.counters()
        assert counts["batches"] == (2 if stamp else 1), "with a stamp of its own an old message fills a gap"
        assert counts[why] >= (0 if stamp else 1)


async def test_unknown_topics_are_counted_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    strangers = [published(f"p/unknown/{i}".encode(), b"{}") for i in range(2_000)]
    async with link_to(*strangers, published(b"p/1", b'{"speed": 1}')) as driver:
        put: list[object] = []
        monkeypatch.setattr(type(driver._link.inbox), "put", lambda *message: put.append(message))
        await until(lambda: len(put) == 1)
        assert driver.counters()["unknown_topics"] == 2_000


class Pauses(Event):
    """A stop that comes after so many pauses, and no pause lasts."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.left = count

    def wait(self, timeout: float | None = None) -> bool:
        self.left -= 1
        if not self.left:
            self.set()
        return self.is_set()


@pytest.mark.parametrize(
    ("held_s", "longest_s"),
    [(None, [4.0] * 6), (0.5, [4.0, 8.0, 16.0, 30.0, 30.0, 30.0]), (11.0, [2.0] * 6)],
    ids=["nobody there", "hangs up", "held"],
)
def test_pauses_grow_only_where_somebody_hangs_up(
    monkeypatch: pytest.MonkeyPatch, held_s: float | None, longest_s: list[float]
) -> None:
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    settings = MqttConnection.model_validate({"driver": "mqtt", "url": "mqtt://127.0.0.1:1"})
    link = Link("broker", settings, (), lambda _: True, SystemClock())
    monkeypatch.setattr(link, "_converse", lambda _: held_s)
    monkeypatch.setattr("drivers.mqtt.link.random.uniform", draw)
    link.run(Pauses(6))
    assert drawn == [(1.0, longest) for longest in longest_s]


async def test_the_broker_waits_while_the_readings_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    flood = [published(b"p/1", b'{"speed": 1, "rest": "' + b"x" * 60_000 + b'"}') for _ in range(200)]
    monkeypatch.setattr("drivers.mqtt.driver._DRAIN_S", 0.2)
    async with link_to(*flood) as driver:
        await until(lambda: driver.counters()["batches"] == len(flood))
        assert driver.counters()["dropped"] == 0


async def test_readings_that_nobody_takes_do_not_cost_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    flood = [published(b"p/1", b"x" * 60_000) for _ in range(100)]
    monkeypatch.setattr("drivers.mqtt.driver._DRAIN_S", 60.0)
    monkeypatch.setattr("drivers.mqtt.link._PATIENCE", 3)
    async with link_to(*flood) as driver:
        await until(lambda: driver.counters()["received"] == len(flood))
        assert driver.counters()["dropped"] > 0
