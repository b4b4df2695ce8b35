"""What a real Mosquitto keeps for the gateway while it is away, and what it makes of floods meant for others."""

import asyncio
import socket
import time
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from drivers.mqtt import PLUGIN
from tests.conftest import Mosquitto
from tests.drivers.mqtt_rig import connected, publish, says
from tests.drivers.sparkplug_wire import ALIAS, DATATYPE, DOUBLE, LONG, NAME, metric, payload

pytestmark = pytest.mark.real


def now() -> float:
    return time.time()  # noqa: TID251 - the device's own clock


class Talker:
    """A device that stays connected, with a last will, and can be cut off as a power cut would."""

    def __init__(self, broker: Mosquitto, will_topic: str, will: bytes | str, *, retain: bool = True) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.username_pw_set(broker.username, broker.password)
        self.client.will_set(will_topic, will, qos=1, retain=retain)
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()

    async def say(self, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
        said = self.client.publish(topic, payload, qos=1, retain=retain)
        await asyncio.to_thread(said.wait_for_publish, 8)

    def cut(self) -> None:
        wire = self.client.socket()
        assert isinstance(wire, socket.socket)
        self.client.loop_stop()
        wire.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("version", ["v3.1.1", "v5"])
@pytest.mark.parametrize("qos", [1, 2])
async def test_what_a_session_kept_is_judged_by_its_own_stamps(mosquitto: Mosquitto, version: str, qos: int) -> None:
    kept: dict[str, Any] = {"keep_session": True, "client_id": "kept", "version": version, "qos": qos}
    async with connected(mosquitto, **kept):
        pass
    late, first, second = says(1, ago_s=700), says(2, ago_s=300), says(3, ago_s=200)
    await asyncio.to_thread(publish, mosquitto, late, first, first, second)
    async with connected(mosquitto, **kept) as rig:
        await rig.until(lambda: rig.speeds == [2, 3])
        assert [batch.time for batch in rig.batches] == [first["ts"], second["ts"]]
        assert (rig.counts("refused_stamp"), rig.counts("repeated")) == (1, 1)


@pytest.mark.parametrize("version", ["v3.1.1", "v5"])
async def test_without_a_session_nothing_is_kept(mosquitto: Mosquitto, version: str) -> None:
    async with connected(mosquitto, client_id="new", version=version):
        pass
    await asyncio.to_thread(publish, mosquitto, says(1))
    async with connected(mosquitto, client_id="new", version=version) as rig:
        await asyncio.to_thread(publish, mosquitto, says(2))
        await rig.until(lambda: rig.speeds == [2])


async def test_a_flood_on_topics_of_others_does_not_arrive(mosquitto: Mosquitto) -> None:
    def flood() -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set(mosquitto.username, mosquitto.password)
        client.connect(mosquitto.host, mosquitto.port)
        client.loop_start()
        for i in range(50_000):
            last = client.publish(f"site/elevators/unknown-{i}", b"1")
        last.wait_for_publish(40)
        client.disconnect()
        client.loop_stop()

    async with connected(mosquitto) as rig:
        await asyncio.to_thread(flood)
        await asyncio.to_thread(publish, mosquitto, says(1))
        await rig.until(lambda: rig.speeds == [1])
        assert (rig.counts("received"), rig.counts("unknown_topics")) == (1, 0)


@pytest.mark.parametrize("version", ["v3.1.1", "v5"])
async def test_single_values_and_a_last_will(mosquitto: Mosquitto, version: str) -> None:
    topic = "building/status/elevator/EL-1"
    profile = PLUGIN.profile.model_validate({
        "profile": "elevator",
        "driver": "mqtt",
        "format": "scalar",
        "topic": "building/status/elevator/{device}/{point}",
        "availability": {"topic": "building/status/elevator/{device}/available"},
        "points": [{"name": "speed"}, {"name": "door", "map": {"open": 1, "closed": 0}}],
    })  # fmt: skip
    device = Talker(mosquitto, f"{topic}/available", "offline")
    async with connected(mosquitto, profile=profile, version=version) as rig:
        await device.say(f"{topic}/available", "online", retain=True)
        await device.say(f"{topic}/door", "open")
        await device.say(f"{topic}/speed", "1.5")
        await rig.until(lambda: bool(rig.batches) and rig.batches[-1].values.tolist() == [1.5, 1])
        assert rig.health().state == "good"
        device.cut()
        await rig.until(lambda: rig.health().state == "offline")
        assert rig.health().reason == "the device, or the broker as its last will, says offline"
    async with connected(mosquitto, profile=profile, version=version) as rig:
        await rig.until(lambda: rig.health().state == "offline", within_s=5)
        await asyncio.to_thread(publish, mosquitto, "2.5", topic=f"{topic}/speed")
        await rig.until(lambda: rig.health().state == "good")


async def test_a_sparkplug_node_is_born_speaks_and_dies(mosquitto: Mosquitto) -> None:
    profile = PLUGIN.profile.model_validate({
        "profile": "elevator",
        "driver": "mqtt",
        "format": "sparkplug",
        "topic": "site/plc/{device}",
        "points": [{"name": "speed", "metric": "Car/Speed"}],
    })  # fmt: skip
    life = metric((NAME, "bdSeq"), (LONG, 1))
    node = Talker(mosquitto, "spBv1.0/site/NDEATH/plc", payload(life), retain=False)
    born = metric((NAME, "Car/Speed"), (ALIAS, 1), (DATATYPE, 10), (DOUBLE, 1.0))
    async with connected(mosquitto, profile=profile, qos=0) as rig:
        await node.say("spBv1.0/site/NBIRTH/plc", payload(life, seq=0, stamp=now()))
        await node.say("spBv1.0/site/DBIRTH/plc/EL-1", payload(born, seq=1, stamp=now()))
        await node.say("spBv1.0/site/DDATA/plc/EL-1", payload(metric((ALIAS, 1), (DOUBLE, 2.0)), seq=2, stamp=now()))
        await rig.until(lambda: rig.speeds == [1, 2])
        assert rig.health().state == "good"
        node.cut()
        await rig.until(lambda: rig.health().state == "offline")
        assert rig.health().reason == "the edge node plc is gone (NDEATH)"
        assert rig.counts("unknown_topics") == 0
