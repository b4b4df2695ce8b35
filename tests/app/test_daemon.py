"""The daemon as it is built from a config.yaml, with a driver that plays what the test wants and a dispatch API."""

import asyncio
import logging
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from gateway.app.daemon import TOKEN_FILE, Daemon
from gateway.core.clock import SystemClock
from gateway.core.config import Config
from gateway.core.plugins import Plugins
from gateway.delivery.statefile import StateInUse
from gateway.delivery.store import StorageFailed, Store
from simulators.property_api import PropertyApi
from tests.app.played import Pumps, ask, is_open, running
from tests.app.small_site import GOOD, LOW, until


async def test_a_problem_becomes_a_work_order_and_a_person_closes_it(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi
) -> None:
    async with running(config, plugins):
        pumps.shown["P-1"] = LOW
        await until(lambda: len(api.book.orders) == 1)
        (ticket,) = await ask(config, "/api/tickets")
        assert (ticket["device"], ticket["title"]) == ("P-1", "P-1 压力 1.5")
        pumps.shown["P-1"] = GOOD
        token = (config.state_folder / TOKEN_FILE).read_text()
        url = f"http://{config.web.bind}/api/tickets/{ticket['id']}/close"
        async with ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            async with session.post(url, json={"by": "李工"}) as answer:
                assert answer.status == 200
            async with session.post(url, json={"by": "李工"}) as answer:
                assert answer.status == 404
        shown = await ask(config, f"/api/tickets/{ticket['id']}")
        assert (shown["status"], shown["deliveries"][-1]["message"]["body"]["by"]) == ("closed", "李工")
        await until(lambda: (config.state_folder / TOKEN_FILE).stat().st_mode & 0o777 == 0o600)
    assert pumps.closed == 1


async def test_the_pages_show_every_part(config: Config, plugins: Plugins, pumps: Pumps) -> None:
    pumps.shown["P-1"] = LOW
    async with running(config, plugins):
        status = await ask(config, "/api/status")
        assert status["status"] == "degraded"
        assert status["parts"][0] == {
            "part": "connection room",
            "state": "degraded",
            "reason": 'P-1 bad: a "reason"',
            "since": 7.0,
        }
        parts = {part["part"] for part in status["parts"]}
        assert parts == {
            "connection room",
            "clock",
            "storage",
            "outbox",
            "dispatch",
            "history",
            "pages",
            "configuration",
        }
        assert status["scores"] == status["health"] == {"P-0": {"usual": None}, "P-1": {"usual": None}}
        families = {family.name: family for family in text_string_to_metric_families(await ask(config, "/metrics"))}
        degraded = {sample.labels["part"]: sample.value for sample in families["gateway_degraded"].samples}
        assert degraded == {part: float(part == "connection room") for part in parts}
        (event,) = families["gateway_driver_events"].samples
        assert (event.labels, event.value) == ({"connection": "room", "what": "requests"}, 3.0)
        assert families["gateway_open_tickets"].samples[0].value == 1.0
        assert families["gateway_rounds"].samples[0].value > 0
        assert await ask(config, "/api/tickets?status=closed") == []
        assert await ask(config, "/api/tickets?status=no-such-status") == []


async def test_told_to_stop_during_the_warm_up_it_stops(config: Config, plugins: Plugins, pumps: Pumps) -> None:
    stop = asyncio.Event()
    stop.set()
    began = time.monotonic()
    await Daemon(config, plugins, SystemClock()).run(stop)
    assert time.monotonic() - began < 5.0
    assert pumps.closed == 0
    Store(config.state_folder).close()


async def test_a_taken_port_costs_the_pages_only_and_only_until_it_is_free(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.app.pages.RETRY_S", 0.05)
    pumps.shown["P-0"] = LOW
    taken = socket.socket()
    taken.bind((config.web.host, config.web.port))
    taken.listen()
    async with running(config, plugins):
        await until(lambda: len(api.book.orders) == 1)
        taken.close()
        await until(lambda: is_open(config))
        health = await ask(config, "/health")
        assert {"part": "pages", "state": "ok", "reason": "", "since": None} in health["parts"]


async def test_a_second_daemon_in_the_same_folder_does_not_start(config: Config, plugins: Plugins) -> None:
    async with running(config, plugins):
        with pytest.raises(StateInUse):
            await Daemon(config, plugins, SystemClock()).run(asyncio.Event())


async def test_a_driver_that_fails_shows_and_comes_back(config: Config, plugins: Plugins, pumps: Pumps) -> None:
    async with running(config, plugins):
        pumps.shown["P-1"] = ConnectionError("cable cut")
        await until(lambda: pumps.closed >= 1)
        health = await ask(config, "/health")
        assert health["parts"][0]["reason"] == "driver stopped: ConnectionError: cable cut"
        pumps.shown["P-1"] = GOOD
        closed = pumps.closed
        await asyncio.sleep(1.2)
        assert pumps.closed == closed


async def test_a_state_that_cannot_be_stored_is_said_at_the_end(
    config: Config, plugins: Plugins, pumps: Pumps, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> None:
        raise StorageFailed("database or disk is full")

    async with running(config, plugins):
        monkeypatch.setattr(Store, "commit", full)
        pumps.shown["P-0"] = LOW
        await until(lambda: "storage degraded" in caplog.text)
        health = await ask(config, "/health")
        assert health["parts"][1]["part"] == "storage"
    assert "stopped with 1 messages that could not be stored" in caplog.text


async def test_systemd_hears_when_it_is_ready_alive_and_stopping(
    config: Config, plugins: Plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(0.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        heard: list[str] = []

        def listen() -> list[str]:
            try:
                while True:
                    heard.append(systemd.recv(4096).decode())
            except BlockingIOError:
                return heard

        async with running(config, plugins):
            await until(lambda: listen().count("WATCHDOG=1") >= 3)
        listen()
    assert heard[0].startswith("STATUS=warming up played-pump\nEXTEND_TIMEOUT_USEC=")
    assert heard[1] == "READY=1"
    assert heard[-1] == "STOPPING=1"
    assert set(heard[2:-1]) == {"WATCHDOG=1"}


async def test_the_log_says_what_matters_and_no_more(
    config: Config, plugins: Plugins, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with running(config, plugins):
        await asyncio.sleep(0.3)
    assert len([r for r in caplog.records if r.name.startswith(("gateway", "drivers"))]) <= 3
