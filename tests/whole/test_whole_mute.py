"""The dispatch API and the robots are away: what is up tells the reds, and afterwards nothing is lost or twice."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import Queue
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic_core import from_json

from gateway.core.config import Config
from tests.whole.conftest import Build
from tests.whole.house import SECRETS, House, eventually, plan
from tests.whole.people import People, ticket_of

SPEED = 20.0
PUMP, LIFT = "P-1", "EL-1-1"
ROBOTS = ("channel duty-group",)
HEAD = "【红色预警】"


@pytest.mark.timeout(90)
async def test_a_red_is_told_through_whatever_is_up_and_nothing_is_lost_or_twice_afterwards(build: Build) -> None:
    site = plan(PUMP, LIFT)
    people = People(site)
    house = build(site, SPEED)
    async with house.devices(), house.daemon():
        with _programs(house.config) as heard:
            await house.befall("entrapment", LIFT, lasts_s=7200.0)
            await house.befall("dry-run", PUMP, lasts_s=7200.0, severity=0.2)
            told = [await asyncio.to_thread(heard.get, timeout=15) for _ in range(2)]
            await eventually(lambda: _are(house, "degraded", "dispatch", *ROBOTS), 15, "who is away on the health page")
            await eventually(lambda: _are(house, "ok", "channel programs"), 5, "the broker is well")
            assert len(await house.page("/api/tickets")) == 2
            async with house.api, people.robots:
                await eventually(lambda: len(house.orders()) == 2, 15, "both work orders")
                await eventually(lambda: _nothing_waits(house), 25, "that nothing waits any more")
                await eventually(lambda: _are(house, "ok", "dispatch", *ROBOTS), 5, "that all is well again")
                tickets = [await ticket_of(house, device) for device in (PUMP, LIFT)]
            told += list(iter(lambda: heard.get_nowait() if not heard.empty() else "", ""))
    _each_once(house, people, tickets, told)


async def _are(house: House, state: str, *names: str) -> bool:
    return {(await house.part(name)).get("state") for name in names} == {state}


async def _nothing_waits(house: House) -> bool:
    tickets = [await ticket_of(house, device) for device in (PUMP, LIFT)]
    return {each["state"] for ticket in tickets for each in (*ticket["deliveries"], *ticket["notices"])} == {"sent"}


def _each_once(house: House, people: People, tickets: list[Mapping[str, Any]], told: list[str]) -> None:
    """At the dispatch API by message, at the group and the programs by notice."""
    keys = Counter(each["message"]["key"] for ticket in tickets for each in ticket["deliveries"])
    arrived = [order.key for order in house.api.book.orders.values()]
    arrived += [event["idempotency_key"] for order in house.api.book.orders.values() for event in order.events]
    assert Counter(arrived) == keys
    assert house.api.book.posts == keys, "what surely never arrived is simply sent, once"
    notices = [each["notice"] for ticket in tickets for each in ticket["notices"]]
    by_channel = {name: [each for each in notices if each["channel"] == name] for name in ("duty-group", "programs")}
    assert Counter(told) == Counter(each["key"] for each in by_channel["programs"])
    assert Counter(people.texts("dingtalk")) == Counter(each["text"] for each in by_channel["duty-group"])
    assert all(text.count(HEAD) == 1 for text in people.texts("dingtalk")), "the title stands in each once"
    assert {ticket["id"] for ticket in tickets} <= set(told)


@contextmanager
def _programs(config: Config) -> Iterator["Queue[str]"]:
    """A program that listens on the broker; yields the ids of what it hears."""
    heard: Queue[str] = Queue()
    subscribed: Queue[None] = Queue()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set("gateway", SECRETS["GATEWAY_SECRET_MQTT_PASSWORD"])
    client.on_message = lambda _, __, message: heard.put(from_json(message.payload)["id"])
    client.on_subscribe = lambda *_: subscribed.put(None)
    broker: Any = config.connections["broker"]
    client.connect(broker.host, broker.port)
    client.subscribe(f"gateway/{config.site.id}/tickets", qos=1)
    client.loop_start()
    try:
        subscribed.get(timeout=5)
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()
