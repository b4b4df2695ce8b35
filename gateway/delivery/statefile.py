"""The state file itself: its tables, its migrations, its lock, and whether it is whole; what is in it is the store's.

Rows stand alone on purpose: no foreign key ties a message to its ticket, so that a damaged ticket never takes the
message that announces it along.
"""

import errno
import fcntl
import os
import sqlite3
from pathlib import Path

FILE = "gateway.sqlite"
LOCK = "gateway.lock"
PAGE_BYTES = 4096
LOG_PAGES = 256
"""How long the write-ahead log grows before it is folded into the file: 1 MiB, also on a small disk."""
_OF_THE_DISK = {errno.EROFS, errno.EIO, errno.ENOSPC, errno.EDQUOT}
_NO_ROOM_FOR_THE_INDEX = {sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_IOERR_SHMOPEN}

PRAGMAS = (
    f"page_size = {PAGE_BYTES}",
    "synchronous = FULL",
    "foreign_keys = ON",
    "trusted_schema = OFF",
    f"wal_autocheckpoint = {LOG_PAGES}",
    f"journal_size_limit = {LOG_PAGES * PAGE_BYTES}",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE tickets (
            id TEXT PRIMARY KEY, status TEXT NOT NULL, fired_at REAL NOT NULL, closed_at REAL,
            body BLOB NOT NULL, seal INTEGER NOT NULL)""",
        """CREATE TABLE outbox (
            key TEXT PRIMARY KEY, ticket TEXT NOT NULL, number INTEGER NOT NULL, level TEXT NOT NULL,
            created_at REAL NOT NULL, body BLOB NOT NULL, seal INTEGER NOT NULL,
            state TEXT NOT NULL DEFAULT 'pending', attempts INTEGER NOT NULL DEFAULT 0,
            next_at REAL NOT NULL DEFAULT 0, first_at REAL, last_answer TEXT NOT NULL DEFAULT '')""",
        """CREATE TABLE rule_states (
            rule TEXT NOT NULL, device TEXT NOT NULL, body BLOB NOT NULL, seal INTEGER NOT NULL,
            PRIMARY KEY (rule, device))""",
        "CREATE TABLE notes (name TEXT PRIMARY KEY, body BLOB NOT NULL, seal INTEGER NOT NULL)",
        "CREATE TABLE damaged (id INTEGER PRIMARY KEY, what TEXT NOT NULL, reason TEXT NOT NULL, body BLOB)",
        "CREATE INDEX tickets_by_status ON tickets (status, closed_at)",
        # "red" sorts before "yellow": walking this index is the order of dispatch.
        "CREATE INDEX outbox_due ON outbox (level, created_at) WHERE state = 'pending'",
        "CREATE INDEX outbox_by_ticket ON outbox (ticket, number)",
    ),
    (
        """CREATE TABLE closings (
            ticket TEXT PRIMARY KEY, closed_at REAL NOT NULL, body BLOB NOT NULL, seal INTEGER NOT NULL)""",
        "CREATE INDEX closings_by_time ON closings (closed_at)",
    ),
    (
        "ALTER TABLE outbox ADD COLUMN device TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE outbox ADD COLUMN stored_at REAL",
        "ALTER TABLE outbox ADD COLUMN tried_at REAL",
        "ALTER TABLE outbox ADD COLUMN sent_at REAL",
        "ALTER TABLE outbox ADD COLUMN work_order TEXT NOT NULL DEFAULT ''",
        # What failed before may have arrived nevertheless.
        "UPDATE outbox SET tried_at = first_at WHERE state = 'pending'",
        # With `next_at` in it, ten thousand rows that wait are passed over without being read.
        "DROP INDEX outbox_due",
        "CREATE INDEX outbox_due ON outbox (level, created_at, next_at) WHERE state = 'pending'",
        "CREATE INDEX outbox_by_device ON outbox (device) WHERE state = 'pending' AND number > 0",
        """CREATE TABLE entries (
            ticket TEXT NOT NULL, number INTEGER NOT NULL, at REAL NOT NULL, body BLOB NOT NULL, seal INTEGER NOT NULL,
            PRIMARY KEY (ticket, number))""",
        "CREATE INDEX entries_by_time ON entries (at)",
        """CREATE TABLE notices (
            key TEXT NOT NULL, channel TEXT NOT NULL, ticket TEXT NOT NULL, level TEXT NOT NULL,
            created_at REAL NOT NULL, body BLOB NOT NULL, seal INTEGER NOT NULL,
            state TEXT NOT NULL DEFAULT 'pending', attempts INTEGER NOT NULL DEFAULT 0,
            next_at REAL NOT NULL DEFAULT 0, sent_at REAL, last_answer TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (key, channel))""",
        "CREATE INDEX notices_due ON notices (channel, level, created_at) WHERE state = 'pending'",
        "CREATE INDEX notices_by_ticket ON notices (ticket)",
        "CREATE TABLE silences (id TEXT PRIMARY KEY, until REAL NOT NULL, body BLOB NOT NULL, seal INTEGER NOT NULL)",
        "CREATE TABLE heard (id TEXT PRIMARY KEY, at REAL NOT NULL, body BLOB NOT NULL, seal INTEGER NOT NULL)",
        "CREATE TABLE complaints (id TEXT PRIMARY KEY, at REAL NOT NULL, body BLOB NOT NULL, seal INTEGER NOT NULL)",
    ),
)


class StateInUse(Exception):
    """Another gateway works in this state folder; stop it first."""


class StorageFailed(Exception):
    """The state could not be read or written (disk full, read-only, I/O error); keep it in memory and try again."""


class StorageFull(StorageFailed):
    """There is no room on the disk; make some and try again."""


class BadFolder(StorageFailed):
    """The state folder is not one that can be used: it is no folder, or somebody else's."""


class DamagedFile(Exception):
    """The file is not the database that was written; its rows must be salvaged."""


def failure(what: str, error: Exception) -> StorageFailed:
    """What a failed operation means: no room, or another trouble with the disk."""
    full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    full |= getattr(error, "errno", 0) in {errno.ENOSPC, errno.EDQUOT}
    full |= getattr(error, "sqlite_errorcode", 0) in _NO_ROOM_FOR_THE_INDEX
    reason = getattr(error, "strerror", None) or error
    return (StorageFull if full else StorageFailed)(f"{what}{reason}")


def lock(folder: Path) -> int:
    """Take the folder for this process and return the open lock file; raises StateInUse, StorageFailed."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        what = f"cannot use the state folder {folder}: "
        raise failure(what, error) if error.errno in _OF_THE_DISK else BadFolder(f"{what}{error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise StateInUse(f"another gateway uses the state folder {folder}") from error
    return handle


def connect(path: Path) -> sqlite3.Connection:
    """Open a database for one thread at a time. Text that is no longer UTF-8 is read, not refused: its seal tells."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    return db


def migrate(db: sqlite3.Connection) -> None:
    """Make commits durable and bring the tables to the newest version; a kill leaves the old version or the new one."""
    for pragma in PRAGMAS:
        db.execute(f"PRAGMA {pragma}")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if not 0 <= version <= len(MIGRATIONS):
        raise DamagedFile(f"version {version} is not known")
    if version == len(MIGRATIONS):
        return
    db.execute("BEGIN IMMEDIATE")
    for step in MIGRATIONS[version:]:
        for statement in step:
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    db.execute("COMMIT")


def check(db: sqlite3.Connection) -> None:
    """Raise DamagedFile unless tables and indexes are whole and have the expected shape."""
    (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise DamagedFile(str(verdict))
    fresh = connect(Path(":memory:"))
    try:
        migrate(fresh)
        if shape(db) != shape(fresh):
            raise DamagedFile("the tables are not the expected ones")
    finally:
        fresh.close()


def shape(db: sqlite3.Connection) -> list[tuple[str, str, str | None]]:
    """Every table and index with the statement that made it."""
    return db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
