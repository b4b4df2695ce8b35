"""The store of a folder that cannot be written: a copy in memory, until it can.

A gateway whose disk has turned read-only is started again by whoever watches it, or after a power cut. It must still
watch the site and tell people; what it knew is read from the disk as it is.
"""

import fcntl
import logging
import os
import shutil
import sqlite3
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from gateway.delivery.records import Changes
from gateway.delivery.recovery import open_state
from gateway.delivery.statefile import FILE, LOCK, BadFolder, StateInUse, StorageFailed, failure, lock
from gateway.delivery.store import Store

log = logging.getLogger(__name__)

TRY_HOME_EVERY_S = 5.0
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


def open_store(folder: Path) -> Store:
    """The store of a folder, in memory if the disk fails. Raises StateInUse, BadFolder, or StorageFailed."""
    try:
        return Store(folder)
    except BadFolder:
        raise
    except StorageFailed as trouble:
        _refuse_if_in_use(folder)
        return Refuge(folder, str(trouble))


class Refuge(Store):
    """A store in memory that goes home as soon as it can."""

    def __init__(self, home: Path, trouble: str) -> None:
        self._home: Path | None = home
        self._try_at = 0.0
        try:
            self._away = Path(tempfile.mkdtemp(prefix="gateway-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None))
            for name in (FILE, f"{FILE}-wal"):
                if (home / name).exists():
                    shutil.copyfile(home / name, self._away / name)
        except OSError as error:
            raise failure(f"{trouble}; and in memory: ", error) from error
        super().__init__(self._away)
        self.trouble = f"{trouble}; what happens now is only in memory"
        log.error("state_folder=%s in_memory=%s reason=%r", home, self._away, trouble)

    def commit(self, changes: Changes) -> None:
        """Save all changes in one transaction, at home if the disk is well again."""
        if self._home is not None and time.monotonic() >= self._try_at:
            self._go(self._home)
            self._try_at = time.monotonic() + TRY_HOME_EVERY_S
        super().commit(changes)

    def close(self) -> None:
        """Let the folder go; what was only in memory is lost."""
        super().close()
        shutil.rmtree(self._away, ignore_errors=True)

    def _go(self, home: Path) -> None:
        with self._guard:
            try:
                taken = lock(home)
            except (StorageFailed, StateInUse):
                return
            try:
                db, _ = open_state(home / FILE)
                self._db.backup(db)
            except (StorageFailed, sqlite3.Error):
                os.close(taken)
                return
            self._db.close()
            os.close(self._lock)
            self._db, self._lock, self._home, self.folder, self.trouble = db, taken, None, home, ""
        shutil.rmtree(self._away, ignore_errors=True)
        log.warning("state_folder=%s can be written again; all that was in memory is there", home)


def _refuse_if_in_use(folder: Path) -> None:
    """A lock can be asked for on a read-only disk, too."""
    with suppress(FileNotFoundError):
        handle = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StateInUse(f"another gateway uses the state folder {folder}") from error
        finally:
            os.close(handle)
