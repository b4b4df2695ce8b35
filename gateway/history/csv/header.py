"""What the first line of a CSV file says: a column for each point (wide), or a point and a value in a line (long)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.history.past import NoPast

_NAMES = {
    "time": ("time", "timestamp", "时间"),
    "device": ("device", "设备"),
    "point": ("point", "测点", "点位"),
    "value": ("value", "值", "数值"),
}
_EXAMPLES = 12


@dataclass(frozen=True, slots=True)
class Header:
    """Where things are in a line: columns by number."""

    columns: tuple[str, ...]
    time: int
    device: int
    points: Mapping[str, int]
    """Of a wide file, every other column that is a point of the site."""
    long: tuple[int, int] | None
    """Of a long file, the columns of point and value."""

    @property
    def others(self) -> tuple[str, ...]:
        """Columns that mean nothing here."""
        used = {self.time, self.device, *self.points.values(), *(self.long or ())}
        return tuple(name for place, name in enumerate(self.columns) if place not in used and name)


def header(file: Path, columns: Sequence[str], points: Collection[str]) -> Header:
    """Understand the first line of a file; `points` are those of the site. Raises NoPast."""
    if not columns:
        raise NoPast("csv_empty", "{file} is empty", file=file)
    names = [name.casefold() for name in columns]
    if twice := next((name for name in names if name and names.count(name) > 1), None):
        raise NoPast("csv_column_twice", "{file}:1: the column {column} is there twice", file=file, column=twice)
    place = {what: _place(names, what) for what in _NAMES}
    time, device = (_needed(file, columns, what, place[what]) for what in ("time", "device"))
    if place["point"] is not None and place["value"] is not None:
        return Header(tuple(columns), time, device, {}, (place["point"], place["value"]))
    found = {name: number for number, name in enumerate(names) if name in points and number not in {time, device}}
    if not found:
        others = [name for number, name in enumerate(columns) if number not in {time, device}]
        raise NoPast(
            "csv_no_points",
            "{file}:1: none of the columns {columns} is a point of this site, such as {points}",
            file=file,
            columns=others,
            points=sorted(points)[:_EXAMPLES],
        )
    return Header(tuple(columns), time, device, found, None)


def _place(names: Sequence[str], what: str) -> int | None:
    return next((names.index(name) for name in _NAMES[what] if name in names), None)


def _needed(file: Path, columns: Sequence[str], what: str, place: int | None) -> int:
    if place is None:
        raise NoPast(
            "csv_no_column",
            "{file}:1: there is no column {column} among {columns}; the first line must be time,device and points, or"
            " time,device,point,value",
            file=file,
            column=what,
            columns=columns,
        )
    return place
