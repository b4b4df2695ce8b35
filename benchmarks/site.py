"""Writes the files of a site for the load benchmarks: as many devices as asked for, each on a connection of its own."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.equipment import MEAN

RULES = 20
PROFILE = "bench"
_LIMIT, _CLEAR = 2.0 * MEAN, 1.8 * MEAN
"""Far from every value, so that a quiet site is measured: no tickets."""


@dataclass(frozen=True, slots=True)
class SiteLoad:
    """Devices, points of each, and seconds between two polls of one; `tick_s` is how often rules look."""

    devices: int
    points: int
    every_s: float = 1.0
    tick_s: float = 1.0

    def __str__(self) -> str:
        return f"{self.devices} devices x {self.points} points, every {self.every_s:g} s"


def write_site(folder: Path, load: SiteLoad, ports: Sequence[int], web_port: int) -> Path:
    """Write config.yaml, a profile and a rule pack. JSON is YAML, and writes itself."""
    (folder / "profiles").mkdir()
    _write(folder / "profiles" / f"{PROFILE}.yaml", profile(load.points))
    _write(folder / "pack.yaml", _pack(load.points))
    _write(folder / "config.yaml", _config(load, ports, web_port))
    return folder / "config.yaml"


def _config(load: SiteLoad, ports: Sequence[int], web_port: int) -> dict[str, Any]:
    wires = [f"wire-{i:05d}" for i in range(load.devices)]
    return {
        "site": {"id": "bench", "name": "Benchmark", "timezone": "Asia/Shanghai"},
        "connections": {
            wire: {"driver": "modbus", "url": f"tcp://127.0.0.1:{ports[i % len(ports)]}", "timeout": "1s"}
            for i, wire in enumerate(wires)
        },
        "devices": [
            {"id": f"device-{i:05d}", "profile": PROFILE, "on": wire, "every": f"{1e3 * load.every_s:g}ms"}
            for i, wire in enumerate(wires)
        ],
        "profiles": ["profiles"],
        "rules": ["pack.yaml"],
        "models": {"usual": {"detector": "usual", "profiles": [PROFILE]}},
        "dispatch": {"url": "http://127.0.0.1:9"},
        "web": {"bind": f"127.0.0.1:{web_port}"},
        "engine": {"tick": f"{load.tick_s:g}s"},
    }


def profile(points: int) -> dict[str, Any]:
    """A device type of so many float32 in a row."""
    return {
        "profile": PROFILE,
        "driver": "modbus",
        "points": [{"name": f"p{i}", "low": -1e6, "high": 1e6, "address": 2 * i, "type": "f32"} for i in range(points)],
    }


def _pack(points: int) -> dict[str, Any]:
    """Simple rules, of which a point may have several."""
    return {
        "profile": PROFILE,
        "rules": [
            {
                "id": f"rule-{i:02d}",
                "yellow": {"when": f"p{i % points} > {_LIMIT + i:g}", "for": "30s"},
                "clear": f"p{i % points} < {_CLEAR:g}",
            }
            for i in range(RULES)
        ],
    }


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1))
