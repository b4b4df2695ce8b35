"""What no device should send, sent: nothing stops, all of it is counted, and memory stays where it was."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import numpy as np
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from simulators.payload import payload
from tests.conftest import Mosquitto
from tests.drivers.modbus_servers import FaultServer, serving
from tests.whole.conftest import Build
from tests.whole.house import House, Site, eventually, plan, rss_mib

SPEED = 60.0
LIFT, METER = "EL-1-1", "PM-2"
HUGE = 20 * 2**20
GROWS_AT_MOST_MIB = 8.0
WRONG_ANSWERS = (
    *("garbage", "hugelen", "bytecountlie", "wrongfc", "unknownfc", "short"),
    *("long", "wrongtid", "half", "protocol", "close"),
)
GOOD_ONES_BETWEEN = 6


@pytest.fixture
def site(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A lift on a real Mosquitto; the test plays its collector."""
    monkeypatch.setenv("GATEWAY_SECRET_MQTT_PASSWORD", mosquitto.password)
    site = plan(LIFT)
    site["connections"]["broker"] |= {"url": mosquitto.url, "username": mosquitto.username}
    return site


async def test_garbage_on_the_bus_is_counted_and_is_no_reading(build: Build) -> None:
    site = plan(METER)
    site["connections"]["riser-room"]["timeout"] = "200ms"
    house = build(site, SPEED)
    async with house.api, _meter(house) as meter, house.daemon() as daemon:
        await eventually(lambda: _stands(house, METER, "good"), 15, "a meter that is understood")
        for mode in WRONG_ANSWERS:
            meter.script.extend([mode, *["good"] * GOOD_ONES_BETWEEN])
        await eventually(lambda: not meter.script, 30, "that every kind of garbage was sent")
        await eventually(lambda: _stands(house, METER, "good"), 15, "a meter that is still understood")
        assert daemon.returncode is None
        counted = await house.metrics()
    faults = sum(_events(counted, "riser-room", what) for what in ("rejected", "timeouts", "lost"))
    assert faults >= len(WRONG_ANSWERS)
    assert not house.orders()


async def test_garbage_on_a_topic_is_refused_by_kind_and_the_next_message_understood(
    build: Build, site: Site, mosquitto: Mosquitto
) -> None:
    house = build(site, SPEED)
    async with house.api, house.daemon():
        with _publisher(mosquitto) as publisher:
            await _understood(house, publisher)
            good = _message(house)
            dead_clock = {**good, "ts": "1970-01-01T00:00:07+00:00"}
            nan = {**_message(house), "values": {"speed_mps": float("nan"), "noise_dba": float("inf")}}
            garbage = (bytes(range(256)), b"", b"[" * 50_000, b'{"ts": ' + b"9" * 5000 + b"}", b'{"a": 1, "a": 2}')
            for what in (*garbage, json.dumps(dead_clock), json.dumps(nan), HUGE * b"x"):
                publisher.publish(f"site/elevators/{LIFT}", what, qos=1)
            await eventually(lambda: _counted(house, "refused_size", 1), 20, "the refusal of the largest")
            await _understood(house, publisher)
        counted = await house.metrics()
    assert _events(counted, "broker", "refused_json") == len(garbage)
    assert _events(counted, "broker", "refused_stamp") == 1
    assert _events(counted, "broker", "unknown_values") >= 2
    assert house.log.count("event=message_refused") == 1, "a flood of refusals is one line a minute"


async def test_a_huge_payload_that_the_broker_stops_costs_the_daemon_nothing(
    build: Build, site: Site, mosquitto: Mosquitto
) -> None:
    mosquitto.stop()
    mosquitto.start("max_packet_size 262144")
    house = build(site, SPEED)
    async with house.api, house.daemon() as daemon:
        with _publisher(mosquitto) as publisher:
            await _understood(house, publisher)
            before = rss_mib(daemon)
            publisher.publish(f"site/elevators/{LIFT}", HUGE * b"x", qos=0)
            await eventually(lambda: not publisher.is_connected(), 20, "that the broker throws the sender out")
        with _publisher(mosquitto) as publisher:
            await _understood(house, publisher)
        assert rss_mib(daemon) - before < GROWS_AT_MOST_MIB
        assert await _counted(house, "refused_size", 0)


@asynccontextmanager
async def _meter(house: House) -> AsyncIterator[FaultServer]:
    connection = house.config.connections["riser-room"]
    port = int(getattr(connection, "url", "").rpartition(":")[2])
    async with serving(FaultServer(port=port)) as server:
        yield server


@contextmanager
def _publisher(mosquitto: Mosquitto) -> Iterator[paho.Client]:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(mosquitto.username, mosquitto.password)
    client.connect(mosquitto.host, mosquitto.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def _message(house: House) -> dict[str, object]:
    now = house.stage.clock.now()
    values = house.truth.read(LIFT, np.array([now]))[0].tolist()
    return dict(payload(house.truth.devices[LIFT].profile, LIFT, now, values) or {})


async def _understood(house: House, publisher: paho.Client) -> None:
    """Send good messages until the daemon has made one more batch of them, and calls the lift good."""
    before = _events(await house.metrics(), "broker", "batches")

    async def heard() -> bool:
        publisher.publish(f"site/elevators/{LIFT}", json.dumps(_message(house)), qos=1)
        await asyncio.sleep(0.1)
        return await _counted(house, "batches", before + 1) and await _stands(house, LIFT, "good")

    await eventually(heard, 20, "a good message that is understood")


async def _stands(house: House, device: str, state: str) -> bool:
    report = await house.page("/api/status")
    return bool(report["devices"][device]["state"] == state)


async def _counted(house: House, what: str, at_least: float) -> bool:
    return _events(await house.metrics(), "broker", what) >= at_least


def _events(metrics: Mapping[str, float], connection: str, what: str) -> float:
    return metrics[f'gateway_driver_events_total{{connection="{connection}",what="{what}"}}']
