"""The real daemon on a disk that fills or turns read-only, with a property and a dispatch API around it."""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from tests.soak.disk import Disk, LoopDisk, SmallDisk
from tests.whole.house import SECRETS, House, eventually, plan

SPEED = 60.0
PUMPS, LIFTS = ("P-1", "P-2", "P-3", "P-4"), ("EL-1-1", "EL-2-1", "EL-3-1")

Broken = Callable[[House, Disk], Awaitable[str]]


def full(folder: Path, _times: int, _chance: random.Random) -> str:
    """A disk without room under the daemon."""
    return _play(folder, SmallDisk(folder / "state", 64 * 2**20), _while_full)


def read_only(folder: Path, _times: int, _chance: random.Random) -> str:
    """A disk that turns read-only under the daemon."""
    return _play(folder, LoopDisk(folder / "state"), _while_read_only)


def read_only_start(folder: Path, _times: int, _chance: random.Random) -> str:
    """A daemon that is started on a disk which cannot be written."""
    os.environ |= SECRETS
    return asyncio.run(_started_read_only(folder))


def _play(folder: Path, disk: Disk, broken: Broken) -> str:
    os.environ |= SECRETS
    return asyncio.run(_played(folder, disk, broken))


async def _played(folder: Path, disk: Disk, broken: Broken) -> str:
    house = House(folder, plan(*PUMPS, *LIFTS), SPEED)
    async with AsyncExitStack() as stack:
        stack.enter_context(disk)
        await stack.enter_async_context(house.api)
        await stack.enter_async_context(house.devices())
        await stack.enter_async_context(house.daemon())
        return await broken(house, disk)


async def _started_read_only(folder: Path) -> str:
    house = House(folder, plan(*PUMPS, *LIFTS), SPEED)
    async with AsyncExitStack() as stack:
        disk = stack.enter_context(LoopDisk(folder / "state"))
        await stack.enter_async_context(house.api)
        await stack.enter_async_context(house.devices())
        async with house.daemon():
            await house.befall("dry-run", "P-1", lasts_s=36000.0)
            await eventually(lambda: house.kinds()["P-1", "pump.dry_run"] == 1, 60, "a work order from before")
        disk.remount("ro")
        began = time.monotonic()
        async with house.daemon() as daemon:
            up_s = time.monotonic() - began
            await eventually(lambda: _degraded(house, "storage"), 30, "that the health page says so")
            said_s = time.monotonic() - began
            known = [ticket["device"] for ticket in await house.page("/api/tickets")]
            for lift in LIFTS:
                await house.befall("entrapment", lift, lasts_s=36000.0)
            await eventually(lambda: _arrived(house, *LIFTS), 60, "red work orders from memory")
            disk.remount("rw")
            began = time.monotonic()
            await eventually(lambda: _well(house, "storage"), 30, "that the state went home")
            home_s = time.monotonic() - began
            assert daemon.returncode is None
        async with house.daemon():
            tickets = {(ticket["device"], ticket["kind"]) for ticket in await house.page("/api/tickets")}
    orders = house.kinds()
    assert set(orders.values()) == {1}, orders
    return (
        f"daemon started on a read-only disk, pages up after {up_s:.1f} s, said so after {said_s:.1f} s, knew the "
        f"tickets of {known}, {len(LIFTS)} of {len(LIFTS)} red work orders from memory, state at home {home_s:.1f} s "
        f"after the disk was well, {len(tickets)} tickets of {len(orders)} there after a restart, twice 0"
    )


async def _while_full(house: House, disk: Disk) -> str:
    began = time.monotonic()
    filler = disk.fill()
    await eventually(lambda: _degraded(house, "history"), 30, "that history says so")
    said_s = time.monotonic() - began
    for lift in LIFTS:
        await house.befall("entrapment", lift, lasts_s=3600.0)
    await eventually(lambda: _arrived(house, *LIFTS), 60, "red work orders while the disk is full")
    stored = len(await house.page("/api/tickets") or [])
    storage = (await house.part("storage"))["state"]
    filler.unlink()
    began = time.monotonic()
    await eventually(lambda: _well(house, "storage", "history"), 30, "that all is well again")
    return (
        f"daemon on a full disk, said after {said_s:.1f} s, {len(LIFTS)} of {len(LIFTS)} red work orders while full, "
        f"{stored} tickets stored, storage {storage}, well again {time.monotonic() - began:.1f} s after there is room"
    )


async def _while_read_only(house: House, disk: Disk) -> str:
    assert isinstance(disk, LoopDisk)
    disk.fail()
    began = time.monotonic()
    await eventually(lambda: _degraded(house, "storage"), 30, "that the health page says so")
    said_s = time.monotonic() - began
    began = time.monotonic()
    for lift in LIFTS:
        await house.befall("entrapment", lift, lasts_s=3600.0)
    await eventually(lambda: _arrived(house, *LIFTS), 60, "red work orders without a disk")
    return (
        f"daemon on a disk that turned read-only, said after {said_s:.1f} s, {len(LIFTS)} of {len(LIFTS)} red work "
        f"orders without it {time.monotonic() - began:.1f} s after the fault, each posted "
        f"{max(house.api.book.posts.values())} time(s)"
    )


async def _degraded(house: House, name: str) -> bool:
    return (await house.part(name)).get("state") == "degraded"


async def _well(house: House, *names: str) -> bool:
    return all([(await house.part(name)).get("state") == "ok" for name in names])


def _arrived(house: House, *devices: str) -> bool:
    return all(house.kinds()[device, "elevator.entrapment"] == 1 for device in devices)
