"""Lines that wait on disk for a server: a folder of small files, bounded in bytes, the oldest sent or dropped first.

Each append is one gzip member with its own checksum, so a file that a power cut tore is good up to the tear.
"""

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gateway.core.room import leave_some

SEGMENT_BYTES = 256 * 1024
SEGMENT_LINES = 5_000
_GZIP = 31  # zlib's name for the gzip format
_LEVEL = 1
_LARGEST = 64 * 2**20  # no member that we wrote unpacks to more


class Spool:
    """First in, first out. Methods raise OSError. Used by one thread; the figures may be read by any."""

    def __init__(self, folder: Path, limit: int, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._limit = limit
        self._segment_bytes = segment_bytes
        self._sizes: dict[int, int] = {}  # of each segment, oldest first
        self.lost = 0
        """Lines that had to make room for newer ones."""
        self.torn = 0
        """Segments of which a part could not be read."""
        for path in sorted(folder.glob("*.lines.gz")):
            self._sizes[int(path.name.split(".")[0])] = path.stat().st_size
        self._number = max(self._sizes, default=0) + 1  # never write on in a file of an earlier run
        self._newest_lines = 0

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._sizes)

    @property
    def size_bytes(self) -> int:
        """Bytes on disk."""
        return sum(list(self._sizes.values()))

    def append(self, body: bytes) -> int:
        """Add lines at the end and return the bytes they take."""
        member = gzip.compress(body, _LEVEL, mtime=0)
        while self._sizes and self.size_bytes + len(member) > self._limit:
            self.lost += b"".join(self._members(self._path(next(iter(self._sizes))))).count(b"\n")
            self.discard_oldest()
        lines, size = body.count(b"\n"), self._sizes.get(self._number, 0)
        if self._newest_lines + lines > SEGMENT_LINES or size > self._segment_bytes:
            self._number, self._newest_lines, size = self._number + 1, 0, 0
        self._folder.mkdir(parents=True, exist_ok=True)
        leave_some(self._folder)
        try:
            with self._path(self._number).open("ab") as file:
                file.write(member)
        except OSError:
            with suppress(OSError):
                os.truncate(self._path(self._number), size)  # a torn member would hide the ones behind it
            raise
        self._sizes[self._number] = size + len(member)
        self._newest_lines += lines
        return len(member)

    def oldest(self) -> bytes:
        """All lines of the oldest segment that can be read; empty if none can."""
        return b"".join(self._members(self._path(next(iter(self._sizes)))))

    def discard_oldest(self) -> None:
        """The oldest segment was sent."""
        number = next(iter(self._sizes))
        self._path(number).unlink(missing_ok=True)
        del self._sizes[number]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}.lines.gz"

    def _members(self, path: Path) -> Iterator[bytes]:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
        while data:
            member = zlib.decompressobj(_GZIP)
            try:
                text = member.decompress(data, _LARGEST)
            except zlib.error:
                text = b""
            if not member.eof:
                self.torn += 1
                return
            yield text
            data = member.unused_data
