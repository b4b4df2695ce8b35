"""What a live run recorded, replayed through the same engine and desk, makes the same tickets to the last bit."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app import build as parts
from gateway.app.daemon import HISTORY_FILE
from gateway.app.warmup import warm
from gateway.cli.demo import stage
from gateway.cli.demo.past import write_past
from gateway.core.config import Config
from gateway.core.plugins import discover
from gateway.core.types import Status, Ticket
from gateway.delivery.store import Store
from gateway.history.recording import Recording
from gateway.pipeline.board import Board
from gateway.pipeline.engine import Engine
from gateway.tickets.desk import Desk
from tests.whole.conftest import Build
from tests.whole.house import House, eventually, plan

SPEED = 120.0
DEVICES = ("P-1", "P-3", "PM-2", "EL-3-1")


@pytest.mark.timeout(150)
async def test_a_recorded_run_replayed_makes_the_same_tickets(build: Build) -> None:
    house = build(plan(*DEVICES), SPEED)
    live_from = house.stage.clock.site_start
    await asyncio.to_thread(write_past, house.state / HISTORY_FILE, house.truth, house.config, live_from)
    async with house.api, house.devices(), house.daemon() as daemon:
        await eventually(lambda: _all_read(house), 20, "readings of every device")
        await house.befall("bearing-wear", "P-3", lasts_s=1800.0, severity=1.0)
        await house.befall("silent-meter", "PM-2", lasts_s=7200.0)
        await house.befall("entrapment", "EL-3-1", lasts_s=900.0)
        for in_s in (0.0, 600.0):
            await house.befall("dry-run", "P-1", lasts_s=200.0, in_s=in_s)
        await eventually(lambda: len(house.orders()) == len(DEVICES), 90, "a ticket of every device")
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
    """The tickets that the recorded blocks make, from where the daemon began."""
    rules = {rule.id: rule for profile in config.profiles for rule in config.rules_for(profile)}
    desk = Desk(config.site.id, config.site.language, rules, config.policies)
    engines = parts.engines(config, discover())
    board = Board(config.fleets, config.tick_s)
    with Recording(history) as recording:
        began = min(_first_row(recording, engine, live_from) for engine in engines.values())
        ended = max(last for _, last in recording.profiles().values())
        for engine in engines.values():
            warm(history, engine, board, None, began, lambda: False)
            for block in recording.blocks(engine.fleet, began, ended + config.tick_s, config.tick_s):
                for finding in engine.evaluate(block):
                    device = block.fleet.devices[finding.transition.row]
                    desk.receive(device, finding.transition, float(block.times[-1]), finding.explanations)
    return _timeless(list(desk.open_tickets))


def _first_row(recording: Recording, engine: Engine, live_from: float) -> float:
    first = next(recording.fresh(engine.fleet, live_from + 1.0, float("inf")))
    return float(first.rows.min())


def _timeless(tickets: list[Ticket]) -> list[Ticket]:
    """In order of id, without what depends on when the gateway looked: its own times, and the figures with which a
    detector explains itself, which are as of the end of the stretch in which the alert fired."""
    plain = [
        replace(ticket, detected_at=0.0, due={}, evidence={k: v for k, v in ticket.evidence.items() if k != "scores"})
        for ticket in tickets
    ]
    return sorted(plain, key=lambda ticket: ticket.id)
