"""How much room the disk has, and who may take the last of it: tickets may, everything else leaves some."""

import errno
import os
from pathlib import Path

KEPT_FOR_TICKETS = 16 * 2**20
"""Bytes."""


def free_bytes(folder: Path) -> int:
    """Bytes that this user can still write."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def leave_some(folder: Path) -> None:
    """Raise OSError if the disk is so full that only tickets may be written."""
    if free_bytes(folder) < KEPT_FOR_TICKETS:
        raise OSError(errno.ENOSPC, f"less than {KEPT_FOR_TICKETS // 2**20} MiB are free, which is kept for tickets")
