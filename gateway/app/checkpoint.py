"""Detector state on disk: written aside, synced, renamed. Losing it costs a warm-up, never a ticket."""

import asyncio
import json
import logging
import os
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.app.build import checkpoint_file
from gateway.core.room import leave_some
from gateway.core.types import Fleet
from gateway.pipeline.engine import Engine
from models.detector import Detector

log = logging.getLogger(__name__)

SCHEMA = 1
MAX_BYTES = 1 << 30
LATEST_S = 900.0
"""A checkpoint may be that far ahead of now; a detector is blind until the time it has reached."""
_HEADER = "header"
_UNUSABLE = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError),  # RuntimeError: encrypted, or packed oddly
    *(ValueError, TypeError, LookupError, AttributeError, MemoryError),
)

Arrays = dict[str, NDArray[Any]]


async def keep(state_folder: Path, engine: Engine) -> None:
    """Copy what an engine's detectors have learnt, on the loop, and write it in a thread; a failure is only logged."""
    if not engine.detectors or not isfinite(engine.learnt_until):
        return
    path = checkpoint_file(state_folder, engine.fleet)
    arrays = snapshot(engine.fleet, engine.detectors, engine.learnt_until)
    try:
        await asyncio.to_thread(write, path, arrays)
    except OSError as error:
        log.warning("checkpoint=%s cannot be written: %s", path.name, error.strerror)


def snapshot(fleet: Fleet, detectors: Mapping[str, Detector], time: float) -> Arrays:
    """Copy what the detectors of a fleet have learnt, with a header that says for which devices and until when."""
    header = {"schema": SCHEMA, "devices": fleet.ids, "points": fleet.profile.names, "time": time}
    arrays: Arrays = {_HEADER: np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)}
    for name, detector in detectors.items():
        arrays |= {f"{name}/{key}": np.array(array) for key, array in detector.state().items()}
    return arrays


def write(path: Path, arrays: Arrays) -> None:
    """Replace the file in one step; a power cut leaves the old one or the new one. Raises OSError."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    leave_some(path.parent)
    aside = path.with_suffix(".new")
    try:
        with aside.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for flags
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError:
        with suppress(OSError):
            aside.unlink(missing_ok=True)  # half a file takes room from tickets
        raise


def read(path: Path, fleet: Fleet, detectors: Mapping[str, Detector], now: float) -> float | None:
    """Restore detectors from a file; returns the time up to which they had learnt.

    None if there is no file or it is of no use; then some of the detectors may have taken theirs up, and all must be
    made anew.
    """
    if not path.exists():
        return None
    try:
        return _restore(_load(path), fleet, detectors, now)
    except _UNUSABLE as error:
        log.warning("checkpoint=%s refused: %s; the detectors warm up again", path.name, str(error)[:256])
        return None


def _load(path: Path) -> Arrays:
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
            raise ValueError("larger than any state of ours")
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _restore(arrays: Arrays, fleet: Fleet, detectors: Mapping[str, Detector], now: float) -> float:
    header = json.loads(arrays.pop(_HEADER).tobytes())
    if header["schema"] != SCHEMA or tuple(header["points"]) != fleet.profile.names:
        raise ValueError("written for another schema or profile")
    time = float(header["time"])
    if not time <= now + LATEST_S:
        raise ValueError("written at a later time than it is now: the clock was set back")
    then = {device: row for row, device in enumerate(header["devices"])}
    if any(array.ndim and len(array) != len(then) for array in arrays.values()):
        raise ValueError("its arrays are not of its devices")
    rows = np.array([then.get(device, -1) for device in fleet.ids], dtype=np.intp)
    for name, detector in detectors.items():
        prefix = f"{name}/"
        detector.restore({k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}, rows)
    return time
