"""Room for tickets on a full disk: a file of nothing beside the state file, which is let go when SQLite says "full".

A full disk stops deleting as well, since what SQLite deletes goes through its log first; so room is kept in advance.
Once it is let go, the log is folded into the file after every change, and tickets that are closed and delivered make
way, a few at a time: one large deletion would need a log that is larger than the room.
"""

import logging
import os
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Protocol

from gateway.core.room import free_bytes
from gateway.delivery.statefile import StorageFailed

log = logging.getLogger(__name__)

FILE = "ballast"
SIZE = 2**20
"""Bytes. A ticket, its messages and their index entries are some 6 KiB."""
_COMFORT = SIZE // 2  # free beside the ballast, or making it would itself fill the disk
_ROOM_AGAIN = SIZE + _COMFORT  # once the disk was full: the log's own room comes and goes
_PRUNE_AT_ONCE = 20


class Prunable(Protocol):
    """The part of the store that can become smaller."""

    folder: Path

    def fold_log(self) -> None: ...  # noqa: D102 - see Store
    def spare_bytes(self) -> int: ...  # noqa: D102
    def prune(self, before: float, limit: int) -> int: ...  # noqa: D102


class Ballast:
    """Keeps the room and gives it to one store. Every method may be called at any time, by the store's thread."""

    def __init__(self, store: Prunable) -> None:
        self._store = store
        make(store.folder)

    @property
    def is_there(self) -> bool:
        """Whether there is room in reserve."""
        return (self._store.folder / FILE).exists()

    def give_room(self) -> bool:
        """The disk is full; True if it is worth trying again."""
        given = let_go(self._store.folder)
        with suppress(StorageFailed):
            self._store.fold_log()
        return given

    def tend(self) -> None:
        """After a change: while the room is in use keep the log short and the file from growing, until it is back."""
        if self.is_there or make(self._store.folder, _ROOM_AGAIN):
            return
        with suppress(StorageFailed):
            self._store.fold_log()
            if free_bytes(self._store.folder) + self._store.spare_bytes() < SIZE // 2:
                pruned = self._store.prune(inf, _PRUNE_AT_ONCE)
                self._store.fold_log()
                if pruned:
                    log.warning("disk=full forgotten_tickets=%d which were closed and delivered", pruned)


def make(folder: Path, comfort: int = _COMFORT) -> bool:
    """Take the room, if the disk has that much besides; whether it was taken."""
    file = folder / FILE
    if free_bytes(folder) < SIZE + comfort:
        return False
    try:
        with file.open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, SIZE)
    except OSError as error:
        log.warning("ballast=%s cannot be made: %s", file, error.strerror)
        with suppress(OSError):
            file.unlink(missing_ok=True)
        return False
    return True


def let_go(folder: Path) -> bool:
    """Give the room to whoever writes next; False if there was none."""
    try:
        (folder / FILE).unlink()
    except OSError:
        return False
    log.error("disk=full folder=%s tickets live in the reserve of %d KiB", folder, SIZE // 1024)
    return True
