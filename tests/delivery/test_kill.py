"""kill -9 at random moments, with real processes: what was committed arrives, once."""

import asyncio
import json
import os
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from pathlib import Path

import pytest

from simulators.order_book import read_journal
from tests.delivery.made import make_ticket

ROOT = Path(__file__).parents[2]
CHILD = Path(__file__).with_name("outbox_child.py")
KILLS = 20


async def start(*command: str | Path) -> Process:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE, env=environment, cwd=ROOT)


async def first_line(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(30):
        return (await process.stdout.readline()).decode().strip()


async def one_life(child: Process, seconds: float) -> list[int]:
    """Kill it after that long; returns the numbers that it said it had committed."""
    assert await first_line(child) == "ready"
    await asyncio.sleep(seconds)
    child.kill()
    said, _ = await child.communicate()
    return [int(line) for line in said.decode().splitlines(keepends=True) if line.endswith("\n")]


async def start_api(journal: Path, port: str, mood: str) -> tuple[Process, str]:
    command = ("-m", "simulators.property_api", "--port", port, "--journal", str(journal), "--mood", mood)
    api = await start(*command, "--seconds", "0.7", "--seed", str(random.randrange(1000)))
    return api, json.loads(await first_line(api))["url"]


@pytest.mark.timeout(240)
async def test_what_was_committed_before_a_kill_arrives_once(tmp_path: Path) -> None:
    chance = random.Random(20)
    journal, folder = tmp_path / "journal.jsonl", tmp_path / "state"
    api, url = await start_api(journal, "0", "mixed")
    committed: list[int] = []
    try:
        for life in range(KILLS):
            if life % 5 == 4:  # the receiver dies as well, and is away while a life begins
                api.kill()
                await api.wait()
            child = await start(CHILD, folder, url, str(max(committed, default=-1) + 1))
            committed += await one_life(child, chance.uniform(0.1, 0.6))
            if api.returncode is not None:
                api, url = await start_api(journal, url.rpartition(":")[2], "mixed")
        drain = await start(CHILD, folder, url, "drain")
        async with asyncio.timeout(120):
            await drain.communicate()
        assert drain.returncode == 0
    finally:
        api.kill()
        await api.wait()
    happened = read_journal(journal)
    orders = Counter(line["key"] for line in happened if line["happened"] == "order")
    events = Counter(line["key"] for line in happened if line["happened"] == "event")
    assert len(committed) > KILLS
    lost = {make_ticket(number).id for number in committed} - set(orders)
    assert not lost, f"{len(lost)} of {len(committed)} committed tickets never arrived"
    assert set((orders + events).values()) == {1}, "something arrived twice"
    assert set(events) == {f"{key}:1" for key in orders}, "a ticket and its event are one transaction"
