"""What drivers have learnt about their devices, in one small file. Losing it costs a few questions, never a value."""

import asyncio
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.device import Remembers
from gateway.app.supervisor import Supervisor

log = logging.getLogger(__name__)

FILE = "drivers.json"
MAX_BYTES = 4 << 20
LOOK_EVERY_S = 10.0
"""Wall seconds between two looks for news: what was learnt must not be learnt again after a kill."""


@dataclass(slots=True)
class DriverNotes:
    """The notes of all drivers of one daemon, by connection."""

    state_folder: Path
    supervisors: Sequence[Supervisor]
    _kept: Mapping[str, Any] = field(default_factory=dict)
    _refused_for: str = ""

    def recall(self) -> None:
        """Give every driver what an earlier run has learnt; a file that makes no sense is as good as none."""
        self._kept = read(self.state_folder / FILE)
        for supervisor in self.supervisors:
            supervisor.recall(self._kept.get(supervisor.name))

    async def run(self) -> None:
        """Keep what is new, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.keep()

    async def keep(self) -> None:
        """Write the file if anything has changed; a failure is only logged, and only once."""
        drivers = {supervisor.name: supervisor.driver for supervisor in self.supervisors}
        notes = {name: driver.notes() for name, driver in drivers.items() if isinstance(driver, Remembers)}
        known = {name: each for name, each in notes.items() if each}
        if _plain(known) == _plain(self._kept):
            return
        try:
            await asyncio.to_thread(write, self.state_folder / FILE, known)
        except OSError as error:
            reason = error.strerror or str(error)
            if reason != self._refused_for:
                log.warning("file=%s cannot be written: %s", FILE, reason)
            self._refused_for = reason
        else:
            self._kept, self._refused_for = known, ""


def read(path: Path) -> Mapping[str, Any]:
    """The notes in a file, by connection; none if there is no file or it is of no use."""
    try:
        with path.open("rb") as file:
            notes = json.loads(file.read(MAX_BYTES))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        log.warning("file=%s refused: %s; the drivers learn it again", path.name, str(error)[:256])
        return {}
    known = notes if isinstance(notes, dict) else {}
    return {name: each for name, each in known.items() if isinstance(each, dict)}


def write(path: Path, notes: Mapping[str, Any]) -> None:
    """Replace the file in one step; a power cut leaves the old one or the new one. Raises OSError."""
    aside = path.with_suffix(".new")
    with aside.open("w") as file:
        file.write(_plain(notes))
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _plain(notes: Mapping[str, Any]) -> str:
    return json.dumps(notes, sort_keys=True)
