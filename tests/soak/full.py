"""A full disk: red tickets are stored while it is full, nothing is lost, and all goes on when there is room again."""

import asyncio
import random
import time
from pathlib import Path

from gateway.delivery.statefile import StorageFailed
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from tests.delivery.made import make_whole
from tests.soak.disk import SmallDisk
from tests.soak.lives import missing, opened

MOST = 150


def run(folder: Path, times: int, chance: random.Random) -> str:
    """Fill so often, each time with another number of tickets that were there before."""
    fewest, stored, lost, slowest_s = 10**9, 0, [], 0.0
    for _ in range(times):
        with SmallDisk(folder / "disk", 8 * 2**20) as disk:
            before = chance.randrange(50)
            numbers, back_s = asyncio.run(_fill(disk, before))
            fewest = min(fewest, len(numbers) - before - 1)
            stored += len(numbers)
            store, took_s = opened(disk.folder / "state")
            lost += missing(store, numbers)
            store.close()
        slowest_s = max(slowest_s, took_s, back_s)
    return (
        f"{times} disks of 8 MiB full, at least {fewest} red tickets stored while full, {stored} acknowledged, "
        f"{len(lost)} rows lost, goes on {slowest_s:.2f} s after there is room"
    )


async def _fill(disk: SmallDisk, before: int) -> tuple[list[int], float]:
    """Numbers that were acknowledged, and how long it took to go on once there was room."""
    writer = Writer(Store(disk.folder / "state"))
    numbers = []
    for number in range(before):
        await writer.commit(make_whole(number))
        numbers.append(number)
    filler = disk.fill()
    refused = 0
    for number in range(before, before + MOST):
        try:
            await writer.commit(make_whole(number))
        except StorageFailed:
            refused = number
            break
        numbers.append(number)
    began = time.monotonic()
    filler.unlink()
    await writer.commit(make_whole(refused or 5000))
    numbers.append(refused or 5000)
    took_s = time.monotonic() - began
    assert not writer.trouble, "the ballast is there again"
    await writer.close()
    return numbers, took_s
