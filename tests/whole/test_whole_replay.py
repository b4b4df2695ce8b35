"""What a live run recorded, replayed through the same engine and desk, makes the same tickets to the last bit."""

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.app.daemon import HISTORY_FILE
from gateway.cli.demo import stage
from gateway.cli.past import two_weeks, write_past
from gateway.core.config import Config
from gateway.core.plugins import discover
from gateway.core.types import Fleet, Status, Ticket
from gateway.delivery.store import Store
from gateway.history.recording import Recording
from gateway.workbench.backtest.play import play
from tests.whole.conftest import Build
from tests.whole.house import House, eventually, plan

SPEED = 60.0  # so that a slow start leaves a gap in the windows that is shorter than half of them
DEVICES = ("P-1", "P-3", "PM-2", "EL-3-1")


@pytest.mark.timeout(240)
async def test_a_recorded_run_replayed_makes_the_same_tickets(build: Build) -> None:
    house = build(plan(*DEVICES), SPEED)
    live_from = house.stage.clock.site_start
    past = two_weeks(house.config, live_from)
    await asyncio.to_thread(write_past, house.state / HISTORY_FILE, house.truth, house.config, past)
    async with house.api, house.devices(), house.daemon() as daemon:
        await eventually(lambda: _all_read(house), 20, "readings of every device")
        await house.befall("bearing-wear", "P-3", lasts_s=1800.0, severity=1.0)
        await house.befall("silent-meter", "PM-2", lasts_s=7200.0)
        await house.befall("entrapment", "EL-3-1", lasts_s=900.0)
        for in_s in (0.0, 600.0):
            await house.befall("dry-run", "P-1", lasts_s=200.0, in_s=in_s)
        await eventually(lambda: len(house.orders()) == len(DEVICES), 160, "a ticket of every device")
        assert await stage.stop(daemon) == 0
    live = _stored(house)
    rules = {"device-offline", "elevator-entrapment", "pump-dry-run", "pump-unusual"}
    assert {ticket.rule for ticket in live} == rules
    assert max(ticket.occurrences for ticket in live) == 2
    replayed = await asyncio.to_thread(_replayed, house.config, house.state / HISTORY_FILE, live_from)
    assert [ticket.id for ticket in replayed] == [ticket.id for ticket in live]
    assert replayed == live


async def _all_read(house: House) -> bool:
    report = await house.page("/api/status")
    return all(health["state"] == "good" for health in report["devices"].values())


def _stored(house: House) -> list[Ticket]:
    store = Store(house.state)
    tickets = [ticket for ticket, _ in store.tickets(status=Status.OPEN)]
    store.close()
    return _timeless(tickets)


def _replayed(config: Config, history: Path, live_from: float) -> list[Ticket]:
    """The tickets of a backtest over what the daemon recorded, if nobody closes any."""
    with Recording(history) as recording:
        began = min(_first_row(recording, fleet, live_from) for fleet in config.fleets)
        ended = max(last for _, last in recording.profiles().values()) + config.tick_s
        rules = {"the daemon's": config.rules}
        (outcome,) = play(config, discover(), recording, began, ended, rules, handled_s=math.inf).values()
    assert not outcome.notes
    return _timeless([case.ticket for case in outcome.cases])


def _first_row(recording: Recording, fleet: Fleet, live_from: float) -> float:
    first = next(recording.fresh(fleet, live_from + 1.0, math.inf))
    return float(first.rows.min())


def _timeless(tickets: list[Ticket]) -> list[Ticket]:
    """In order of id, without what depends on when the gateway looked: its own times, the limits that nobody met, the
    chart, and the figures with which a detector explains itself, which are as of the end of the stretch in which the
    alert fired."""
    looked: dict[str, Any] = {"detected_at": 0.0, "due": {}, "nodes": {}, "messages": 0, "lines": 0}
    looked |= {"overdue": (), "step": 0, "raise_at": None}
    plain = [
        replace(ticket, **looked, evidence={k: v for k, v in ticket.evidence.items() if k != "scores"})
        for ticket in tickets
    ]
    return sorted(plain, key=lambda ticket: ticket.id)
