"""A configuration is taken over while the site is watched, whole or not at all, and the pages say what became of it."""

import asyncio
import logging
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from gateway.app.daemon import TOKEN_FILE, Daemon
from gateway.app.reload import Reloads
from gateway.app.reload_report import Report
from gateway.core.clock import SystemClock
from gateway.core.config import Config
from gateway.core.plugins import Plugins
from gateway.delivery.store import Store
from simulators.property_api import PropertyApi
from tests.app.played import RULES, Pumps, ask, running, told
from tests.app.small_site import LOW, until

HIGH = "  - {id: high, yellow: {when: current > 4}, advice: {zh: 看一看}}\n"


def write(config: Config, rules: str) -> None:
    (config.path.parent / "pack.yaml").write_text(rules)


async def configuration(config: Config) -> Any:
    return (await ask(config, "/api/status"))["configuration"]


async def part(config: Config) -> Any:
    health = await ask(config, "/health")
    return next(part for part in health["parts"] if part["part"] == "configuration")


async def test_a_new_rule_fires(config: Config, plugins: Plugins, api: PropertyApi) -> None:
    async with running(config, plugins) as daemon:
        assert (await configuration(config))["reload"] is None
        write(config, RULES + HIGH)
        daemon.reload()
        await until(lambda: len(api.book.orders) == 2)
        now = await configuration(config)
        assert (now["rules"], now["since"], now["reload"]["outcome"]) == (3, now["reload"]["at"], "accepted")
        assert (now["reload"]["added"], now["reload"]["kept"]) == (["high"], 2)


