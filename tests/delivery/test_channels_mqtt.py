"""Notices on MQTT, with a real Mosquitto: acknowledged, identifiable, encrypted, and what is said when it fails."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr

from gateway.core.channel import Delivered, Refused, Retry
from gateway.core.types import Level
from gateway.delivery.channels.mqtt import MqttChannel, MqttSettings
from tests.certificates import Authority
from tests.conftest import Mosquitto
from tests.delivery.bench import speaking_server
from tests.delivery.told import SENDER, make_notice


def opened(url: str, deadline_s: float = 5.0, **keys: Any) -> MqttChannel:
    settings = MqttSettings.model_validate({"channel": "mqtt", "url": url, **keys})
    return MqttChannel(settings, SENDER, deadline_s)


def login(broker: Mosquitto) -> dict[str, Any]:
    return {"username": broker.username, "password": SecretStr(broker.password)}


@contextmanager
def listener(broker: Mosquitto, topic: str) -> Iterator["Queue[paho.MQTTMessage]"]:
    heard: Queue[paho.MQTTMessage] = Queue()
    subscribed: Queue[None] = Queue()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(broker.username, broker.password)
    client.on_message = lambda _, __, message: heard.put(message)
    client.on_subscribe = lambda *_: subscribed.put(None)
    client.connect(broker.host, broker.port)
    client.subscribe(topic, qos=1)
    client.loop_start()
    subscribed.get(timeout=5)
    yield heard
    client.disconnect()
    client.loop_stop()


@pytest.mark.real
@pytest.mark.parametrize("version", ["v3.1.1", "v5"])
async def test_a_notice_is_an_event_with_the_same_id_whenever_it_is_sent(mosquitto: Mosquitto, version: str) -> None:
    notice = make_notice(1, Level.RED, text="困人\n" + "很长" * 10_000)
    channel = opened(mosquitto.url, version=version, **login(mosquitto))
    with listener(mosquitto, "gateway/lakeside/tickets") as heard:
        for _ in range(2):
            assert isinstance(await channel.send([notice]), Delivered)
        first, second = [await asyncio.to_thread(heard.get, timeout=5) for _ in range(2)]
    assert first.payload == second.payload
    assert (first.qos, first.retain) == (1, False)
    event = json.loads(first.payload)
    assert (event["id"], event["source"], event["subject"]) == (notice.key, "gateway/lakeside", notice.ticket)
    assert event["time"] == "2026-03-15T00:01:06.000+00:00"
    assert event["data"] == {"level": "red", "ticket": notice.ticket, "title": notice.title, "text": notice.text}


@pytest.mark.real
async def test_what_the_broker_refuses_needs_a_person(mosquitto: Mosquitto) -> None:
    wrong = opened(mosquitto.url, username="gateway", password=SecretStr("wrong-password"))
    outcome = await wrong.send([make_notice(1)])
    assert isinstance(outcome, Refused)
    assert "refuses this gateway" in outcome.reason
    assert "wrong-password" not in outcome.reason


@pytest.mark.real
async def test_tls_is_checked(mosquitto: Mosquitto, authority: Authority) -> None:
    signed = authority.sign("broker", "IP:127.0.0.1")
    mosquitto.stop()
    mosquitto.start(f"certfile {signed.certificate}", f"keyfile {signed.key}")
    url = f"mqtts://127.0.0.1:{mosquitto.port}"
    trusting = opened(url, ca=authority.certificate, **login(mosquitto))
    assert isinstance(await trusting.send([make_notice(1)]), Delivered)
    outcome = await opened(url, **login(mosquitto)).send([make_notice(1)])
    assert isinstance(outcome, Retry)
    assert "certificate is not accepted" in outcome.reason
    plain = await opened(mosquitto.url, deadline_s=1.0, **login(mosquitto)).send([make_notice(1)])
    assert isinstance(plain, Retry)


@pytest.mark.real
async def test_a_broker_that_is_away_is_tried_again(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    outcome = await opened(mosquitto.url, **login(mosquitto)).send([make_notice(1)])
    assert outcome == Retry("the broker cannot be reached: connection refused")


@pytest.mark.parametrize("says", [b"", b"\x20\x02\x00\x00", b"HTTP/1.1 400 no\r\n\r\n", b"\xff" * 64])
async def test_what_is_no_broker_is_no_delivery(says: bytes) -> None:
    """Silence, a welcome without an acknowledgement, and bytes that are not MQTT."""
    async with speaking_server(says, hold_s=1.0) as port:
        outcome = await opened(f"mqtt://127.0.0.1:{port}", deadline_s=0.5).send([make_notice(1)])
    assert isinstance(outcome, Retry)


async def test_a_server_that_hangs_up_is_no_delivery() -> None:
    async with speaking_server(b"") as port:
        outcome = await opened(f"mqtt://127.0.0.1:{port}").send([make_notice(1)])
    assert isinstance(outcome, Retry)
    assert "in time" not in outcome.reason


async def test_what_one_server_has_said_is_not_read_by_the_next_conversation() -> None:
    async with speaking_server(b"\xff" * 64, hold_s=1.0) as port:
        await opened(f"mqtt://127.0.0.1:{port}", deadline_s=0.5).send([make_notice(1)])
    async with speaking_server(b"", hold_s=1.0) as port:
        outcome = await opened(f"mqtt://127.0.0.1:{port}", deadline_s=0.1).send([make_notice(1)])
    assert outcome == Retry("the broker did not acknowledge in time")


@pytest.fixture
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
