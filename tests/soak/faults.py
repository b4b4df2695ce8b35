"""Disks that fail to sync, or take their time: strace stands between the process and the kernel."""

import asyncio
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

from gateway.delivery.statefile import StorageFailed
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from tests.delivery.made import make_whole
from tests.soak.lives import missing, opened

ROOT = Path(__file__).parents[2]
_TICK_S = 0.01


def failed_syncs(folder: Path, times: int, chance: random.Random) -> str:
    """In turns: every third sync says EIO; for 60 writes there is no room."""
    lost: list[str] = []
    stored = refused = invented = 0
    for turn in range(times):
        at = chance.randrange(20, 60)
        full = f"pwrite64:error=ENOSPC:when={10 * at}..{10 * at + 60}"
        fault = full if turn % 2 else f"fdatasync:error=EIO:when={at}+3"
        state = folder / f"state-{turn}"
        said = _traced(fault, "commit", state, "300")
        numbers = [int(number) for number in re.findall(r"stored (\d+)", said)]
        failed = [int(number) for number in re.findall(r"failed (\d+)", said)]
        store, _ = opened(state)
        lost += missing(store, numbers)
        invented += sum(not missing(store, [number]) for number in failed)
        store.close()
        stored, refused = stored + len(numbers), refused + len(failed)
    return (
        f"{times} runs with failing syncs or writes, {stored} ticks acknowledged, {refused} reported as not stored, "
        f"false stored {len(lost)}, there although reported as failed {invented} {lost[:3] or ''}"
    )


def slow_syncs(folder: Path, _times: int, _chance: random.Random) -> str:
    """Syncs of 200 ms and of 2 s; the event loop must not notice."""
    figures = []
    for delay_ms in (0, 200, 2000):
        said = _traced(f"fdatasync:delay_exit={delay_ms * 1000}", "tick", folder / f"slow-{delay_ms}", "6")
        figures.append(f"{delay_ms} ms: {said.strip()}")
    return "slow syncs, " + "; ".join(figures)


def _traced(fault: str, what: str, folder: Path, number: str) -> str:
    command = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        f"trace={fault.partition(':')[0]}",
        "-e",
        f"inject={fault}",
    ]
    done = subprocess.run(
        [*command, sys.executable, "-m", "tests.soak.faults", what, str(folder), number],
        check=True, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.stdout


async def _commit(folder: Path, number: int) -> None:
    """Commit so many ticks, each once, and say which are stored and which are not."""
    store = Store(folder)
    writer = Writer(store)
    for tick in range(number):
        try:
            await writer.commit(make_whole(tick))
        except StorageFailed:
            print(f"failed {tick}")
        else:
            print(f"stored {tick}")
    sys.stdout.flush()
    os._exit(0)


async def _tick(folder: Path, seconds: int) -> None:
    """Commit without pause while a poll is due every 10 ms, and say how late the polls were."""
    writer = Writer(Store(folder))
    commits = 0

    async def commit() -> None:
        nonlocal commits
        while True:
            await writer.commit(make_whole(commits))
            commits += 1

    committing = asyncio.create_task(commit())
    late = []
    for _ in range(int(seconds / _TICK_S)):
        began = time.monotonic()
        await asyncio.sleep(_TICK_S)
        late.append(1000 * (time.monotonic() - began - _TICK_S))
    committing.cancel()
    late.sort()
    print(
        f"{commits} commits, a poll is late by p50 {late[len(late) // 2]:.1f} ms, p99 {late[-len(late) // 100]:.1f} ms"
    )
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run({"commit": _commit, "tick": _tick}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
