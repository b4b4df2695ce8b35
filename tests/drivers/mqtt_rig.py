"""The MQTT driver running against a broker, and a publisher beside it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from drivers.device import Batch, Health, Profile
from drivers.mqtt import PLUGIN, MqttDriver
from gateway.core.clock import SystemClock
from tests.conftest import Mosquitto

TOPIC = "site/elevators/EL-1"
SAID = count()
PROFILE = PLUGIN.profile.model_validate(
    {"profile": "elevator", "driver": "mqtt", "stamp": "ts", "points": [{"name": "speed", "low": -5, "high": 5}]}
)


class Rig:
    """A driver that is running, what it has yielded, and a way to wait for more."""

    def __init__(self, profile: Profile = PROFILE, **connection: Any) -> None:
        settings = PLUGIN.connection.model_validate({"driver": "mqtt", **connection})
        device = {"id": "EL-1", "profile": "elevator", "on": "broker", "every": "5s"}
        if profile is PROFILE:
            device["topic"] = TOPIC
        self.driver = PLUGIN.open(
            "broker", settings, [PLUGIN.device.model_validate(device)], {"elevator": profile}, SystemClock()
        )
        assert isinstance(self.driver, MqttDriver)
        self.link = self.driver._link
        self.batches: list[Batch] = []

    @property
    def speeds(self) -> list[float]:
        return [float(batch.values[0]) for batch in self.batches]

    def health(self) -> Health:
        return self.driver.health()["EL-1"]

    def counts(self, name: str) -> int:
        return self.driver.counters()[name]

    async def collect(self) -> None:
        async for batch in self.driver.batches():
            self.batches.append(batch)

    async def until(self, is_so: Callable[[], bool], within_s: float = 8.0) -> None:
        async with asyncio.timeout(within_s):
            while not is_so():  # noqa: ASYNC110 - what is waited for happens in another thread
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(**connection: Any) -> AsyncIterator[Rig]:
    rig = Rig(**connection)
    task = asyncio.create_task(rig.collect())
    try:
        yield rig
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.wait({task})


@asynccontextmanager
async def connected(broker: Mosquitto, **connection: Any) -> AsyncIterator[Rig]:
    async with running(url=broker.url, username=broker.username, password=broker.password, **connection) as rig:
        await rig.until(lambda: rig.counts("connections") == 1)
        yield rig


def publish(
    broker: Mosquitto,
    *payloads: bytes | str | dict[str, Any],
    topic: str = TOPIC,
    retain: bool = False,
    folder: Path | None = None,
    username: str | None = None,
) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    if folder is not None:
        client.tls_set(str(folder / "ca.pem"), str(folder / "gateway.pem"), str(folder / "gateway.key"))
    client.username_pw_set(username or broker.username, broker.password)
    client.connect(broker.host, broker.port)
    client.loop_start()
    for payload in payloads:
        text = json.dumps(payload).encode() if isinstance(payload, dict) else payload
        client.publish(topic, text, qos=1, retain=retain).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def says(speed: float | str, ago_s: float = 0.0) -> dict[str, Any]:
    apart_s = next(SAID) * 1e-4  # two calls may be closer together than a float can tell
    return {"ts": time.time() - ago_s + apart_s, "speed": speed}  # noqa: TID251 - the device's own clock
