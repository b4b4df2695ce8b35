"""A broker that dies with kill -9: what was true before is unknown meanwhile, so nothing that it said can fire."""

import asyncio
import json

import pytest

from tests.conftest import Mosquitto
from tests.drivers.mqtt_rig import publish
from tests.whole.conftest import Build
from tests.whole.house import House, eventually, plan

SPEED = 10.0
LIFT = "EL-1-1"
RULE = "elevator-entrapment"
TRAPPED = {"mode": "normal", "car": "stopped", "floor": 3, "levelled": False, "door": "closed", "person": True}
AWAY_S = 12.0  # of the wall: four times the half minute after which the rule would fire


async def test_a_broker_that_is_killed_makes_no_ticket_and_its_return_is_seen(
    build: Build, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_SECRET_MQTT_PASSWORD", mosquitto.password)
    site = plan(LIFT)
    site["connections"]["broker"] |= {"url": mosquitto.url, "username": mosquitto.username}
    house = build(site, SPEED)
    async with house.api, house.daemon():
        await eventually(lambda: _says(house, mosquitto, "good"), 20, "a lift that is understood")
        mosquitto.kill()
        await eventually(lambda: _stands(house, "offline"), 20, "a lift that is offline")
        assert (await house.part("connection broker"))["state"] == "degraded"
        await asyncio.sleep(AWAY_S)
        assert not house.orders(), "a value from before the gap must not last through it"
        why = await house.page("/api/why", rule=RULE, device=LIFT)
        assert why["levels"][0]["condition"]["truth"] is None, "neither trapped nor not: unknown"
        mosquitto.start()
        await eventually(lambda: _says(house, mosquitto, "good"), 20, "a lift that is understood again")

        async def fired() -> bool:
            return await _says(house, mosquitto, "good") and bool(house.orders())

        await eventually(fired, 20, "that what lasts is a ticket")
    assert house.kinds() == {(LIFT, "elevator.entrapment"): 1}


async def _says(house: House, broker: Mosquitto, state: str) -> bool:
    message = {"ts": house.stage.clock.now(), "status": TRAPPED, "values": {"speed_mps": 0.0}}
    await asyncio.to_thread(publish, broker, json.dumps(message), topic=f"site/elevators/{LIFT}")
    return await _stands(house, state)


async def _stands(house: House, state: str) -> bool:
    report = await house.page("/api/status")
    return bool(report["devices"][LIFT]["state"] == state)
