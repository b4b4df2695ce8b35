"""The dispatch API goes away while things break: nothing is lost, nothing comes twice, the dangers come first."""

import logging
import os
from collections import Counter

import pytest

from gateway.core.clock import SystemClock
from tests.whole.conftest import Build
from tests.whole.house import House, eventually, plan

log = logging.getLogger(__name__)

DOWN_S = float(os.environ.get("SOAK_DOWN_S", "8"))
SPEED = 60.0
SILENT = ("PM-2", "P-3", "EL-1-2")
BEFORE, DRY, BURST, TRAPPED = "P-1", ("P-2",), ("P-4",), ("EL-1-1", "EL-2-1", "EL-3-1")
FAULTS = 1 + len(SILENT + DRY + BURST + TRAPPED)


@pytest.mark.timeout(60 + 3 * DOWN_S)
async def test_an_outage_of_the_dispatch_api_delays_tickets_and_loses_none(build: Build) -> None:
    house = build(plan(BEFORE, *SILENT, *DRY, *BURST, *TRAPPED), SPEED)
    wall, lasts_s = SystemClock(), SPEED * (DOWN_S + 40.0)
    async with house.devices(), house.daemon():
        async with house.api:
            await house.befall("dry-run", BEFORE, lasts_s=lasts_s, severity=0.2)
            await eventually(lambda: len(house.orders()) == 1, 20, "a work order while all is well")
        went_down = wall.now()
        await house.befall("silent-meter", *SILENT, lasts_s=lasts_s)
        await eventually(lambda: _made(house, 1 + len(SILENT)), 20, "tickets for what is silent")
        await house.befall("entrapment", *TRAPPED, lasts_s=lasts_s)
        await house.befall("dry-run", *DRY, lasts_s=lasts_s, severity=0.2)
        await house.befall("pipe-burst", *BURST, lasts_s=lasts_s)
        await eventually(lambda: _made(house, FAULTS), 20, "tickets while nobody takes them")
        await eventually(lambda: wall.now() - went_down > DOWN_S, DOWN_S, "the end of the outage")
        dispatch = await house.part("dispatch")
        assert dispatch["state"] == "degraded"
        assert "down" in dispatch["reason"]
        async with house.api:
            back = wall.now()
            await eventually(lambda: len(house.api.book.orders) >= FAULTS, 20, "all tickets after the outage")
            took_s = wall.now() - back
    expected = {(fault.device, fault.kind): fault.levels[-1] for fault in house.expected()}
    assert {(order.device, order.kind): order.level for order in house.orders()} == expected
    assert set(house.kinds().values()) == {1}
    assert _overtaken([order.level for order in house.orders()[1:]]) < house.config.dispatch.workers
    log.info("down_s=%.0f faults=%d lost=0 twice=0 delivered_after_s=%.1f", back - went_down, FAULTS, took_s)


def _overtaken(levels: list[str]) -> int:
    """How many red ones came after a yellow one; whoever found the API back does not count."""
    first_yellow = levels.index("yellow", 1)
    return Counter(levels[first_yellow:])["red"]


async def _made(house: House, count: int) -> bool:
    return len(await house.page("/api/tickets") or []) >= count
