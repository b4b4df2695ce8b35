"""What a daemon knows of its earlier life, whatever was edited, learnt or set in between."""

import asyncio
import json
import sqlite3
from contextlib import closing

from gateway.core.clock import SystemClock
from gateway.core.config import Config, load
from gateway.core.plugins import Plugins
from gateway.core.types import Status
from gateway.delivery.statefile import FILE
from gateway.delivery.store import Store
from simulators.property_api import PropertyApi
from tests.app.played import Pumps, ask, running, told
from tests.app.small_site import GOOD, LOW, until


def rewritten(config: Config, plugins: Plugins, *changes: tuple[str, str]) -> Config:
    """The site, after somebody has changed its rules."""
    pack = config.path.parent / "pack.yaml"
    for before, after in changes:
        pack.write_text(pack.read_text().replace(before, after))
    loaded = load(config.path, plugins=plugins, environment={}).config
    assert loaded is not None
    return loaded


async def test_after_a_restart_an_alert_goes_on_and_its_ticket_stays_the_same(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi
) -> None:
    pumps.shown["P-1"] = LOW
    async with running(config, plugins):
        await until(lambda: len(api.book.orders) == 1)
    async with running(config, plugins):
        await asyncio.sleep(0.5)
        (ticket,) = await ask(config, "/api/tickets")
        assert (ticket["occurrences"], ticket["messages"], ticket["firing"]) == (1, 1, ["low"])
        pumps.shown["P-1"] = GOOD
        await until(lambda: bool(told("condition_cleared", api)))
    assert len(api.book.orders) == 1


async def test_what_the_detectors_learnt_is_kept_when_it_stops(config: Config, plugins: Plugins) -> None:
    async with running(config, plugins):
        pass
    assert (config.state_folder / "models" / "played-pump.npz").exists()


async def test_an_edited_rule_ends_its_alert_at_a_restart_as_at_a_reload(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi
) -> None:
    pumps.shown["P-1"] = LOW
    async with running(config, plugins):
        await until(lambda: len(api.book.orders) == 1)
    edited = rewritten(config, plugins, ("pressure < 2", "pressure < 1.2"))
    pumps.shown["P-1"] = (1.1, 5.0)
    async with running(edited, plugins):
        await until(lambda: bool(told("occurred_again", api)))
        (ended,) = told("condition_cleared", api)
        assert ended["body"]["reason"] == "rule_changed"
        pumps.shown["P-1"] = GOOD
        await until(lambda: len(told("condition_cleared", api)) == 2)
    store = Store(config.state_folder)
    ((ticket, _),) = store.tickets()
    store.close()
    assert (ticket.status, ticket.occurrences, ticket.firing) == (Status.OPEN, 2, ())


async def test_a_rule_that_went_while_the_daemon_was_down_is_told(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi
) -> None:
    pumps.shown["P-1"] = LOW
    async with running(config, plugins):
        await until(lambda: len(api.book.orders) == 1)
    without = rewritten(config, plugins, ("id: low", "id: other"), ("pressure < 2", "pressure < 0.1"))
    for _ in range(2):
        async with running(without, plugins):
            await until(lambda: bool(told("condition_cleared", api)))
            (ticket,) = await ask(config, "/api/tickets")
            assert (ticket["status"], ticket["firing"], ticket["messages"]) == ("open", [], 2)
    (ended,) = told("condition_cleared", api)
    assert ended["body"]["reason"] == "rule_removed"


async def test_a_rule_that_was_taken_away_and_put_back_finds_no_alert_of_its_earlier_life(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi
) -> None:
    pumps.shown["P-1"] = LOW
    async with running(config, plugins):
        await until(lambda: len(api.book.orders) == 1)
    without = rewritten(config, plugins, ("id: low", "id: other"))
    async with running(without, plugins):
        await until(lambda: _firing(config, "other"))
    pumps.shown["P-1"] = GOOD
    async with running(config, plugins):
        await until(lambda: _firing(config))
    assert len(api.book.orders) == 1


def _firing(config: Config, *rules: str) -> bool:
    """Whether these rules, and no others, are active, for the store as for the only ticket in it."""
    with closing(sqlite3.connect(f"file:{config.state_folder}/{FILE}?mode=ro", uri=True)) as db:
        states = [json.loads(body) for (body,) in db.execute("SELECT body FROM rule_states")]
        ((ticket,),) = db.execute("SELECT body FROM tickets").fetchall()
    active = {state["rule"] for state in states if state["body"]["level"]}
    return active == {*json.loads(ticket)["firing"]} == {*rules}


class Wall(SystemClock):
    """The machine's clock, and how far somebody has set it."""

    ahead_s = 0.0

    def now(self) -> float:
        return super().now() + self.ahead_s


async def test_a_machine_that_starts_in_1970_goes_on_where_it_was(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi
) -> None:
    began, wall = SystemClock().now(), Wall()
    async with running(config, plugins, wall):
        pass
    wall.ahead_s = -SystemClock().now()
    async with running(config, plugins, wall):
        pumps.shown["P-0"] = LOW
        await until(lambda: len(api.book.orders) == 1)
        (ticket,) = await ask(config, "/api/tickets")
        assert began <= ticket["fired_at"] <= SystemClock().now()
        assert "clock" in {part["part"] for part in (await ask(config, "/health"))["parts"] if part["state"] != "ok"}
        wall.ahead_s = 0.0
        pumps.shown["P-0"] = GOOD
        await until(lambda: bool(told("condition_cleared", api)))
        assert "clock" in {part["part"] for part in (await ask(config, "/health"))["parts"] if part["state"] == "ok"}


async def test_a_clock_that_is_set_back_shows_and_blinds_nobody(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi
) -> None:
    wall = Wall()
    async with running(config, plugins, wall):
        wall.ahead_s = -7200.0
        pumps.shown["P-0"] = LOW
        await until(lambda: len(api.book.orders) == 1)
        health = await ask(config, "/health")
        assert health["parts"][0]["part"] == "clock"
