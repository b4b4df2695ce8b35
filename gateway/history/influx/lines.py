"""Fresh readings as InfluxDB line protocol: one wide line per reading of a device, built from cached templates.

measurement = profile, tags = device and site, fields = the points that have a value, time in milliseconds.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Fleet, Fresh

MOST_LINES = 5_000
"""Lines in one body: where a server's cost per request no longer matters."""

_NAME = str.maketrans({",": r"\,", " ": r"\ ", "=": r"\=", "\n": r"\ ", "\r": r"\ "})


def escaped(name: str) -> str:
    """A measurement, tag or field name for line protocol. A backslash at the end would escape what follows: cut off."""
    return name.rstrip("\\").translate(_NAME)


class Lines:
    """Builds bodies for one site."""

    def __init__(self, site: str) -> None:
        self._site = f",site={name}" if (name := escaped(site)) else ""
        self._prefixes: dict[int, tuple[Fleet, list[str]]] = {}

    def bodies(self, readings: Iterable[Fresh], most: int = MOST_LINES) -> Iterator[bytes]:
        """Bodies of at most `most` lines, each line ended by a newline; readings without any value give none."""
        waiting: list[str] = []
        for fresh in readings:
            for line in self._lines(fresh):
                waiting.append(line)
                if len(waiting) == most:
                    yield _body(waiting)
                    waiting.clear()
        if waiting:
            yield _body(waiting)

    def _lines(self, fresh: Fresh) -> Iterator[str]:
        """One template per pattern of known points: a device that lacks some mostly lacks the same ones."""
        prefixes, names = self._prefixes_of(fresh.fleet), fresh.fleet.profile.names
        known: NDArray[np.bool_] = np.isfinite(fresh.values)
        whole: list[bool] = np.logical_and.reduce(known, axis=1).tolist()
        stamps = np.rint(fresh.times * 1000.0).astype(np.int64).tolist()
        full = _template(names)
        for n, (device, stamp, row) in enumerate(
            zip(fresh.devices.tolist(), stamps, fresh.values.tolist(), strict=True)
        ):
            if whole[n]:
                yield prefixes[device] + full % (*row, stamp)
            elif some := tuple(compress(names, mask := known[n].tolist())):
                yield prefixes[device] + _template(some) % (*compress(row, mask), stamp)

    def _prefixes_of(self, fleet: Fleet) -> list[str]:
        cached = self._prefixes.get(id(fleet))
        if cached is None or cached[0] is not fleet:
            measurement = escaped(fleet.profile.profile)
            prefixes = [f"{measurement},device={escaped(device)}{self._site} " for device in fleet.ids]
            cached = self._prefixes[id(fleet)] = (fleet, prefixes)
        return cached[1]


@lru_cache(maxsize=512)
def _template(names: tuple[str, ...]) -> str:
    """As in `a=%r,b=%r %d`; %r is the shortest text that reads back as the same float."""
    return ",".join(f"{escaped(name).replace('%', '%%')}=%r" for name in names) + " %d"


def _body(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()
