"""kill -9 at random moments, with real processes: what was committed arrives, once."""

import asyncio
import json
import logging
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from pathlib import Path

import pytest

from simulators.order_book import read_journal
from tests.delivery.made import make_ticket

ROOT = Path(__file__).parents[2]
CHILD = Path(__file__).with_name("outbox_child.py")
KILLS = int(os.environ.get("SOAK_OUTBOX_KILLS", "100"))
LONGEST_LIFE_S = 0.2

log = logging.getLogger(__name__)


async def start(*command: str | Path) -> Process:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return await asyncio.create_subprocess_exec(
        sys.executable, *command, stdin=PIPE, stdout=PIPE, env=environment, cwd=ROOT
    )


async def first_line(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(30):
        return (await process.stdout.readline()).decode().strip()


class Lives:
    """One gateway after the other in the same state folder."""

    def __init__(self, process: Process, folder: Path) -> None:
        assert process.stdin is not None
        self._process, self._folder, self._stdin = process, folder, process.stdin
        self.committed: list[int] = []

    async def begin(self, url: str, first: int | str) -> int:
        self._stdin.write(f"{self._folder} {url} {first}\n".encode())
        born, pid = (await first_line(self._process)).split()
        assert born == "born"
        return int(pid)

    async def ended(self) -> int:
        """The status with which it ended; notes what it said it had committed."""
        while (line := await first_line(self._process)).isdigit():
            self.committed.append(int(line))
        dead, status = line.split()
        assert dead == "dead"
        return int(status)

    async def one(self, url: str, seconds: float, *, at_work: bool) -> None:
        """Kill it after that long, perhaps before it has opened its state, or that long after its first commit."""
        pid = await self.begin(url, max(self.committed, default=-1) + 1)
        if at_work:
            self.committed.append(int(await first_line(self._process)))
        await asyncio.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
        assert await self.ended() == signal.SIGKILL


async def start_api(journal: Path, port: str, mood: str) -> tuple[Process, str]:
    command = ("-m", "simulators.property_api", "--port", port, "--journal", str(journal), "--mood", mood)
    while True:
        api = await start(*command, "--seconds", "0.7", "--seed", str(random.randrange(1000)))
        if said := await first_line(api):
            return api, json.loads(said)["url"]
        await api.wait()  # somebody had the port meanwhile


@pytest.mark.timeout(120 + 2 * KILLS)
async def test_what_was_committed_before_a_kill_arrives_once(tmp_path: Path) -> None:
    chance = random.Random(KILLS)
    journal = tmp_path / "journal.jsonl"
    api, url = await start_api(journal, "0", "mixed")
    nest = await start(CHILD)
    lives = Lives(nest, tmp_path / "state")
    try:
        for life in range(KILLS):
            if life % 20 == 19:  # the receiver dies as well, and is away while a life begins
                api.kill()
                await api.wait()
            await lives.one(url, chance.uniform(0.0, LONGEST_LIFE_S), at_work=life % 2 == 0)
            if api.returncode is not None:
                api, url = await start_api(journal, url.rpartition(":")[2], "mixed")
        api.kill()
        await api.wait()
        api, url = await start_api(journal, url.rpartition(":")[2], "ok")  # so that the rest is short
        async with asyncio.timeout(60 + KILLS):
            await lives.begin(url, "drain")
            assert await lives.ended() == 0
    finally:
        for process in (api, nest):
            process.kill()
            await process.wait()
    happened = read_journal(journal)
    orders = Counter(line["key"] for line in happened if line["happened"] == "order")
    events = Counter(line["key"] for line in happened if line["happened"] == "event")
    assert len(lives.committed) >= KILLS // 2
    lost = {make_ticket(number).id for number in lives.committed} - set(orders)
    assert not lost, f"{len(lost)} of {len(lives.committed)} committed tickets never arrived"
    assert set((orders + events).values()) == {1}, "something arrived twice"
    assert set(events) == {f"{key}:1" for key in orders}, "a ticket and its event are one transaction"
    posts = sum(line["happened"] == "post" for line in happened)
    log.info(
        "kills=%d committed=%d lost=0 twice=0 messages=%d posts=%d",
        KILLS, len(lives.committed), len(orders) + len(events), posts,
    )  # fmt: skip
