"""The history on this machine: what the engine saw as fresh, kept in one bounded file that backtests can read.

The main path only appends to a queue. A writer thread packs and saves every ten seconds; a chunk stays open for about
a minute and is saved anew each time, so that the file has few, long chunks and a power cut costs seconds. Nothing in
here can fail or delay the main path: what cannot be stored is dropped and counted.
"""

import logging
import sqlite3
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from drivers.device import Clock
from gateway.core.health import Part
from gateway.core.history_settings import LocalSettings
from gateway.core.room import leave_some
from gateway.core.types import Fresh
from gateway.history.file import HistoryFile, is_damage, set_aside
from gateway.history.packer import FULL, Draft, Packer
from gateway.history.recorder import Recorder

log = logging.getLogger(__name__)

FLUSH_S = 10.0
_SAVES = 6  # an open chunk is finished after this many saves
_MOST_UNSAVED = 64  # full drafts that wait for a file that cannot be written, 64 MiB


@dataclass(frozen=True, slots=True)
class LocalStats:
    """The history file in figures, as of the last flush."""

    size_bytes: int = 0
    chunks: int = 0
    oldest: float | None = None  # seconds since 1970
    newest: float | None = None
    saved: int = 0  # readings
    dropped: int = 0  # readings
    hours: float | None = None  # how many hours of history fit into the file at the present rate


class LocalHistory(Recorder):
    """Appends fresh readings to the history file. `open` starts its thread, `close` saves what is left and ends it."""

    def __init__(self, path: Path, settings: LocalSettings, clock: Clock, flush_s: float = FLUSH_S) -> None:
        super().__init__("history", 10 * FULL)
        self.path = path
        self._settings = settings
        self._clock = clock
        self._flush_s = flush_s
        self._packer = Packer()
        self._full: deque[Draft] = deque()
        self._file: HistoryFile | None = None
        self._newest = float("-inf")
        self._saved = self._dropped = 0
        self._stats = LocalStats()
        self._part = Part("history")

    def stats(self) -> LocalStats:
        """Figures for the metrics page."""
        return self._stats

    def health(self) -> Part:
        """Whether history is being written, and if not why and since when."""
        return self._part

    def settle(self, timeout_s: float) -> bool:
        """Wait until what was appended so far can be read in the file; False if it cannot, or not in that time."""
        return self._intake.settle(timeout_s) and self._part.state == "ok"

    def _write(self) -> None:
        while not self._intake.closed:
            self._sort(self._intake.take(self._flush_s))
            self._flush()
            self._intake.done()
        self._sort(self._intake.take(0.0))
        self._flush()
        self._intake.done()
        if self._file is not None:
            self._file.close()

    def _sort(self, waiting: Iterable[Fresh]) -> None:
        for fresh in waiting:
            self._full.extend(self._packer.add(fresh))
        while len(self._full) > _MOST_UNSAVED:
            self._dropped += self._full.popleft().readings

    def _flush(self) -> None:
        try:
            self._save()
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
        else:
            self._recover()
        self._count()

    def _save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        leave_some(self.path.parent)
        if self._file is None:
            self._file = HistoryFile(self.path, self._settings.max_size)
        while self._full:
            self._store(self._file, self._full[0])
            self._full.popleft()
        for profile, draft in list(self._packer.open.items()):
            if draft.readings > draft.saved:
                self._store(self._file, draft)
            if draft.saves >= _SAVES:
                del self._packer.open[profile]
        self._file.expire(self._newest - self._settings.keep)

    def _store(self, file: HistoryFile, draft: Draft) -> None:
        new = draft.readings - draft.saved
        self._newest = max(self._newest, draft.save(file))
        self._saved += new

    def _fail(self, error: Exception) -> None:
        """Keep what is unsaved for the next flush; begin a new file if this one is damaged."""
        if self._file is not None and is_damage(error):
            with suppress(sqlite3.Error):
                self._file.close()
            self._file = None
            with suppress(OSError):
                set_aside(self.path)
            for draft in chain(self._full, self._packer.open.values()):
                draft.number, draft.saved = None, 0
        if self._part.state == "ok":
            self._part = Part(
                "history", "degraded", f"cannot write {self.path.name}: {_reason(error)}", self._clock.now()
            )
            log.warning("history_degraded path=%s error=%r", self.path, str(error))

    def _recover(self) -> None:
        if self._part.state == "degraded":
            log.info("history_recovered path=%s", self.path)
            self._part = Part("history")

    def _count(self) -> None:
        with suppress(sqlite3.Error):
            self._stats = self._figures()

    def _figures(self) -> LocalStats:
        dropped = self._dropped + self._intake.dropped
        if self._file is None:
            return LocalStats(dropped=dropped)
        oldest, newest, used = self._file.oldest, self._newest, self._file.used_bytes
        hours = None
        if oldest is not None and newest > oldest:
            hours = min(self._settings.keep, (newest - oldest) * self._settings.max_size / used) / 3600.0
        return LocalStats(
            self._file.size_bytes,
            self._file.chunks,
            oldest,
            newest if newest > 0 else None,
            self._saved,
            dropped,
            hours,
        )


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def write_history(path: Path, readings: Iterable[Fresh], max_size: int = LocalSettings().max_size) -> None:
    """Write readings straight into a history file, such as the simulated past of a demo. No daemon may have it open."""
    packer = Packer()
    with HistoryFile(path, max_size) as file:
        for draft in chain.from_iterable(map(packer.add, readings)):
            draft.save(file)
        for draft in packer.open.values():
            draft.save(file)
