"""The history file: one SQLite table of chunks that never outgrows its limit and always opens.

Deleted pages are used again, so at the limit the oldest chunks make room for new ones and the file stays as it is.
`synchronous=NORMAL`: a power cut may cost the last seconds, never the file. A file that SQLite calls damaged, or
that another version wrote, is set aside as `*.corrupt-<time>` (only the latest of them is kept) and a new one begun.
"""

import logging
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

log = logging.getLogger(__name__)

VERSION = 1
LOG_ROOM = 8 * 2**20
"""Part of the size limit that belongs to the write-ahead log."""
_LOG_FULL = LOG_ROOM // 2
_SLACK_PAGES = 16  # index and pointer pages that a new chunk may need besides its own
_SHRINK_PAGES = 512
_SWEEP = 8  # chunks deleted at once to make room
_MOST_EXPIRED = 64  # chunks that may expire in one go: a clock that leaps ahead for a moment must not empty the file
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

_SCHEMA = f"""
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS chunk (
    id INTEGER PRIMARY KEY, profile TEXT NOT NULL, start REAL NOT NULL, end REAL NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS chunk_by_time ON chunk (profile, start, end);
PRAGMA user_version = {VERSION};
"""


class LogIsFull(sqlite3.OperationalError):
    """A reader keeps the write-ahead log from being folded back into the file."""


class HistoryFile:
    """An open history file. Methods raise sqlite3.Error or OSError; `is_damage` tells which means a new file."""

    def __init__(self, path: Path, max_size: int) -> None:
        self.path = path
        self._db = _open(path)
        page = self._number("PRAGMA page_size")
        self._page = page
        self._max_pages = (max_size - LOG_ROOM) // page
        self._db.execute(f"PRAGMA max_page_count = {self._max_pages}")
        self.chunks = self._number("SELECT count(*) FROM chunk")

    def save(self, profile: str, start: float, end: float, body: bytes, replaces: int | None = None) -> int:
        """Store a chunk that covers [start, end] and return its number; the oldest chunks go if there is no room."""
        if self._log_bytes() > _LOG_FULL:
            self._fold_log()
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            removed = self._make_room(len(body) // (self._page - 4) + _SLACK_PAGES)
            known = self._number("SELECT count(*) FROM chunk WHERE id IS ?", replaces)
            row = (replaces, profile, start, end, body)
            cursor = self._db.execute("INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?)", row)
        self.chunks += 1 - known - removed
        return int(cursor.lastrowid or 0)

    def expire(self, before: float) -> None:
        """Delete the oldest chunks that ended before that time, not too many at once."""
        oldest = self._db.execute("SELECT id, end FROM chunk ORDER BY id LIMIT ?", (_MOST_EXPIRED,)).fetchall()
        expired = [number for number, end in oldest if end < before]
        if expired:
            self.chunks -= self._delete(expired)
        while self._number("PRAGMA page_count") > self._max_pages:  # the limit was lowered
            self._db.executescript(f"PRAGMA incremental_vacuum({_SHRINK_PAGES})")
            self._fold_log()

    @property
    def oldest(self) -> float | None:
        """The first instant recorded."""
        row = self._db.execute("SELECT start FROM chunk ORDER BY id LIMIT 1").fetchone()
        return None if row is None else float(row[0])

    @property
    def used_bytes(self) -> int:
        """Bytes that hold chunks; the rest of the file is free for the next ones."""
        return self._used_pages() * self._page

    @property
    def size_bytes(self) -> int:
        """Bytes on disk, the log included."""
        return self._number("PRAGMA page_count") * self._page + self._log_bytes()

    def close(self) -> None:
        """Fold the log in and close."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _make_room(self, pages: int) -> int:
        removed = 0
        while self._used_pages() + pages > self._max_pages:
            oldest = self._db.execute("SELECT id FROM chunk ORDER BY id LIMIT ?", (_SWEEP,)).fetchall()
            if not oldest:
                break
            removed += self._delete([number for (number,) in oldest])
        return removed

    def _delete(self, numbers: list[int]) -> int:
        marks = ",".join("?" * len(numbers))
        return self._db.execute(f"DELETE FROM chunk WHERE id IN ({marks})", numbers).rowcount  # noqa: S608

    def _used_pages(self) -> int:
        return self._number("PRAGMA page_count") - self._number("PRAGMA freelist_count")

    def _log_bytes(self) -> int:
        with suppress(FileNotFoundError):
            return Path(f"{self.path}-wal").stat().st_size
        return 0

    def _fold_log(self) -> None:
        busy, _, _ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise LogIsFull("a reader holds the write-ahead log")

    def _number(self, sql: str, *arguments: int | None) -> int:
        return int(self._db.execute(sql, arguments).fetchone()[0])


def is_damage(error: Exception) -> bool:
    """Whether SQLite says that the file itself is broken, as opposed to locked, full or out of reach."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def set_aside(path: Path) -> Path:
    """Move a damaged file out of the way, named by when it was last written, and drop what was set aside before."""
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    for old in path.parent.glob(f"{path.name}*.corrupt-*"):
        old.unlink()
    away = path.with_name(f"{path.name}.corrupt-{written:%Y%m%dT%H%M%SZ}")
    path.rename(away)
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    log.error("history_file_set_aside path=%s moved_to=%s", path, away.name)
    return away


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        set_aside(path)
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
    try:
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if version not in {0, VERSION}:
            damage = sqlite3.DatabaseError(f"written by another version ({version})")
            damage.sqlite_errorcode = sqlite3.SQLITE_NOTADB
            raise damage
        db.executescript(_SCHEMA)
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA wal_autocheckpoint = 512")
        db.execute("PRAGMA secure_delete = OFF")  # Debian turns it on: deleting would write as much as inserting
        db.execute("SELECT count(*) FROM chunk").fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return db
