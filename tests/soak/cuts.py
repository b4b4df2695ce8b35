"""Power cuts: what was acknowledged as stored is there, and the file opens without a hand."""

import random
import time
from pathlib import Path

from tests.soak.disk import LoopDisk
from tests.soak.lives import Life, missing, opened


def run(folder: Path, times: int, chance: random.Random) -> str:
    """Cut so often; every tenth disk begins anew, so that some are large and some are new."""
    stored = lost = damaged = late = late_lost = 0
    slowest_s, safe = 0.0, list[int]()
    for cut in range(times):
        if cut % 10 == 0:
            disk, safe = LoopDisk(folder / "disk"), []
        with disk:
            life = Life(disk.folder / "state", max(safe, default=-1) + 1)
            time.sleep(chance.uniform(0.02, 0.8))
            cut_at = time.monotonic()
            disk.cut()
            told = life.end()
        with disk:
            store, took_s = opened(disk.folder / "state")
            damaged += len(store.load().damaged)
            safe += [number for number, at in told if at < cut_at]
            lost += len(missing(store, safe))
            # ext4 may call a sync good during which it is shut down. With the power gone nobody would hear of it.
            after = [number for number, at in told if at >= cut_at]
            gone = [number for number in after if missing(store, [number])]
            store.close()
        late, late_lost = late + len(after), late_lost + len(gone)
        safe += sorted(set(after) - set(gone))
        slowest_s = max(slowest_s, took_s)
        stored += len(told)
    return (
        f"{times} cuts, {stored - late} ticks acknowledged before, {lost} rows of them lost, {damaged} damaged, "
        f"slowest start {slowest_s:.2f} s (and {late} acknowledged while it was cut, {late_lost} of them lost)"
    )
