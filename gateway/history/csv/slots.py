"""Sorts more partial readings than fit into memory: a scratch file that keeps them by slots of time.

Whatever the order in which they come, what is held in memory is one batch while they are put in, and one slot while
they are taken out.
"""

import sqlite3
import zlib
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np

from gateway.history.grid import cells
from gateway.history.partial import Partial

_SLOT_S = 600.0
_LEVEL = 1


class Slots:
    """An open scratch file. Methods raise sqlite3.Error, such as when the disk is full."""

    def __init__(self, path: Path, tick_s: float) -> None:
        self._width_s = tick_s * np.ceil(_SLOT_S / tick_s)  # no cell of the grid lies in two slots
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16000;"
            "CREATE TABLE piece (fleet INTEGER, slot INTEGER, number INTEGER, body BLOB,"
            " PRIMARY KEY (fleet, slot, number)) WITHOUT ROWID"
        )
        self._number = 0
        self.empty = True

    def put(self, fleet: int, partial: Partial) -> None:
        """Take readings of the fleet with that number."""
        if not len(partial.times):
            return
        slots = cells(partial.times, self._width_s)
        order = np.argsort(slots, kind="stable")
        table = np.column_stack((partial.devices, partial.times, partial.values))[order]
        starts = np.flatnonzero(np.append(True, np.diff(slots[order]) != 0))
        self._number += 1
        self.empty = False
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany(
                "INSERT INTO piece VALUES (?, ?, ?, ?)",
                (
                    (fleet, int(slots[order[start]]), self._number, zlib.compress(piece.tobytes(), _LEVEL))
                    for start, piece in zip(starts, np.split(table, starts[1:]), strict=True)
                ),
            )

    def sweep(self, fleet: int, points: int) -> Iterator[Partial]:
        """All readings of a fleet, slot by slot in order of time, within a slot in the order in which they came."""
        rows = self._db.execute("SELECT slot, body FROM piece WHERE fleet = ? ORDER BY slot, number", (fleet,))
        for _, pieces in groupby(rows, key=itemgetter(0)):
            table = np.frombuffer(b"".join(zlib.decompress(body) for _, body in pieces)).reshape(-1, 2 + points)
            yield Partial(table[:, 0].astype(np.intp), table[:, 1], table[:, 2:])

    def close(self) -> None:
        """Let go of the file; removing it is for whoever made its folder."""
        self._db.close()
