"""A feeder is lost and every device below it is silent at once: one ticket with its members, and one "restored"."""

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from typing import Any

import pytest

from tests.ports import free_port
from tests.whole.conftest import Build
from tests.whole.house import House, Site, eventually, plan
from tests.whole.people import events

log = logging.getLogger(__name__)

DEVICES = int(os.environ.get("SOAK_FEEDER_DEVICES", "60"))
SPEED = 6000.0 / DEVICES
"""As many readings a second, whatever the number of devices."""
SUB_FEEDERS = 10
ON_A_LINE = 10
EVERY_S = 10.0
SILENT_S = 400.0
"""Site seconds until a silent device makes an alert: three polls, five minutes, and the driver's own pauses."""
CALM_S, SOON_S, MOST_ORDERS = 600.0, 60.0, 5
TOP = "TR-1"


def feeder_site() -> Site:
    """A transformer, ten meters of what it feeds, and the devices below those, on lines that cross the feeders."""
    site = plan(TOP, "PM-1")
    transformer, meter = site["devices"]
    devices = [{**transformer, "id": TOP}]
    devices += [{**meter, "id": f"SF-{number}", "fed_by": TOP} for number in range(SUB_FEEDERS)]
    below = range(DEVICES - len(devices))
    devices += [{**meter, "id": f"PM-{number}", "fed_by": f"SF-{number % SUB_FEEDERS}"} for number in below]
    lines = -(-DEVICES // ON_A_LINE)
    for number, device in enumerate(devices):
        device |= {"on": f"line-{number // ON_A_LINE}", "unit": number % ON_A_LINE + 1, "every": f"{EVERY_S:g}s"}
    site["devices"] = devices
    wire = site["connections"]["power-room"]
    site["connections"] = {f"line-{n}": {**wire, "url": f"tcp://127.0.0.1:{free_port()}"} for n in range(lines)}
    return site


@pytest.mark.timeout(120 + 3 * CALM_S / SPEED)
async def test_a_lost_feeder_is_one_ticket_with_every_device_and_one_restored(build: Build) -> None:
    house = build(feeder_site(), SPEED)
    async with house.api, house.daemon():
        async with house.devices():
            await eventually(lambda: _good(house), 60, "readings of every device")
        await eventually(lambda: bool(house.orders()), 2 * SILENT_S / SPEED + 10, "the ticket of the feeder")
        await asyncio.sleep(CALM_S / SPEED)
        orders = house.orders()
        tickets = await house.page("/api/tickets", limit=2 * DEVICES)
        _one_problem(house, tickets, [order.ticket for order in orders])
        parent = orders[0].ticket
        async with house.devices():
            await eventually(
                lambda: _count(house, parent, "restored") == 1, 20 + CALM_S / SPEED, "that all are well again"
            )
            await asyncio.sleep(60.0 / SPEED)
    assert _count(house, parent, "restored") == 1
    assert len(house.orders()) == len(orders)
    sizes = [(body.get("event", "created"), _bytes(body)) for body in _bodies(house, parent)]
    log.info("devices=%d orders=%d messages=%s", DEVICES, len(orders), sizes)


async def _good(house: House) -> bool:
    report = await house.page("/api/status")
    return all(health["state"] == "good" for health in report["devices"].values())


def _one_problem(house: House, tickets: list[Mapping[str, Any]], orders: list[str]) -> None:
    """At most five work orders, the first within a minute of site time, and no device is in none of them."""
    assert 1 <= len(orders) <= MOST_ORDERS
    told = [ticket for ticket in tickets if ticket["id"] in orders]
    listed = {member["device"] for ticket in told for member in ticket["members"]} | {each["device"] for each in told}
    assert {device.id for device in house.config.devices} <= listed
    since = min(ticket["detected_at"] for ticket in tickets)
    delay_s = min(ticket["nodes"]["created"] for ticket in told) - since
    log.info("devices=%d tickets=%d orders=%d parent_after_s=%.0f", DEVICES, len(tickets), len(orders), delay_s)
    assert delay_s <= SOON_S


def _count(house: House, ticket: str, event: str) -> int:
    return sum(each["event"] == event for each in events(house, ticket))


def _bodies(house: House, ticket: str) -> list[Mapping[str, Any]]:
    return [house.api.book.orders[ticket].body, *events(house, ticket)]


def _bytes(body: Mapping[str, Any]) -> int:
    return len(json.dumps(body, ensure_ascii=False).encode())
