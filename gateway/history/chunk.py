"""A stretch of readings of one profile as bytes, and back: exact, compressed, checked.

Column after column as plain floats, then deflated: of the layouts that were tried (sorted by device, differences, byte
planes) this was the smallest for rounded values, which most devices send, and the simplest. Devices and points are
written by name, so that a chunk can be read after the fleet or its profile has changed.
"""

import json
import struct
import zlib
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Floats, Fresh

_MAGIC = b"gwh\x01"  # the last byte is the version of the layout
_HEAD = struct.Struct("<4sII")  # magic, CRC-32 of everything behind it, length of the JSON header
_CRC_FROM = 8
_LEVEL = 1


class DamagedChunk(ValueError):
    """The bytes are not what was written."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """N readings of one profile."""

    profile: str
    points: tuple[str, ...]
    devices: tuple[str, ...]
    rows: Floats  # [N] the block time at which each was first shown
    index: NDArray[np.intp]  # [N] position in `devices`
    times: Floats  # [N] event times
    values: Floats  # [N, P]

    @classmethod
    def of(cls, fresh: Fresh) -> Self:
        """The readings with the names of their devices and points."""
        profile = fresh.fleet.profile
        return cls(
            profile.profile, profile.names, fresh.fleet.ids, fresh.rows, fresh.devices, fresh.times, fresh.values
        )


def pack(chunk: Chunk) -> bytes:
    """Write a chunk."""
    columns = np.vstack((chunk.rows, chunk.times, chunk.values.T)).astype("<f8")
    body = zlib.compress(chunk.index.astype("<i4").tobytes() + columns.tobytes(), _LEVEL)
    names = {"profile": chunk.profile, "points": chunk.points, "devices": chunk.devices, "readings": len(chunk.rows)}
    header = json.dumps(names, separators=(",", ":")).encode()
    tail = len(header).to_bytes(4, "little") + header + body
    return _MAGIC + zlib.crc32(tail).to_bytes(4, "little") + tail


def unpack(data: bytes) -> Chunk:
    """Read a chunk. Raises DamagedChunk."""
    if len(data) < _HEAD.size:
        raise DamagedChunk("too short")
    magic, crc, length = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise DamagedChunk(f"unknown layout {magic!r}")
    if zlib.crc32(data[_CRC_FROM:]) != crc:
        raise DamagedChunk("checksum does not match")
    names = json.loads(data[_HEAD.size : _HEAD.size + length])
    count = names["readings"]
    body = zlib.decompress(data[_HEAD.size + length :])
    index = np.frombuffer(body, "<i4", count).astype(np.intp)
    columns = np.frombuffer(body, "<f8", offset=index.size * 4).reshape(-1, count)
    return Chunk(
        names["profile"],
        tuple(names["points"]),
        tuple(names["devices"]),
        columns[0],
        index,
        columns[1],
        columns[2:].T,
    )
