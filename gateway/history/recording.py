"""Reads the history file back: as fresh readings, or as the very blocks that the live engine saw.

Read-only; works beside the daemon that writes the file. Each chunk is fetched in a transaction of its own, so that a
long backtest does not hold up the writer's log.
"""

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import numpy as np

from drivers.device import Device, Profile
from gateway.core.types import Block, Fleet, Floats, Fresh
from gateway.core.unfold import Held, stale_limits, unfold
from gateway.history.chunk import Chunk, DamagedChunk, unpack
from gateway.history.columns import as_fleet, in_order, join, select

log = logging.getLogger(__name__)

MAX_ROWS = 4096
_NEVER = float("-inf")


class Recording:
    """An open history file. `damaged` counts the chunks that had to be skipped."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises FileNotFoundError, or sqlite3.Error if it is no history file."""
        if not path.is_file():
            raise FileNotFoundError(f"no history at {path}")
        self.damaged = 0
        self._db = _connect(path)

    def profiles(self) -> dict[str, tuple[float, float]]:
        """First and last instant recorded, by profile name."""
        rows = self._db.execute("SELECT profile, min(start), max(end) FROM chunk GROUP BY profile")
        return {profile: (start, end) for profile, start, end in rows.fetchall()}

    def fleet(self, profile: Profile) -> Fleet:
        """The devices that were recorded with this profile, in order of id, for a reader without a configuration."""
        ids = {device for chunk in self._chunks(profile.profile, _NEVER, float("inf")) for device in chunk.devices}
        return Fleet(profile, tuple(Device(id=id_, profile=profile.profile, on="history") for id_ in sorted(ids)))

    def fresh(self, fleet: Fleet, start: float, end: float) -> Iterator[Fresh]:
        """Readings first shown in [start, end), in order; devices that the fleet does not know are left out."""
        chunks = self._chunks(fleet.profile.profile, start, end)
        for part in in_order(as_fleet(chunk, fleet) for chunk in chunks):
            inside = select(part, (part.rows >= start) & (part.rows < end) & (part.devices >= 0))
            if len(inside.rows):
                yield inside

    def blocks(
        self, fleet: Fleet, start: float, end: float, step_s: float, max_rows: int = MAX_ROWS
    ) -> Iterator[Block]:
        """The blocks of [start, end): every instant k * step_s, and the recorded rows in between."""
        last, stale_s = self.held(fleet, start), stale_limits(fleet)
        feed = _Feed(fleet, self.fresh(fleet, start, end))
        for instants, limit in _windows(start, end, step_s, max_rows):
            readings = feed.until(limit)
            rows = np.union1d(instants, readings.rows)
            for first in range(0, len(rows), max_rows):
                times = rows[first : first + max_rows]
                new = select(readings, (readings.rows >= times[0]) & (readings.rows <= times[-1]))
                index = np.searchsorted(times, new.rows)
                values, age, last = unfold(times, index, new.devices, new.times, new.values, last, stale_s)
                yield Block(fleet, times, values, age)

    def held(self, fleet: Fleet, at: float) -> Held:
        """What the board held just before `at`, from readings that were not stale then."""
        stale_s = stale_limits(fleet)
        last = Held.empty(len(fleet.devices), len(fleet.profile.points))
        for part in self.fresh(fleet, at - float(stale_s.max()), at):
            times, index = np.unique(part.rows, return_inverse=True)
            _, _, last = unfold(times, index, part.devices, part.times, part.values, last, stale_s)
        return last

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _chunks(self, profile: str, start: float, end: float) -> Iterator[Chunk]:
        """Chunks that touch [start, end), by their first row; damaged ones are skipped and counted."""
        keys = self._db.execute(
            "SELECT id FROM chunk WHERE profile = ? AND end >= ? AND start < ? ORDER BY start, id",
            (profile, start, end),
        ).fetchall()
        for (number,) in keys:
            try:
                row = self._db.execute("SELECT body FROM chunk WHERE id = ?", (number,)).fetchone()
                if row is not None:  # else it has expired meanwhile
                    yield unpack(row[0])
            except (DamagedChunk, sqlite3.DatabaseError) as error:
                self.damaged += 1
                log.warning("history_chunk_skipped number=%d error=%r", number, str(error))


class _Feed:
    """Hands out readings in portions that end at a given instant."""

    def __init__(self, fleet: Fleet, parts: Iterator[Fresh]) -> None:
        self._parts = parts
        self._left = join(fleet, ())

    def until(self, limit: float) -> Fresh:
        """All readings with a row before `limit` that were not handed out yet."""
        taken = [self._left]
        while not len(taken[-1].rows) or taken[-1].rows[-1] < limit:
            part = next(self._parts, None)
            if part is None:
                break
            taken.append(part)
        readings = join(self._left.fleet, taken)
        due = readings.rows < limit
        self._left = select(readings, ~due)
        return select(readings, due)


def _windows(start: float, end: float, step_s: float, max_rows: int) -> Iterator[tuple[Floats, float]]:
    """Cut [start, end) into stretches of instants k * step_s, each with the time at which it ends."""
    k, behind = _first_index(start, step_s), _first_index(end, step_s)
    while True:
        until = min(k + max_rows, behind)
        yield np.arange(k, until, dtype=np.float64) * step_s, end if until == behind else until * step_s
        if until == behind:
            return
        k = until


def _first_index(time: float, step_s: float) -> int:
    """The smallest k with k * step_s >= time, rounding errors of the division aside."""
    k = int(np.floor(time / step_s))
    return k if k * step_s >= time else k + 1


def _connect(path: Path) -> sqlite3.Connection:
    """Open for reading; on a read-only disk, where a log cannot be shared, the file alone."""
    address = f"file:{quote(str(path.absolute()))}"
    db = sqlite3.connect(f"{address}?mode=ro", uri=True, isolation_level=None)
    try:
        db.execute("SELECT count(*) FROM chunk").fetchone()
    except sqlite3.OperationalError as error:
        db.close()
        if error.sqlite_errorcode != sqlite3.SQLITE_CANTOPEN:
            raise
        return sqlite3.connect(f"{address}?immutable=1", uri=True, isolation_level=None)
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db
