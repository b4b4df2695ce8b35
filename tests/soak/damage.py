"""Damaged state files: every start succeeds, keeps what is whole and names what is not."""

import os
import random
from collections import defaultdict
from pathlib import Path

from gateway.delivery.records import Changes
from gateway.delivery.statefile import FILE, PAGE_BYTES
from gateway.delivery.store import Store
from tests.delivery.damage import KINDS, ONE_PAGE, Start, start, whole_file
from tests.delivery.made import make_whole
from tests.soak.lives import opened

TICKS = 150
LARGE = 100 * 2**20


def run(folder: Path, times: int, chance: random.Random) -> str:
    """So many cases, in turns of all kinds; prints the kept rows by kind, on average and at worst."""
    data, rows = whole_file(folder / "whole", TICKS)
    found: dict[str, list[Start]] = defaultdict(list)
    for turn in range(times):
        kind = KINDS[turn % len(KINDS)]
        damaged = bytearray(data)
        kind(damaged, chance)
        found[kind.__name__].append(start(folder / "damaged", bytes(damaged), rows))
    by_kind = "; ".join(f"{kind} {_share(starts)}" for kind, starts in found.items())
    most = max(start.lost for kind in ONE_PAGE for start in found[kind.__name__])
    return (
        f"{times} damaged files of {len(rows)} rows, all started, nothing invented, nothing lost without a word; "
        f"{by_kind}; one bad page cost at most the {most} rows on it"
    )


def _share(starts: list[Start]) -> str:
    kept = [start.kept / (start.kept + start.lost) for start in starts]
    return f"kept {100 * sum(kept) / len(kept):.2f} %, at worst {100 * min(kept):.1f} %"


def large(folder: Path, times: int, chance: random.Random) -> str:
    """A file of 100 MB with one bad page: how long the start takes."""
    store = Store(folder / "large")
    tick = 0
    while (folder / "large" / FILE).stat().st_size < LARGE:
        many = [make_whole(number) for number in range(tick, tick + 500)]
        store.commit(_joined(many))
        tick += 500
    store.close()
    data = (folder / "large" / FILE).read_bytes()
    slowest_s = kept = 0.0
    for _ in range(times):
        page = PAGE_BYTES * chance.randrange(1, len(data) // PAGE_BYTES)
        with (folder / "large" / FILE).open("wb") as file:
            file.write(data[:page] + os.urandom(PAGE_BYTES) + data[page + PAGE_BYTES :])
        store, took_s = opened(folder / "large")
        slowest_s = max(slowest_s, took_s)
        kept = len(store.tickets(limit=10**6)) / tick
        store.close()
        for rest in (folder / "large").glob(f"{FILE}.*"):
            rest.unlink()
    return (
        f"{times} starts with one bad page in {len(data) / 1e6:.0f} MB, slowest {slowest_s:.1f} s, "
        f"tickets kept {100 * kept:.2f} %"
    )


def _joined(many: list[Changes]) -> Changes:
    return Changes(
        tickets=tuple(each.tickets[0] for each in many),
        messages=tuple(message for each in many for message in each.messages),
        entries=tuple(entry for each in many for entry in each.entries),
        notices=tuple(notice for each in many for notice in each.notices),
    )
