"""Detector state on disk: written aside, synced, renamed. Losing it costs a warm-up, never a ticket."""

import json
import logging
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Fleet
from models.detector import Detector

log = logging.getLogger(__name__)

SCHEMA = 1
MAX_BYTES = 1 << 30
_HEADER = "header"

Arrays = dict[str, NDArray[Any]]


def snapshot(fleet: Fleet, detectors: Mapping[str, Detector], time: float) -> Arrays:
    """Copy what the detectors of a fleet have learnt, with a header that says for which devices and when."""
    header = {"schema": SCHEMA, "devices": fleet.ids, "points": fleet.profile.names, "time": time}
    arrays: Arrays = {_HEADER: np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)}
    for name, detector in detectors.items():
        arrays |= {f"{name}/{key}": np.array(array) for key, array in detector.state().items()}
    return arrays


def write(path: Path, arrays: Arrays) -> None:
    """Replace the file in one step; a power cut leaves the old one or the new one. Raises OSError."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    aside = path.with_suffix(".new")
    with aside.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for flags
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def read(path: Path, fleet: Fleet, detectors: Mapping[str, Detector]) -> float | None:
    """Restore detectors from a file; returns the time up to which it had learnt, None if it is of no use."""
    if not path.exists():
        return None
    try:
        return _restore(_load(path), fleet, detectors)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        log.warning("checkpoint=%s refused: %s; the detector warms up again", path.name, error)
        return None


def _load(path: Path) -> Arrays:
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
            raise ValueError("larger than any state of ours")
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _restore(arrays: Arrays, fleet: Fleet, detectors: Mapping[str, Detector]) -> float:
    header = json.loads(arrays[_HEADER].tobytes())
    if header["schema"] != SCHEMA or tuple(header["points"]) != fleet.profile.names:
        raise ValueError("written for another schema or profile")
    then = {device: row for row, device in enumerate(header["devices"])}
    rows = np.array([then.get(device, -1) for device in fleet.ids], dtype=np.intp)
    for name, detector in detectors.items():
        prefix = f"{name}/"
        detector.restore({k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}, rows)
    return float(header["time"])
