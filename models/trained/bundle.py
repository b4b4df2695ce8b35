"""A trained model on disk: a sealed manifest and the arrays that it names by their hash. None of it is executed.

What is read is checked before it is believed: sizes before anything is allocated, the hash before anything is parsed,
shapes and types before anything is loaded, and the numbers before anything is computed with them.
"""

import hashlib
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.trained.calibration import Tail, Tails
from models.trained.manifest import (
    ArraysFile,
    BadBundle,
    Manifest,
    Member,
    SealedTail,
    arrays_name,
    damaged,
    read_limited,
    read_manifest,
    refused,
)
from models.trained.scorer import STATISTICS, Scorer

LARGEST_ARRAYS = 64 * 1024 * 1024
"""Bytes of the arrays; a hundred trees and a hundred points have two million."""
LAYOUT: Mapping[str, tuple[str, str]] = {
    "mean": ("<f8", "F"),
    "scale": ("<f8", "F"),
    "low": ("<f8", "F"),
    "high": ("<f8", "F"),
    "loadings": ("<f8", "FK"),
    "variances": ("<f8", "K"),
    "roots": ("<i4", "T"),
    "feature": ("<i4", "N"),
    "threshold": ("<f8", "N"),
    "left": ("<i4", "N"),
    "right": ("<i4", "N"),
    "path": ("<f8", "N"),
}
"""Type and axes of each array: F points, K axes, T trees, N nodes."""
_UNREADABLE = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, struct.error, RuntimeError),
    *(ValueError, TypeError, LookupError, AttributeError, MemoryError, ArithmeticError, SyntaxError, TokenError),
)
"""What a crafted archive may make zipfile and numpy raise."""

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model that can be worked with."""

    manifest: Manifest
    arrays: Arrays
    scorer: Scorer
    tails: Tails

    @classmethod
    def of(cls, manifest: Manifest, arrays: Arrays) -> "Bundle":
        """Raises ValueError with what is wrong."""
        if tuple(manifest.tails) != STATISTICS:
            raise ValueError("tails")
        if len(manifest.features) != len(arrays["mean"]):
            raise ValueError("features")
        tails = [manifest.tails[name] for name in STATISTICS]
        sealed = ([getattr(tail, name) for tail in tails] for name in ("threshold", "excess", "per_week"))
        return cls(manifest, arrays, Scorer.of(arrays), Tails(*(np.array(values) for values in sealed)))


def read_bundle(path: Path, points: Sequence[str], profile: str | None = None) -> Bundle:
    """The bundle of this manifest, if it is for these points in this order, and for this profile. Raises BadBundle."""
    manifest = read_manifest(path)
    if profile not in (None, manifest.profile):
        text = "{file} was trained for the profile {trained}, not for {profile}"
        raise refused("bundle_of_other_profile", text, file=path.name, trained=manifest.profile, profile=profile)
    if manifest.points != tuple(points):
        text = "{file} was trained for other points, or for another order of them: {trained}"
        raise refused("bundle_of_other_points", text, file=path.name, trained=list(manifest.points))
    file = path.parent / manifest.arrays.file
    raw = read_limited(file, LARGEST_ARRAYS)
    if len(raw) != manifest.arrays.size or hashlib.sha256(raw).hexdigest() != manifest.arrays.sha256:
        raise damaged(file, "it is not the one that the manifest names")
    try:
        return Bundle.of(manifest, _arrays(raw, manifest.arrays.members))
    except _UNREADABLE as error:
        raise damaged(file, error) from error


def write_bundle(path: Path, manifest: Manifest, arrays: Arrays) -> None:
    """Write a pair; until the very end the old one stays as it is. Raises OSError."""
    content = io.BytesIO()
    np.savez(content, **{name: np.asarray(arrays[name], dtype) for name, (dtype, _) in LAYOUT.items()})  # type: ignore[arg-type]  # numpy's stub takes the names for flags
    raw = content.getvalue()
    name = arrays_name(path, hashlib.sha256(raw).hexdigest())
    replaced = None
    with suppress(BadBundle):
        replaced = read_manifest(path).arrays.file
    _replace(path.with_name(name), raw)
    _replace(path, described(manifest, name, raw, arrays).text().encode())
    if replaced not in (None, name):
        path.with_name(str(replaced)).unlink(missing_ok=True)


def described(manifest: Manifest, name: str, raw: bytes, arrays: Arrays) -> Manifest:
    """The manifest with the arrays that it names."""
    members = {key: Member(shape=arrays[key].shape, dtype=dtype) for key, (dtype, _) in LAYOUT.items()}
    digest = hashlib.sha256(raw).hexdigest()
    return manifest.model_copy(update={"arrays": ArraysFile(file=name, size=len(raw), sha256=digest, members=members)})


def sealed_tails(tails: Sequence[Tail]) -> dict[str, SealedTail]:
    """Tails in the order of STATISTICS, as a manifest has them."""
    return {
        name: SealedTail(threshold=tail.threshold, excess=tail.excess, per_week=tail.per_week)
        for name, tail in zip(STATISTICS, tails, strict=True)
    }


def _replace(path: Path, content: bytes) -> None:
    """Replace a file in one step; a power cut leaves the old one or the new one."""
    aside = path.with_name(f"{path.name}.new")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _arrays(raw: bytes, members: Mapping[str, Member]) -> dict[str, NDArray[Any]]:
    """All arrays of an archive. Raises one of _UNREADABLE."""
    _check_layout(members)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if sorted(entries) != sorted(f"{name}.npy" for name in members) or len(entries) != len(archive.infolist()):
            raise ValueError("other arrays than the manifest names")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
            raise ValueError("packed arrays")
        if sum(entry.file_size for entry in entries.values()) > LARGEST_ARRAYS:
            raise ValueError("arrays larger than any of ours")
        return {name: _array(archive, entries[f"{name}.npy"], member) for name, member in members.items()}


def _check_layout(members: Mapping[str, Member]) -> None:
    sizes: dict[str, int] = {}
    if list(members) != list(LAYOUT):
        raise ValueError("other arrays than ours")
    for name, (dtype, axes) in LAYOUT.items():
        member = members[name]
        same = len(member.shape) == len(axes) and all(
            sizes.setdefault(axis, size) == size for axis, size in zip(axes, member.shape, strict=True)
        )
        if not same or member.dtype != dtype:
            raise ValueError(f"shape or type of {name}")


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, member: Member) -> NDArray[Any]:
    """One array, once its header says what the manifest says and its size is what the header says."""
    with archive.open(entry) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{entry.filename} in another format")
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        expected = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if (shape, dtype.str) != (member.shape, member.dtype) or entry.file_size != stream.tell() + expected:
            raise ValueError(f"shape or type of {entry.filename}")
    with archive.open(entry) as stream:
        array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
        return array
