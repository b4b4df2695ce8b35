"""Nothing is there when the daemon starts, or everyone turns it away: it says so, goes on with the rest, recovers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from gateway.core.clock import SystemClock
from gateway.core.document import SecretRef
from tests.ports import free_port
from tests.whole.conftest import Build
from tests.whole.house import SECRETS, House, eventually, plan

SPEED = 60.0
AWAY = ("connection riser-room", "connection broker", "dispatch", "influxdb")


async def test_a_start_into_an_empty_house_names_each_absent_part_and_recovers_without_a_restart(build: Build) -> None:
    port = free_port()
    site = plan("P-1", "PM-2", "EL-1-1")
    site["history"]["influxdb"] = {
        "url": f"http://127.0.0.1:{port}",
        "org": "property",
        "bucket": "readings",
        "token": SecretRef("influx_token"),
    }
    house = build(site, SPEED)
    wall = SystemClock()
    async with house.devices("P-1"):
        began = wall.now()
        async with house.daemon():
            assert wall.now() - began < 10.0
            await house.befall("dry-run", "P-1", lasts_s=3600.0)
            await eventually(lambda: _degraded(house, *AWAY), 20, "all that is away on the health page")
            await eventually(lambda: _raised(house, ("P-1", "pump.dry_run")), 10, "a ticket of the pump that is there")
            assert (await house.part("connection pump-room"))["state"] == "ok"
            assert (await house.part("storage"))["state"] == "ok"
            async with house.api, house.devices("PM-2", "EL-1-1"), _influxdb(port) as received:
                await eventually(lambda: _all_is_well(house), 45, "that everything is well again")
                await eventually(lambda: house.kinds()["P-1", "pump.dry_run"] == 1, 10, "the pump's work order")
                await house.befall("entrapment", "EL-1-1", lasts_s=3600.0)
                await eventually(lambda: house.kinds()["EL-1-1", "elevator.entrapment"] == 1, 15, "a new work order")
                await eventually(lambda: any(b"PM-2" in body for body in received), 30, "readings at the InfluxDB")
    assert set(house.kinds().values()) == {1}


async def test_secrets_never_show_even_when_they_are_refused(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    house = build(plan("P-1", "EL-1-1"), SPEED)
    async with house.api, house.devices():
        theirs = {name: f"{value}-of-yesterday" for name, value in SECRETS.items()}
        for name, value in theirs.items():
            monkeypatch.setenv(name, value)
        async with house.daemon():
            await house.befall("dry-run", "P-1", lasts_s=3600.0)
            await eventually(lambda: _degraded(house, "connection broker", "dispatch"), 20, "two refusals")
            assert "refused" in (await house.part("dispatch"))["reason"]
            assert "refuses" in (await house.part("connection broker"))["reason"]
            said = await house.shown() + house.log
    assert not [value for value in theirs.values() if value in said]
    files = [file for file in house.state.rglob("*") if file.is_file()]
    assert files
    assert not [(file, value) for file in files for value in theirs.values() if value.encode() in file.read_bytes()]


async def _degraded(house: House, *names: str) -> bool:
    """Whether the health page says of each part that it is degraded, why and since when."""
    parts = [await house.part(name) for name in names]
    return all(part.get("state") == "degraded" and part["reason"] and part["since"] > 0.0 for part in parts)


async def _raised(house: House, problem: tuple[str, str]) -> bool:
    tickets = await house.page("/api/tickets")
    return problem in {(ticket["device"], ticket["kind"]) for ticket in tickets}


async def _all_is_well(house: House) -> bool:
    return bool((await house.page("/health"))["status"] == "ok")


@asynccontextmanager
async def _influxdb(port: int) -> AsyncIterator[list[bytes]]:
    """Takes every write; yields the bodies."""
    bodies: list[bytes] = []

    async def write(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/api/v2/write", write)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield bodies
    finally:
        await runner.cleanup()
