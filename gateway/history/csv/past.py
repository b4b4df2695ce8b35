"""CSV files of somebody else as the past of a site: read once, as a whole, into a history file of their own.

Lines may be in any order. What is held in memory is a batch of lines, or ten minutes of the site, whatever the files.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.core.note import Note
from gateway.core.types import Fleet
from gateway.history.csv.file import opened, size
from gateway.history.csv.header import header
from gateway.history.csv.lines import Lines, Site
from gateway.history.csv.slots import Slots
from gateway.history.csv.tally import Tally
from gateway.history.local import write_history
from gateway.history.partial import Gaps, Whole, merged
from gateway.history.past import NoPast
from gateway.history.recording import Recording

_NO_LIMIT = 2**43
_ROOMY = "/var/tmp"  # noqa: S108 - where /tmp is memory, gigabytes must not go there
_BATCH_VALUES = 2_000_000


class CsvPast(Recording):
    """The readings of CSV files. `close` removes what was made of them."""

    def __init__(
        self,
        files: Sequence[Path],
        fleets: Sequence[Fleet],
        zone: tzinfo,
        tick_s: float,
        progress: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Read the files. Raises NoPast if one cannot be read, or if no line of any of them is of use."""
        self._folder = TemporaryDirectory(prefix="gateway-history-", dir=_scratch(), ignore_cleanup_errors=True)
        path = Path(self._folder.name) / "history.db"
        try:
            self._oddities = tuple(_import(files, Site(fleets, zone), tick_s, path, progress))
            super().__init__(path)
        except sqlite3.Error as error:
            self._folder.cleanup()
            english = "what is read from the files cannot be kept in {folder}: {reason}; TMPDIR names another folder"
            raise NoPast("csv_no_room", english, folder=path.parents[1], reason=error) from error
        except BaseException:
            self._folder.cleanup()
            raise

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was odd in the files."""
        return (*self._oddities, *super().notes)

    def close(self) -> None:
        """Remove what was made of the files."""
        super().close()
        self._folder.cleanup()


def _import(
    files: Sequence[Path], site: Site, tick_s: float, path: Path, progress: Callable[[float], None]
) -> Iterator[Note]:
    """Write all readings of the files into a history file and give what was odd about them."""
    tally = Tally()
    with closing(Slots(path.with_name("slots.db"), tick_s)) as slots:
        gaps = _sort_in(files, site, slots, tally, progress)
        for number, (fleet, gap) in enumerate(zip(site.fleets, gaps, strict=True)):
            whole = Whole(fleet, gap.usual_s(), tick_s)
            write_history(path, map(whole.readings, slots.sweep(number, len(fleet.profile.points))), _NO_LIMIT)
    if slots.empty:
        raise NoPast("csv_nothing_left", "no line of {files} is of use", tally.notes(), files=files)
    yield from tally.notes()


def _sort_in(
    files: Sequence[Path], site: Site, slots: Slots, tally: Tally, progress: Callable[[float], None]
) -> list[Gaps]:
    gaps = [Gaps(fleet) for fleet in site.fleets]
    points = {name for fleet in site.fleets for name in fleet.profile.names}
    widest = max(len(fleet.profile.points) for fleet in site.fleets)
    total, before = max(1, sum(map(size, files))), 0
    for path in files:
        with opened(path) as file:
            lines = Lines(path, header(path, file.columns, points), site, tally)
            for batch in file.batches(_BATCH_VALUES // widest):
                for number, partial in lines.partials(batch):
                    ordered = merged(partial)
                    gaps[number].add(ordered)
                    slots.put(number, ordered)
                progress((before + file.read) / total)
            before += size(path)
        lines.finish()
    return gaps


def _scratch() -> str | None:
    """Where to put a large file: where TMPDIR says, else where the system keeps large temporary files."""
    return None if "TMPDIR" in os.environ or not Path(_ROOMY).is_dir() else _ROOMY
