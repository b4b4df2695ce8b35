"""Stopping and starting again: in time, in order, and without forgetting what was under way."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

from gateway.cli.demo import stage
from gateway.cli.past import two_weeks, write_past
from gateway.core.clock import SystemClock
from tests.whole.conftest import Build
from tests.whole.house import PROGRAM, House, eventually, plan, write_site

STOPS_WITHIN_S = 5.0
SPEED = 60.0


async def stop(child: asyncio.subprocess.Process) -> float:
    """SIGTERM; returns how long it took to end, with status 0."""
    wall = SystemClock()
    told = wall.now()
    assert await stage.stop(child) == 0
    return wall.now() - told


async def test_a_timer_that_is_under_way_goes_on_after_a_restart_and_the_time_between_does_not_count(
    build: Build,
) -> None:
    house = build(plan("P-1", "PM-2"), SPEED)
    site_now = house.stage.clock.now
    for_s, stale_s = 300.0, 15.0  # of device-offline, and of a device that is polled every 5 s
    async with house.api, house.devices():
        async with house.daemon() as first:
            silent_at = site_now()
            await house.befall("silent-meter", "PM-2", lasts_s=7200.0)
            pending_until = silent_at + stale_s + 0.6 * for_s
            await eventually(lambda: site_now() >= pending_until, 10, "some of the time for which it must be silent")
            told_at = site_now()
            assert await stop(first) < STOPS_WITHIN_S
            assert not house.orders()
        ended_at = site_now()
        await asyncio.sleep(120.0 / SPEED)
        started_at = site_now()
        async with house.daemon():
            ready_at = site_now()
            await eventually(lambda: len(house.orders()) == 1, 15, "the ticket")
    fired_at = _fired_at(house.orders()[0].ticket)
    counted_s = told_at - (silent_at + stale_s)
    assert fired_at < ready_at + (for_s - counted_s) + 30.0, "the timer began anew"
    assert fired_at > silent_at + for_s + (started_at - ended_at), "the daemon's own absence counted"


async def test_what_was_on_its_way_when_the_daemon_was_stopped_arrives_once(build: Build) -> None:
    house = build(plan("P-1", "P-2", "EL-1-1"), SPEED)
    house.api.be("slow", seconds=8.0)
    async with house.api, house.devices():
        async with house.daemon() as first:
            await house.befall("dry-run", "P-1", "P-2", lasts_s=3600.0)
            await house.befall("entrapment", "EL-1-1", lasts_s=3600.0)
            await eventually(lambda: len(house.api.book.posts) == 3, 15, "three posts under way")
            assert await stop(first) < STOPS_WITHIN_S
        house.api.be("ok")
        async with house.daemon():
            await eventually(lambda: len(house.orders()) == 3, 15, "three work orders")
            await eventually(lambda: _nothing_waits(house), 15, "an empty outbox")
    assert set(house.kinds().values()) == {1}
    assert set(house.kinds()) == {(fault.device, fault.kind) for fault in house.expected()}


async def test_a_stop_during_the_warm_up_is_heeded(build: Build) -> None:
    house = build(plan(), SPEED)
    past = two_weeks(house.config, house.stage.clock.site_start)
    await asyncio.to_thread(write_past, house.state / "history.db", house.truth, house.config, past)
    async with stage.process("gateway", house.stage.gateway(), house.stage.folder) as child:
        await eventually((house.state / "gateway.sqlite").exists, 15, "the daemon to take its state")
        await asyncio.sleep(0.3)
        assert await house.page("/health") is None, "it should still be learning"
        assert await stop(child) < STOPS_WITHIN_S


async def test_a_second_daemon_on_the_same_state_says_so_and_ends(build: Build) -> None:
    house = build(plan("P-1"), 1.0)
    async with house.daemon():
        status, said = await _run_to_its_end(house)
    assert status == 1
    assert said == f"error: another gateway uses the state folder {house.state}\n"


async def test_run_refuses_a_wrong_site_with_the_findings_of_check(build: Build, tmp_path: Path) -> None:
    house = build(plan("P-1"), 1.0)
    wrong = plan("P-1")
    wrong["site"]["language"] = "en"
    wrong["devices"][0]["profile"] = "pump-sat"
    write_site(tmp_path, wrong)
    status, said = await _run_to_its_end(house)
    check = await asyncio.create_subprocess_exec(
        *PROGRAM, "check", "-c", str(house.stage.config_file), stdout=asyncio.subprocess.PIPE
    )
    found, _ = await asyncio.wait_for(check.communicate(), 15)
    assert (status, check.returncode) == (1, 1)
    assert said == found.decode()
    assert "pump-set" in said, "the finding says what would be right"


async def _run_to_its_end(house: House) -> tuple[int | None, str]:
    child = await asyncio.create_subprocess_exec(*house.stage.gateway(), stderr=asyncio.subprocess.PIPE)
    try:
        _, said = await asyncio.wait_for(child.communicate(), 15)
    finally:
        await stage.stop(child)
    return child.returncode, said.decode()


async def _nothing_waits(house: House) -> bool:
    tickets = await house.page("/api/tickets") or []
    return bool(tickets) and not any(ticket["delivery"]["pending"] for ticket in tickets)


def _fired_at(ticket: str) -> float:
    match = re.search(r"\d{8}T\d{6}\.\d{3}Z$", ticket)
    assert match, ticket
    return datetime.strptime(match[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC).timestamp()