async def test_a_wrong_pack_changes_nothing_and_health_says_where_until_it_is_put_right(
    config: Config,
    plugins: Plugins,
    pumps: Pumps,
    api: PropertyApi,
    reloads: list[Reloads],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running(config, plugins):
        write(config, RULES.replace("pressure < 2", "presure < 2") + HIGH.replace("current", "currant"))
        report = await reloads[0].reload()
        assert not report.accepted
        bad = await part(config)
        pack = config.path.parent / "pack.yaml"
        assert bad["state"] == "degraded"
        assert bad["reason"].startswith(f"{pack}:6: 这种设备没有 presure")
        assert "另有 1 个错误）；仍按原规则运行" in bad["reason"]
        assert [f"{pack}:{line}" in caplog.text for line in (6, 10)] == [True, True]
        pumps.shown["P-1"] = LOW
        await until(lambda: len(api.book.orders) == 1)
        await reloads[0].reload()
        assert (await part(config))["since"] == bad["since"], "since the first refusal"
        write(config, RULES)
        assert (await reloads[0].reload()).accepted
        assert await part(config) == {"part": "configuration", "state": "ok", "reason": "", "since": None}


@pytest.mark.parametrize(
    ("old", "new", "section"),
    [
        ("every: 1s", "every: 2s", "devices"),
        ("tick: 100ms", "tick: 200ms", "engine"),
        ("driver: played}", "driver: played}\n  spare: {driver: played}", "connections"),
        ("name: 湖畔花园", "name: 另一个花园", "site"),
        ("profiles: [played-pump]", "profiles: [played-pump], warm_up: 3d", "models"),
        ("engine:", "state: elsewhere\nengine:", "state"),
        ("engine:", "history: {local: {max_size: 64MiB}}\nengine:", "history"),
    ],
)
async def test_what_only_a_restart_takes_over_is_named_and_nothing_is_taken_over(
    config: Config, plugins: Plugins, reloads: list[Reloads], old: str, new: str, section: str
) -> None:
    async with running(config, plugins):
        text = config.path.read_text()
        config.path.write_text(text.replace(old, new))
        write(config, RULES + HIGH)
        report = await reloads[0].reload()
        assert [(finding.kind, finding.context["sections"]) for finding in report.errors] == [
            ("restart_needed", [section])
        ]
        assert "high" not in reloads[0]._round.desk.rules
        assert f"{config.path}:1: {section} 已修改" in (await part(config))["reason"]


async def test_the_alert_of_a_removed_rule_is_cleared_and_told(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi, reloads: list[Reloads]
) -> None:
    pumps.shown["P-1"] = LOW
    async with running(config, plugins):
        await until(lambda: len(api.book.orders) == 1)
        write(config, f"profile: played-pump\nrules:\n{HIGH.replace('> 4', '> 40')}")
        report = await reloads[0].reload()
        assert (report.difference.removed, report.cleared) == (("low", "average"), (("low", "P-1"),))
        await until(lambda: bool(told("condition_cleared", api)))
        (event,) = told("condition_cleared", api)
        assert event["body"]["reason"] == "rule_removed"
        (ticket,) = await ask(config, "/api/tickets")
        assert (ticket["status"], ticket["firing"]) == ("open", [])
        assert ticket["cleared_at"] is not None
        write(config, RULES)
        assert (await reloads[0].reload()).difference.added == ("low", "average")
        await until(lambda: bool(told("occurred_again", api)))
    store = Store(config.state_folder)
    assert {(state.rule, state.device) for state in store.load().rule_states} == {("low", "P-1")}
    store.close()


async def test_words_and_policies_do_not_touch_alerts(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi, reloads: list[Reloads]
) -> None:
    pumps.shown["P-1"] = LOW
    async with running(config, plugins):
        await until(lambda: len(api.book.orders) == 1)
        write(config, RULES.replace("压力", "出口压力").replace("class: supply", "class: supply\n    policy: soon"))
        config.path.write_text(config.path.read_text() + "tickets: {policies: {soon: {on_site: 1h}}}\n")
        report = await reloads[0].reload()
        assert (report.difference.reworded, report.difference.policies) == (("low",), ("soon",))
        assert report.cleared == ()
        pumps.shown["P-0"] = LOW
        await until(lambda: len(api.book.orders) == 2)
        newest, oldest = sorted(await ask(config, "/api/tickets"), key=lambda ticket: str(ticket["device"]))
        assert (newest["policy"], newest["title"]) == ("soon", "P-0 出口压力 1.5")
        assert (oldest["policy"], oldest["messages"], oldest["firing"]) == ("yellow_48h", 1, ["low"])


async def test_a_new_window_is_full_at_once_if_the_history_has_it(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi, reloads: list[Reloads]
) -> None:
    async with running(config, plugins):
        await asyncio.sleep(2.5)
        pumps.shown["P-1"] = (3.0, 0.0)
        write(config, RULES + '  - {id: lately, yellow: {when: "max(current, 4s) > 4"}}\n')
        report = await reloads[0].reload()
        assert report.blind == ()
        await until(lambda: len(api.book.orders) == 2)
        assert {order.body["source"]["rule"] for order in api.book.orders.values()} == {"lately"}


async def test_a_reload_asked_for_many_times_during_a_reload_happens_once_more(
    config: Config, plugins: Plugins, reloads: list[Reloads], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.app.reload_report")
    async with running(config, plugins) as daemon:
        entered, go_on, read = threading.Event(), threading.Event(), reloads[0]._read

        def slow() -> Any:
            entered.set()
            go_on.wait(5.0)
            return read()

        reloads[0]._read = slow
        daemon.reload()
        await asyncio.to_thread(entered.wait)
        for _ in range(20):
            daemon.reload()
        go_on.set()
        await reloads[0].reload()
        await asyncio.sleep(0.3)
    assert caplog.text.count("outcome=accepted") == 2


async def test_asked_for_while_it_warms_up_it_reloads_after_that(
    config: Config, plugins: Plugins, reloads: list[Reloads]
) -> None:
    stop = asyncio.Event()
    daemon = Daemon(config, plugins, SystemClock())
    daemon.reload()
    write(config, RULES + HIGH)
    task = asyncio.create_task(daemon.run(stop))
    await until(lambda: bool(reloads) and reloads[0].shown()["reload"] is not None)
    assert reloads[0].shown()["reload"]["added"] == ("high",)
    stop.set()
    await task


async def test_what_goes_wrong_inside_refuses_the_reload_and_stops_nothing(
    config: Config, plugins: Plugins, pumps: Pumps, api: PropertyApi, reloads: list[Reloads]
) -> None:
    async with running(config, plugins):
        read = reloads[0]._read

        def broken() -> Any:
            raise RecursionError("too deep")

        reloads[0]._read = broken
        report = await reloads[0].reload()
        assert [finding.kind for finding in report.errors] == ["reload_failed"]
        assert "RecursionError: too deep" in (await part(config))["reason"]
        reloads[0]._read = read
        pumps.shown["P-1"] = LOW
        await until(lambda: len(api.book.orders) == 1)
        assert (await reloads[0].reload()).accepted


async def test_a_full_disk_does_not_undo_a_reload(
    config: Config, plugins: Plugins, pumps: Pumps, reloads: list[Reloads], monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway.delivery.statefile import StorageFailed  # noqa: PLC0415 - only here

    def full(*_: Any) -> None:
        raise StorageFailed("database or disk is full")

    pumps.shown["P-1"] = LOW
    async with running(config, plugins):
        round_ = reloads[0]._round
        await until(lambda: bool(round_.desk.open_tickets) and round_.unsaved == 0)
        with monkeypatch.context() as patch:
            patch.setattr(Store, "commit", full)
            write(config, f"profile: played-pump\nrules:\n{HIGH.replace('> 4', '> 40')}")
            assert (await reloads[0].reload()).accepted
            await until(lambda: round_.unsaved >= 1)  # none while a commit is tried
        await until(lambda: round_.unsaved == 0)
    store = Store(config.state_folder)
    assert store.load().rule_states == []
    store.close()


async def test_systemd_hears_that_it_reloads_and_how_that_ended(
    config: Config, plugins: Plugins, reloads: list[Reloads], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5.0)
        async with running(config, plugins):
            monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
            write(config, "profile: [")
            report: Report = await reloads[0].reload()
            monkeypatch.delenv("NOTIFY_SOCKET")
        reloading, done = systemd.recv(4096).decode(), systemd.recv(4096).decode()
    assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert done == f"READY=1\nSTATUS={report.reason('zh')}"


async def test_the_page_reloads_for_whoever_has_the_token(config: Config, plugins: Plugins) -> None:
    async with running(config, plugins):
        write(config, RULES + HIGH)
        url = f"http://{config.web.bind}/api/reload"
        token = (config.state_folder / TOKEN_FILE).read_text()
        async with ClientSession() as session, session.post(url) as answer:
            assert answer.status == 401
        headers = {"Authorization": f"Bearer {token}"}
        async with ClientSession(headers=headers) as session, session.post(url) as answer:
            said = await answer.json()
        assert (said["outcome"], said["added"], said["findings"]) == ("accepted", ["high"], [])
