"""A lane with three pumps and a meter: a small site whose past can be made up, for the tests of the backtest."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gateway.core.config import Config, load
from gateway.core.plugins import discover
from gateway.core.types import Fleet, Floats, Fresh
from gateway.history.columns import select
from gateway.history.local import write_history
from gateway.history.past import Past
from gateway.history.recording import Recording

T0 = 1_773_651_600.0  # 2026-03-16 17:00 in Shanghai
HOUR, DAY = 3600.0, 86400.0
PLUGINS = discover()

SITE = """
site: {id: lane, name: The Lane, timezone: Asia/Shanghai, language: en}
connections: {wire: {driver: modbus, url: "tcp://127.0.0.1:15200"}}
devices:
  - {id: P-1, profile: pump-set, on: wire, unit: 1, every: 10s, location: {building: A}}
  - {id: P-2, profile: pump-set, on: wire, unit: 2, every: 10s, location: {building: B}}
  - {id: P-3, profile: pump-set, on: wire, unit: 3, every: 10s}
  - {id: M-1, profile: power-meter, on: wire, unit: 4, every: 10s, location: {building: A}}
dispatch: {url: "http://127.0.0.1:18200"}
rules: [rules]
engine: {tick: 10s}
"""
PUMPS = """
profile: pump-set
rules:
  - id: hot
    class: pump.bearing
    yellow: {when: "bearing_temp > 70", for: 1m}
    red: {when: "bearing_temp > 80", for: 1m}
    clear: bearing_temp < 65
    keep: 1m
    title: {en: "{device} at {bearing_temp:.0f} °C", zh: "{device} {bearing_temp:.0f} °C"}
  - {id: shaken, class: pump.bearing, yellow: {when: "avg(vibration, 5m) > 5"}}
"""
METERS = """
profile: power-meter
rules:
  - {id: loaded, yellow: {when: "power > 50", for: 1m}, red: {when: "power > 90"}}
"""
EVERY = """
profile: "*"
rules:
  - {id: silent, yellow: {when: offline, for: 5m}}
"""
GOOD = {"bearing_temp": 50.0, "vibration": 1.0, "power": 20.0, "running": 1.0}


class Spell(NamedTuple):
    """A point of a device that has another value for a while (seconds after T0); without a point nothing is heard."""

    device: str
    since: float
    until: float
    point: str = ""
    value: float = np.nan


def site(folder: Path, more: str = "", **packs: str) -> Config:
    """The site with its own rules, or with these packs; `more` is written below its configuration."""
    rules(folder / "rules", **(packs or {"pumps": PUMPS, "meters": METERS, "every": EVERY}))
    (folder / "config.yaml").write_text(SITE + more, encoding="utf-8")
    loaded = load(folder / "config.yaml", plugins=PLUGINS)
    assert loaded.config, [finding.show() for finding in loaded.findings]
    return loaded.config


def rules(folder: Path, **packs: str) -> Path:
    """A folder of rule packs."""
    folder.mkdir(parents=True)
    for name, text in packs.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


class Made(Past):
    """A past of the whole site from T0 on that is made up as it is read."""

    def __init__(self, config: Config, length_s: float, spells: Sequence[Spell] = (), every_s: float = 10.0) -> None:
        self._profiles = [fleet.profile.profile for fleet in config.fleets]
        self._length_s, self._spells, self._every_s = length_s, spells, every_s

    def profiles(self) -> dict[str, tuple[float, float]]:
        return dict.fromkeys(self._profiles, (T0, T0 + self._length_s - self._every_s))

    def fresh(self, fleet: Fleet, start: float, end: float) -> Iterator[Fresh]:
        first = max(0.0, np.ceil((start - T0) / self._every_s) * self._every_s)
        last = min(end - T0, self._length_s)
        for since in np.arange(first, last, HOUR):
            seconds: Floats = np.arange(since, min(since + HOUR, last), self._every_s, dtype=np.float64)
            yield _heard(fleet, seconds, self._spells)

    def close(self) -> None:
        """There is nothing to let go of."""


def record(config: Config, length_s: float, spells: Sequence[Spell] = (), every_s: float = 10.0) -> Recording:
    """The same past in the history file of the state folder."""
    config.state_folder.mkdir(exist_ok=True)
    path = config.state_folder / "history.db"
    made = Made(config, length_s, spells, every_s)
    write_history(path, (fresh for fleet in config.fleets for fresh in made.fresh(fleet, T0, np.inf)))
    return Recording(path)


def _heard(fleet: Fleet, seconds: Floats, spells: Sequence[Spell]) -> Fresh:
    names, count = fleet.profile.names, len(fleet.devices)
    values = np.tile([GOOD.get(name, 0.0) for name in names], (len(seconds), count, 1))
    values += np.sin(seconds**2)[:, None, None] / 10  # no two readings of a real thing are the same
    heard = np.ones((len(seconds), count), np.bool_)
    rows: Mapping[str, int] = {device: row for row, device in enumerate(fleet.ids)}
    for spell in spells:
        if spell.device in rows:
            during, row = (seconds >= spell.since) & (seconds < spell.until), rows[spell.device]
            if not spell.point:
                heard[during, row] = False
            elif spell.point in names:
                values[during, row, names.index(spell.point)] = spell.value
    times = np.repeat(T0 + seconds, count)
    fresh = Fresh(fleet, times, np.tile(np.arange(count), len(seconds)), times, values.reshape(len(times), -1))
    return select(fresh, heard.ravel())
