"""Breaks the disk under the state file in every way that this machine allows, and prints a line of figures for each.

`python -m tests.soak.storage [FAULT...] [--share S]`; S of 0.1 does a tenth of it.
"""

import argparse
import logging
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.soak import cuts, damage, faults, full, house
from tests.soak.disk import CannotMount, SmallDisk

Fault = Callable[[Path, int, random.Random], str]

FAULTS: dict[str, tuple[Fault, int]] = {
    "cuts": (cuts.run, 200),
    "full": (full.run, 20),
    "full-daemon": (house.full, 1),
    "read-only-daemon": (house.read_only, 1),
    "read-only-start": (house.read_only_start, 1),
    "failed-syncs": (faults.failed_syncs, 20),
    "slow-syncs": (faults.slow_syncs, 1),
    "damage": (damage.run, 1000),
    "large-damage": (damage.large, 5),
}
_MOUNTS = {"cuts", "full", "full-daemon", "read-only-daemon", "read-only-start"}
_STRACE = {"failed-syncs", "slow-syncs"}


def main() -> None:
    """Do those that were asked for, or all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("faults", nargs="*", choices=[*FAULTS, []], default=list(FAULTS))
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    print(f"seed {asked.seed}")
    for name in asked.faults:
        fault, times = FAULTS[name]
        with tempfile.TemporaryDirectory(prefix=f"soak-{name}-", ignore_cleanup_errors=True) as folder:
            cannot = _cannot(name, Path(folder))
            said = cannot or fault(Path(folder), max(1, round(times * asked.share)), random.Random(asked.seed))
        print(f"{name}: {said}", flush=True)


def _cannot(name: str, folder: Path) -> str:
    """Why this fault cannot be made here; empty if it can."""
    if name in _STRACE and shutil.which("strace") is None:
        return "skipped, there is no strace on this machine"
    if name in _MOUNTS:
        if os.geteuid() != 0:
            return "skipped, to mount a disk one must be root"
        try:
            with SmallDisk(folder / "probe", 2**20):
                pass
        except CannotMount as error:
            return f"skipped, this machine mounts nothing: {error}"
    return ""


if __name__ == "__main__":
    main()
