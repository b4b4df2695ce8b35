"""Disks that can be filled, cut from power and broken. They need root and Linux."""

import fcntl
import os
import struct
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
_WITHOUT_THE_LOG = 2  # what is not synced is lost, as in a power cut


class CannotMount(Exception):
    """This machine does not let us mount anything."""


class Disk:
    """A file system at `folder` while the block lasts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.mount()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.unmount()

    def mount(self) -> None:
        """Make it be there."""
        raise NotImplementedError

    def unmount(self) -> None:
        """Take it away; nothing may be open in it."""
        _call("umount", str(self.folder))

    def fill(self, leave: int = 0) -> Path:
        """Take all room but `leave` bytes with a file, and return it."""
        filler = self.folder / "filler"
        block = b"\xff" * 4096
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(block) == len(block):
                    pass
            except OSError:
                pass
            file.truncate(max(0, file.tell() - leave))
        return filler


class SmallDisk(Disk):
    """In memory; full after so many bytes."""

    def __init__(self, folder: Path, size: int) -> None:
        super().__init__(folder)
        self._size = size

    def mount(self) -> None:
        """Make it be there, empty."""
        _call("mount", "-t", "tmpfs", "-o", f"size={self._size}", "tmpfs", str(self.folder))


class LoopDisk(Disk):
    """An ext4 in a file, whose power can be cut and which can find an error in itself."""

    def __init__(self, folder: Path, size: int = 64 * 2**20) -> None:
        super().__init__(folder)
        self._image, self._device = folder.with_name(f"{folder.name}.img"), ""
        self._image.unlink(missing_ok=True)
        with self._image.open("wb") as image:
            image.truncate(size)
        _call("mkfs.ext4", "-q", "-F", str(self._image))

    def mount(self) -> None:
        """Make it be there, as it was left."""
        self._device = _call("losetup", "--find", "--show", str(self._image)).strip()
        _call("mount", "-o", "errors=remount-ro", self._device, str(self.folder))

    def unmount(self) -> None:
        """Take it away. The device must be gone as well: what it still held would reach the next mount from below."""
        super().unmount()
        _call("losetup", "--detach", self._device)
        while _call("losetup", "--associated", str(self._image)):
            time.sleep(0.01)

    def cut(self) -> None:
        """Stop all writing now; what was not synced is lost."""
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, _SHUTDOWN, struct.pack("<I", _WITHOUT_THE_LOG))
        finally:
            os.close(handle)

    def remount(self, how: str) -> None:
        """Make it `ro` or `rw`; for the former nothing may be open for writing."""
        _call("mount", "-o", f"remount,{how}", str(self.folder))

    def fail(self) -> None:
        """Let the file system find an error in itself: from now on it can only be read."""
        Path(f"/sys/fs/ext4/{Path(self._device).name}/trigger_fs_error").write_text("x")

    def repair(self) -> None:
        """Check it, after it was unmounted."""
        subprocess.run(["e2fsck", "-fy", str(self._image)], check=False, capture_output=True)  # noqa: S607 - the machine's own


def _call(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise CannotMount(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
