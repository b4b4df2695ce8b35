"""Readings in an InfluxDB as the past of a site: asked for window by window, as they were written by `influx`.

measurement = profile, tags = device and site, fields = points. Only event times are kept there; the row of a reading is
the one in which the live engine would have seen it if it had come at once.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gateway.core.types import Fleet, Fresh
from gateway.history.columns import select
from gateway.history.grid import cells, first_shown
from gateway.history.influx.query import InfluxSource, Series, TooMuch, Wire
from gateway.history.partial import Partial, merged
from gateway.history.past import NoPast, Past

_FIRST_WINDOW_S, _LONGEST_WINDOW_S = 600.0, 7 * 86400.0
_ENOUGH = 400_000
"""Values in an answer; windows are made longer or shorter to get about as many."""


class InfluxPast(Past):
    """The readings of one site in a database."""

    def __init__(self, source: InfluxSource, fleets: Sequence[Fleet], tick_s: float) -> None:
        """Look what is there. Raises NoPast if nothing of these fleets is."""
        self._wire = Wire(source)
        self._site = _as_written(source.site)
        self._tick_s = tick_s
        names = [fleet.profile.profile for fleet in fleets]
        found = {name: self._range(name) for name in names}
        self._profiles = {name: (first, last) for name, span in found.items() if span for first, last in [span]}
        if not self._profiles:
            raise NoPast(
                "influx_nothing_there",
                "the database {database} at {url} has no readings of the site {site}; looked for {profiles}",
                database=source.database,
                url=source.url,
                site=source.site,
                profiles=names,
            )

    def profiles(self) -> dict[str, tuple[float, float]]:
        """First and last instant recorded, by profile name."""
        return dict(self._profiles)

    def fresh(self, fleet: Fleet, start: float, end: float) -> Iterator[Fresh]:
        """Readings first shown in [start, end), in order; devices that the fleet does not know are left out."""
        first, last = self._profiles.get(fleet.profile.profile, (np.inf, -np.inf))
        at, until = max(start, first) - self._tick_s, min(end, last + self._tick_s)
        for readings in self._windows(fleet, at, until):
            inside = select(readings, (readings.rows >= start) & (readings.rows < end))
            if len(inside.rows):
                yield inside

    def close(self) -> None:
        """Nothing is held open between two questions."""

    def _windows(self, fleet: Fleet, at: float, until: float) -> Iterator[Fresh]:
        """Readings with event times from one whole tick to another, in windows (a, b] of about as many values."""
        tick, last = int(cells(np.array([at]), self._tick_s)[0]), int(cells(np.array([until]), self._tick_s)[0])
        width = max(1, round(_FIRST_WINDOW_S / self._tick_s))
        longest = max(1, round(_LONGEST_WINDOW_S / self._tick_s))
        while tick < last:
            behind = min(tick + width, last)
            try:
                readings = self._read(fleet, tick * self._tick_s, behind * self._tick_s)
            except TooMuch:
                if width == 1:
                    raise
                width = max(1, width // 4)
                continue
            yield readings
            tick = behind
            width = int(np.clip(_ENOUGH // max(1, readings.values.size // width), width // 2, width * 2))
            width = min(max(1, width), longest)

    def _read(self, fleet: Fleet, after: float, until: float) -> Fresh:
        fields, measurement = ", ".join(map(identifier, fleet.profile.names)), identifier(fleet.profile.profile)
        condition = f"time > {round(after * 1000)}ms AND time <= {round(until * 1000)}ms{self._of_site()}"
        question = f'SELECT {fields} FROM {measurement} WHERE {condition} GROUP BY "device"'  # noqa: S608 - quoted
        series = self._wire.ask(question)
        row_of = {device: row for row, device in enumerate(fleet.ids)}
        return self._laid_out(fleet, [_partial(each, row_of, fleet) for each in series if _device(each) in row_of])

    def _laid_out(self, fleet: Fleet, parts: Sequence[Partial]) -> Fresh:
        empty = Partial(np.empty(0, np.intp), np.empty(0), np.empty((0, len(fleet.profile.points))))
        whole = merged(
            Partial(
                np.concatenate([part.devices for part in (empty, *parts)]),
                np.concatenate([part.times for part in (empty, *parts)]),
                np.concatenate([part.values for part in (empty, *parts)]),
            )
        )
        rows = first_shown(whole.devices, whole.times, self._tick_s)
        fresh = Fresh(fleet, rows, whole.devices, whole.times, whole.values)
        return select(fresh, np.lexsort((fresh.devices, fresh.rows)))

    def _range(self, profile: str) -> tuple[float, float] | None:
        """The rows of the first and the last reading."""
        times = []
        for direction in ("ASC", "DESC"):
            condition = f"time > 0{self._of_site()}"
            question = f"SELECT * FROM {identifier(profile)} WHERE {condition} ORDER BY time {direction} LIMIT 1"  # noqa: S608 - quoted
            series = self._wire.ask(question)
            times += [row[0] / 1000.0 for each in series for row in each.rows]
        if not times:
            return None
        first, last = cells(np.array([min(times), max(times)]), self._tick_s) * self._tick_s
        return float(first), float(last)

    def _of_site(self) -> str:
        return f' AND "site" = {literal(self._site)}' if self._site else ""


def identifier(name: str) -> str:
    """A name in a question, whatever is in it."""
    return '"' + _escaped(name).replace('"', '\\"') + '"'


def literal(text: str) -> str:
    """A text in a question, whatever is in it."""
    return "'" + _escaped(text).replace("'", "\\'") + "'"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _as_written(site: str) -> str:
    """The value of the tag for a site, which cannot hold everything; see `lines`."""
    return site.rstrip("\\").replace("\n", " ").replace("\r", " ")


def _device(series: Series) -> str:
    return str(series.tags.get("device", ""))


def _partial(series: Series, row_of: Mapping[str, int], fleet: Fleet) -> Partial:
    """The readings of one device. Raises NoPast if a field holds text."""
    try:
        table = np.array(series.rows, np.float64).reshape(-1, len(series.columns))
    except (ValueError, TypeError) as error:
        raise NoPast(
            "influx_text",
            "the fields of {device} in {profile} are not all numbers",
            device=_device(series),
            profile=fleet.profile.profile,
        ) from error
    column = {name: place for place, name in enumerate(series.columns)}
    values = np.full((len(table), len(fleet.profile.points)), np.nan)
    for point, name in enumerate(fleet.profile.names):
        if name in column:
            values[:, point] = table[:, column[name]]
    return Partial(np.full(len(table), row_of[_device(series)]), table[:, column["time"]] / 1000.0, values)
