"""Lines of a CSV file as partial readings of the devices of a site; what cannot be used is counted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.core.note import Note
from gateway.core.types import Fleet, Floats
from gateway.history.csv.cells import NOT_A_NUMBER, numbers, times
from gateway.history.csv.file import Batch, Row
from gateway.history.csv.header import Header
from gateway.history.csv.tally import Tally
from gateway.history.partial import UNKNOWN, Partial

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
Texts = Sequence[str]
Line = Callable[[int], int]
"""The line of the file at which the row with that index begins."""

_ABSENT = (-1, -1)
_MUCH = 0.5


@dataclass(frozen=True, slots=True)
class Site:
    """What lines may speak of: the devices, by fleet and row, and the zone of times without an offset."""

    fleets: Sequence[Fleet]
    zone: tzinfo

    def places(self) -> Mapping[str, tuple[int, int]]:
        """Number of the fleet, and row in it, by device."""
        return {id_: (number, row) for number, fleet in enumerate(self.fleets) for row, id_ in enumerate(fleet.ids)}


class Lines:
    """The lines of one file."""

    def __init__(self, file: Path, header: Header, site: Site, tally: Tally) -> None:
        self._file = file
        self._header = header
        self._site = site
        self._tally = tally
        self._places = site.places()
        self._met: set[int] = set()  # numbers of fleets
        self._cells = self._empty = 0

    def partials(self, batch: Batch) -> Iterator[tuple[int, Partial]]:
        """Partial readings with the number of their fleet."""
        rows, line = self._whole(batch)
        if not rows:
            return
        columns = list(zip(*rows, strict=True))
        stamps = self._stamps(columns[self._header.time], line)
        fleets, devices = self._devices(columns[self._header.device], ~np.isnan(stamps))
        read = self._long if self._header.long else self._wide
        said = read(columns, fleets >= 0, line)
        for number in np.unique(fleets[fleets >= 0]).tolist():
            self._met.add(number)
            fleet = self._site.fleets[number]
            which, values = said(fleet, np.flatnonzero(fleets == number))
            self._keep_possible(values, fleet, which, line)
            yield number, Partial(devices[which], stamps[which], values)

    def finish(self) -> None:
        """Count what only shows at the end: columns that said nothing, and a file that is mostly empty."""
        points = {name for number in self._met for name in self._site.fleets[number].profile.names}
        others = [*self._header.others, *(name for name in self._header.points if name not in points)]
        if self._met and others:
            note = Note(
                "csv_columns_unused",
                "columns of {file} that are no points: {names}; they are not read",
                {"file": self._file},
            )
            self._tally.add(note, len(others), about=str(self._file), names=others)
        if self._empty > _MUCH * self._cells:
            english = (
                "{file}: {percent} % of the cells are empty and count as unknown; if points were stored at different"
                " times, write one value in a line (time,device,point,value)"
            )
            words = {"file": self._file, "percent": round(100 * self._empty / self._cells)}
            self._tally.add(Note("csv_mostly_empty", english, words), 1, about=str(self._file))

    def _whole(self, batch: Batch) -> tuple[list[Row], Line]:
        """The rows that are as long as the first line says, and the line of each."""
        width = len(self._header.columns)
        if all(len(row) == width for row in batch.rows):
            return batch.rows, batch.line
        trimmed = [row[:width] if not any(row[width:]) else row for row in batch.rows]
        kept = [index for index, row in enumerate(trimmed) if len(row) == width]
        odd = [index for index, row in enumerate(trimmed) if row and len(row) != width]
        english = "lines that do not have {width} cells: {count}, the first at {file}:{line}; they are left out"
        self._tell("csv_odd_lines", english, odd, batch.line, width=width)
        return [trimmed[index] for index in kept], lambda i: batch.line(kept[i])

    def _stamps(self, texts: Texts, line: Line) -> Floats:
        """The time of each line; NaN where there is none, such as in a first line that comes again."""
        stamps = times(texts, self._site.zone)
        title = self._header.columns[self._header.time]
        bad = [i for i in np.flatnonzero(np.isnan(stamps)).tolist() if texts[i].strip() != title]
        english = (
            "lines without a time that can be read: {count}, the first with {text} at {file}:{line}; they are left out;"
            " write 2026-03-15T08:01:10 or seconds since 1970"
        )
        self._tell("csv_bad_times", english, bad, line, text=[texts[i] for i in bad[:1]])
        return stamps

    def _devices(self, names: Texts, usable: Bools) -> tuple[Ints, Ints]:
        """Number of the fleet and row in it of each line; -1: the line is of no use."""
        place = {name: self._places.get(name.strip(), _ABSENT) for name in dict.fromkeys(names)}
        found = np.array([place[name] for name in names], np.intp)
        if len(unknown := np.flatnonzero(usable & (found[:, 0] < 0))):
            note = Note("csv_unknown_devices", "lines of devices that this site does not have: {count} ({names})")
            self._tally.add(note, len(unknown), names=dict.fromkeys(names[i] for i in unknown.tolist()))
        return np.where(usable, found[:, 0], -1), found[:, 1]

    def _wide(self, columns: Sequence[Texts], usable: Bools, line: Line) -> "_Said":
        cells = {name: self._numbers(columns[place], usable, line) for name, place in self._header.points.items()}
        self._cells += int(usable.sum()) * len(cells)
        self._empty += sum(int((values[usable] == UNKNOWN).sum()) for values in cells.values())

        def said(fleet: Fleet, which: Ints) -> tuple[Ints, Floats]:
            values = np.full((len(which), len(fleet.profile.points)), np.nan)
            for point, name in enumerate(fleet.profile.names):
                if name in cells:
                    values[:, point] = cells[name][which]
            return which, values

        return said

    def _long(self, columns: Sequence[Texts], usable: Bools, line: Line) -> "_Said":
        names, texts = (columns[place] for place in self._header.long or ())
        cells = self._numbers(texts, usable, line)

        def said(fleet: Fleet, which: Ints) -> tuple[Ints, Floats]:
            place = {name: column for column, name in enumerate(fleet.profile.names)}
            found = {name: place.get(name.strip().casefold(), -1) for name in dict.fromkeys(names)}
            points = np.array([found[names[i]] for i in which.tolist()], np.intp)
            self._tell_strangers([names[i] for i in which[points < 0].tolist()], fleet.profile.profile)
            which, points = which[points >= 0], points[points >= 0]
            values = np.full((len(which), len(place)), np.nan)
            values[np.arange(len(which)), points] = cells[which]
            return which, values

        return said

    def _numbers(self, texts: Texts, usable: Bools, line: Line) -> Floats:
        values = numbers(texts)
        wrong = values == NOT_A_NUMBER
        english = "cells that are no numbers: {count}, the first with {text} at {file}:{line}; they count as unknown"
        bad = np.flatnonzero(wrong & usable).tolist()
        self._tell("csv_not_numbers", english, bad, line, text=[texts[i] for i in bad[:1]])
        values[wrong] = UNKNOWN
        return values

    def _keep_possible(self, values: Floats, fleet: Fleet, rows: Ints, line: Line) -> None:
        """Make UNKNOWN what lies outside the range of its point, as drivers do; [N, P] of these rows, in place."""
        points = fleet.profile.points
        outside = np.isfinite(values) & ((values < fleet.profile.low) | (values > fleet.profile.high))
        english = (
            "values of {point} outside {low} to {high} {unit}: {count}, the first with {text} at {file}:{line};"
            " they count as unknown"
        )
        for column in np.flatnonzero(outside.any(axis=0)).tolist():
            which = np.flatnonzero(outside[:, column])
            words = {"point": points[column].name, "low": points[column].low, "high": points[column].high}
            words |= {"unit": points[column].unit, "profile": fleet.profile.profile}
            first = values[which[:1], column].tolist()
            self._tell("csv_outside", english, rows[which].tolist(), line, text=first, **words)
        values[outside] = UNKNOWN

    def _tell_strangers(self, names: Texts, profile: str) -> None:
        if names:
            english = "lines of points that {profile} does not have: {count} ({names})"
            note = Note("csv_unknown_points", english, {"profile": profile})
            self._tally.add(note, len(names), about=profile, names=dict.fromkeys(names))

    def _tell(self, kind: str, english: str, rows: Sequence[int], line: Line, **words: object) -> None:
        """Count what is odd in these rows, with the place of the first."""
        if rows:
            note = Note(kind, english, {"file": self._file, "line": line(rows[0]), **words})
            self._tally.add(note, len(rows), about=f"{words.get('profile')}.{words.get('point')}")


_Said = Callable[[Fleet, Ints], tuple[Ints, Floats]]
"""Which of the lines of a fleet say something, and what: [N, P]."""
