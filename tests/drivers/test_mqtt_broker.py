"""The driver against a real Mosquitto: what it promises when brokers and publishers misbehave."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from drivers.mqtt.inbox import PAYLOAD_LIMIT
from tests.conftest import Mosquitto
from tests.drivers.mqtt_rig import TOPIC, connected, publish, running, says

pytestmark = pytest.mark.real


@pytest.mark.parametrize("version", ["v3.1.1", "v5"])
@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_messages_become_batches(mosquitto: Mosquitto, version: str, qos: int) -> None:
    async with connected(mosquitto, version=version, qos=qos) as rig:
        assert rig.health().reason == "no message yet"
        await asyncio.to_thread(publish, mosquitto, says(1), says(2), says("fast"), says(3))
        await rig.until(lambda: len(rig.batches) == 4)
        assert rig.speeds == pytest.approx([1, 2, float("nan"), 3], nan_ok=True)
        assert rig.health().state == "good"


def burst(broker: Mosquitto, messages: Sequence[dict[str, Any]]) -> None:
    """As fast as possible; every third with a property, which a broker passes on to who speaks MQTT 5."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.username_pw_set(broker.username, broker.password)
    client.connect(broker.host, broker.port)
    client.loop_start()
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = 60
    for place, message in enumerate(messages):
        client.publish(TOPIC, json.dumps(message), qos=0, properties=None if place % 3 else properties)
    client.publish(TOPIC, b"the end", qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


@pytest.mark.parametrize("version", ["v3.1.1", "v5"])
@pytest.mark.parametrize("qos", [0, 1])
async def test_a_burst_comes_whole_and_in_order(mosquitto: Mosquitto, version: str, qos: int) -> None:
    speeds = [place / 100 for place in range(400)]
    async with connected(mosquitto, version=version, qos=qos) as rig:
        await asyncio.to_thread(burst, mosquitto, [says(speed) for speed in speeds])
        await rig.until(lambda: rig.counts("refused_json") == 1)
        assert rig.speeds == speeds
        assert rig.counts("received") == len(speeds) + 1


@pytest.mark.parametrize("version", ["v3.1.1", "v5"])
async def test_a_wrong_password_shows_in_the_health(
    mosquitto: Mosquitto, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(url=mosquitto.url, username="gateway", password="not-the-password", version=version) as rig:
        await rig.until(lambda: "refuses this gateway: not authorized" in rig.health().reason)
        assert rig.health().state == "offline"
        assert "not-the-password" not in caplog.text


async def test_a_password_is_needed(mosquitto: Mosquitto) -> None:
    async with running(url=mosquitto.url) as rig:
        await rig.until(lambda: "refuses this gateway" in rig.health().reason)


async def test_a_broker_that_is_killed_leaves_a_gap_and_comes_back(mosquitto: Mosquitto) -> None:
    async with connected(mosquitto) as rig:
        await asyncio.to_thread(publish, mosquitto, says(1))
        await rig.until(lambda: rig.speeds == [1])
        mosquitto.kill()
        await rig.until(lambda: rig.health().state == "offline")
        assert rig.health().reason == "the broker closed the connection"
        gone_since = rig.health().since
        await rig.until(lambda: "connection refused" in rig.health().reason)
        assert rig.health().since == gone_since, "the reason may change, the gap began once"
        mosquitto.start()
        await rig.until(lambda: rig.counts("connections") == 2, within_s=15)
        await asyncio.to_thread(publish, mosquitto, says(2))
        await rig.until(lambda: rig.speeds == [1, 2])
        assert rig.health().state == "good"


async def test_a_broker_that_is_absent_at_the_start_is_normal(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    async with running(url=mosquitto.url, username=mosquitto.username, password=mosquitto.password) as rig:
        await rig.until(lambda: "connection refused" in rig.health().reason)
        mosquitto.start()
        await rig.until(lambda: rig.counts("connections") == 1, within_s=15)


async def test_a_huge_payload_is_refused_unread(mosquitto: Mosquitto) -> None:
    async with connected(mosquitto) as rig:
        await asyncio.to_thread(publish, mosquitto, b'{"speed":' + b" " * 5_000_000 + b"1}", says(2))
        await rig.until(lambda: rig.speeds == [2])
        assert rig.counts("refused_size") == 1


async def test_with_v5_the_broker_keeps_a_huge_payload_to_itself(mosquitto: Mosquitto) -> None:
    async with connected(mosquitto, version="v5") as rig:
        await asyncio.to_thread(publish, mosquitto, b" " * (PAYLOAD_LIMIT * 2), says(2))
        await rig.until(lambda: rig.speeds == [2])
        assert rig.counts("received") == 1


async def test_garbage_never_ends_reception(mosquitto: Mosquitto) -> None:
    garbage = [b"", b"\xff\x00", b"[" * 60_000, b'{"speed": 1, "speed": 2}', b'{"speed": ' + b"9" * 5_000 + b"}"]
    async with connected(mosquitto) as rig:
        await asyncio.to_thread(publish, mosquitto, *garbage, {"ts": 0, "speed": 1}, says(float("nan")), says(2))
        await rig.until(lambda: len(rig.batches) == 2)
        assert rig.speeds == pytest.approx([float("nan"), 2], nan_ok=True)
        assert (rig.counts("refused_json"), rig.counts("refused_stamp")) == (len(garbage), 1)


async def test_a_retained_message_is_not_taken_for_a_live_one(mosquitto: Mosquitto) -> None:
    await asyncio.to_thread(publish, mosquitto, {"speed": 1}, retain=True)
    async with connected(mosquitto) as rig:
        await rig.until(lambda: rig.counts("retained") == 1)
        again = says(2)
        await asyncio.to_thread(publish, mosquitto, again, again, says(1, ago_s=60))
        await rig.until(lambda: rig.counts("repeated") == 2)
        assert rig.speeds == [2]


async def test_an_exception_in_our_own_callback_does_not_end_reception(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(mosquitto) as rig:
        put = type(rig.link.inbox).put

        def put_or_fail(inbox: Any, topic: str, payload: bytes, *rest: Any, **more: Any) -> None:
            if b"poison" in payload:
                raise RuntimeError("a bug of ours")
            put(inbox, topic, payload, *rest, **more)

        monkeypatch.setattr(type(rig.link.inbox), "put", put_or_fail)
        await asyncio.to_thread(publish, mosquitto, b"poison", says(1))
        await rig.until(lambda: rig.speeds == [1])
        assert (rig.counts("received"), rig.counts("callback_errors")) == (2, 1)


async def test_only_configured_topics_make_state(mosquitto: Mosquitto) -> None:
    async with connected(mosquitto, keep_session=True, client_id="kept") as rig:
        rig.link._client.subscribe("old/#")  # as if left over from an older configuration
        await asyncio.sleep(0.3)
        for i in range(20):
            await asyncio.to_thread(publish, mosquitto, says(1), topic=f"old/{i}")
        await rig.until(lambda: rig.counts("unknown_topics") == 20)
        assert (rig.batches, set(rig.driver.health())) == ([], {"EL-1"})


async def test_a_name_used_twice_does_not_become_a_storm(mosquitto: Mosquitto) -> None:
    async with connected(mosquitto, client_id="twin") as one, connected(mosquitto, client_id="twin") as other:
        await one.until(lambda: one.health().state == "offline")
        await asyncio.sleep(3)
        assert one.counts("connections") + other.counts("connections") < 8


async def test_a_driver_may_be_started_again(mosquitto: Mosquitto) -> None:
    async with connected(mosquitto) as rig:
        pass
    again = asyncio.create_task(rig.collect())
    await rig.until(lambda: rig.counts("connections") == 2)
    await asyncio.to_thread(publish, mosquitto, says(3))
    await rig.until(lambda: rig.speeds == [3])
    again.cancel()
    await asyncio.wait({again})
    assert rig.health().reason == "stopped"
