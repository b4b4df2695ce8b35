"""deploy/mosquitto.conf and deploy/mosquitto.acl in a real Mosquitto: who may read and write what."""

import asyncio
from pathlib import Path
from queue import SimpleQueue

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.conftest import Mosquitto
from tests.drivers.mqtt_rig import TOPIC, connected, publish, says

pytestmark = pytest.mark.real

DEPLOY = Path(__file__).parents[2] / "deploy"
COLLECTORS = ("EL-1", "EL-2", "plc-1")


@pytest.fixture
def broker(mosquitto: Mosquitto, tmp_path: Path) -> Mosquitto:
    """A Mosquitto as deployed, without its TLS listener and with files and users of the test."""
    mosquitto.stop()
    written = (DEPLOY / "mosquitto.conf").read_text().splitlines()
    beside_tls = [line for line in written if not line.startswith(("listener 8883", "certfile", "keyfile"))]
    place = {"/etc/mosquitto/property-gateway.acl": DEPLOY / "mosquitto.acl", "/etc/mosquitto/passwords": "PASSWORDS"}
    place |= {"1883 127.0.0.1": f"{mosquitto.port} 127.0.0.1"}
    text = "\n".join(beside_tls)
    for there, here in place.items():
        assert there in text
        text = text.replace(there, str(here))
    mosquitto.allow(*COLLECTORS)
    mosquitto.settings = [*text.replace("PASSWORDS", str(tmp_path / "passwords")).splitlines(), "user root"]
    mosquitto.start()
    return mosquitto


class Reader:
    """Subscribes to everything and says what came."""

    def __init__(self, broker: Mosquitto, username: str) -> None:
        self.came: SimpleQueue[str] = SimpleQueue()
        self._ready: SimpleQueue[None] = SimpleQueue()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(username, broker.password)
        self._client.on_connect = lambda client, *_: client.subscribe([("#", 1), ("$SYS/#", 1)])
        self._client.on_subscribe = lambda *_: self._ready.put(None)
        self._client.on_message = lambda _, __, message: self.came.put(message.topic)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        self._ready.get(timeout=8)

    def first(self, count: int) -> list[str]:
        """The topics of so many messages, waiting for them."""
        return [self.came.get(timeout=8) for _ in range(count)]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


async def test_a_collector_writes_its_own_topics_only(broker: Mosquitto) -> None:
    async with connected(broker) as rig:
        for username in ("EL-2", "gateway", "plc-1"):
            await asyncio.to_thread(publish, broker, says(4), username=username)
        await asyncio.to_thread(publish, broker, says(1), username="EL-1")
        await rig.until(lambda: rig.speeds == [1])
        assert rig.counts("received") == 1, "neither another collector nor the gateway itself may write there"


def test_nobody_reads_everything(broker: Mosquitto) -> None:
    allowed: dict[str, list[str]] = {
        "EL-1": [TOPIC, f"{TOPIC}/status", "site/elevators/EL-1/door"],
        "plc-1": ["spBv1.0/site/NDATA/plc-1", "spBv1.0/site/DDATA/plc-1/EL-1"],
    }
    denied = {"EL-1": ["site/elevators", "other/EL-1", "spBv1.0/site/NDATA/plc-1"], "plc-1": ["spBv1.0/site/DDATA/x"]}
    collector, gateway = Reader(broker, "EL-2"), Reader(broker, "gateway")
    for topics in (denied, allowed):
        for username, its in topics.items():
            for topic in its:
                publish(broker, "1", topic=topic, username=username)
    expected = [topic for topics in allowed.values() for topic in topics]
    assert gateway.first(len(expected)) == expected
    assert collector.came.empty()
    gateway.close()
    collector.close()


def test_what_is_too_large_ends_at_the_broker(broker: Mosquitto) -> None:
    gateway = Reader(broker, "gateway")
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set("EL-1", broker.password)
    client.connect(broker.host, broker.port)
    client.loop_start()
    client.publish(TOPIC + "/large", b" " * 70_000, qos=0)
    client.loop_stop()
    publish(broker, "1", topic=TOPIC, username="EL-1")
    assert gateway.first(1) == [TOPIC]
    gateway.close()
