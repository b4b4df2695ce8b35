"""Reads the history file back.

Read-only; works beside the daemon that writes the file. Each chunk is fetched in a transaction of its own, so that a
long backtest does not hold up the writer's log.
"""

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from drivers.device import Device, Profile
from gateway.core.note import Note
from gateway.core.types import Fleet, Fresh
from gateway.history.chunk import Chunk, DamagedChunk, unpack
from gateway.history.columns import as_fleet, in_order, select
from gateway.history.past import Past

log = logging.getLogger(__name__)

_NEVER = float("-inf")


class Recording(Past):
    """An open history file. `damaged` counts the chunks that had to be skipped."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises FileNotFoundError, or sqlite3.Error if it is no history file."""
        if not path.is_file():
            raise FileNotFoundError(f"no history at {path}")
        self.damaged = 0
        self._db = _connect(path)

    @property
    def notes(self) -> tuple[Note, ...]:
        """How many chunks had to be skipped so far."""
        if not self.damaged:
            return ()
        return (
            Note(
                "history_damaged", "damaged parts of the history that were left out: {count}", {"count": self.damaged}
            ),
        )

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

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

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


def _connect(path: Path) -> sqlite3.Connection:
    """Open for reading; on a read-only disk, where a log cannot be shared, the file alone."""
    address = f"file:{quote(str(path.absolute()))}"
    db = sqlite3.connect(f"{address}?mode=ro", uri=True, isolation_level=None)
    try:
        db.execute("SELECT count(*) FROM chunk").fetchone()
    except sqlite3.OperationalError as error:
        db.close()
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}:
            raise
        return sqlite3.connect(f"{address}?immutable=1", uri=True, isolation_level=None)
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db
