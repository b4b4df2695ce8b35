"""What dead units cost their neighbours on a serial bus, once the driver has given them up.

Three buses in turn: all units alive, only the ones that stay alive, and all with some of them dead. The extra is what
the third takes longer than the second.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np

from benchmarks.figures import Figure, Goal, Result
from benchmarks.programs import NotMeasured, last_line, serving

ANSWER_S, TIMEOUT_S = 0.04, 0.3
_EVERY = "500ms"
"""Sooner than the bus can, so that a cycle is as short as the bus allows."""
_TOLERANCE = 1.05
"""What a machine may be late on top of a timeout."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BusLoad:
    """How many units, and for how long to look; the warm-up lets the driver give up those that are dead."""

    devices: int = 20
    points: int = 10
    seconds: float = 30.0
    rounds: int = 3
    warm_up_s: float = 15.0

    @property
    def dead(self) -> int:
        """Three of twenty, one of few."""
        return max(1, 3 * self.devices // 20)


@dataclass(frozen=True, slots=True)
class Cycles:
    """Seconds from one value of a healthy unit to its next."""

    seconds: tuple[float, ...]

    def percentile_ms(self, part: float) -> float:
        """In milliseconds."""
        return 1e3 * float(np.percentile(self.seconds, part))

    @property
    def mean_ms(self) -> float:
        """In milliseconds."""
        return 1e3 * fmean(self.seconds)


def bus(load: BusLoad, tell: Tell) -> Result:
    """Measure the three buses in turn. Raises NotMeasured."""
    buses = ((load.devices, 0), (load.devices - load.dead, 0), (load.devices, load.dead))
    found: list[list[Cycles]] = [[] for _ in buses]
    for number in range(1, load.rounds + 1):
        for cycles, (units, dead) in zip(found, buses, strict=True):
            tell(f"bus, round {number} of {load.rounds}: {units} units, {dead} dead")
            cycles.append(_run(load, units, dead))
    text = f"{load.devices} units on one serial line, {1e3 * ANSWER_S:g} ms an answer, "
    text += f"timeout {1e3 * TIMEOUT_S:g} ms, {load.dead} dead"
    return Result("bus", text, *_findings(load, *found))


def _findings(
    load: BusLoad, whole: Sequence[Cycles], alone: Sequence[Cycles], beside: Sequence[Cycles]
) -> tuple[tuple[Figure, ...], tuple[Goal, ...]]:
    extra = [dead.mean_ms - none.mean_ms for dead, none in zip(beside, alone, strict=True)]
    late = [dead.percentile_ms(99.0) - none.percentile_ms(99.0) for dead, none in zip(beside, alone, strict=True)]
    buses = ((f"{load.devices} units, none dead", whole), (f"{load.devices - load.dead} units, none dead", alone))
    figures = [
        figure
        for name, rounds in (*buses, (f"{load.devices} units, {load.dead} dead", beside))
        for figure in (
            Figure(f"{name}: cycle (mean)", "ms", tuple(cycles.mean_ms for cycles in rounds)),
            Figure(f"{name}: cycle (p99)", "ms", tuple(cycles.percentile_ms(99.0) for cycles in rounds)),
        )
    ]
    figures += [
        Figure("extra per cycle (mean)", "ms", tuple(extra)),
        Figure("extra of 99 % of cycles", "ms", tuple(late)),
    ]
    limit_ms = 1e3 * TIMEOUT_S
    goals = (
        Goal(f"dead units cost a cycle at most one timeout ({limit_ms:g} ms) on average", median(extra) <= limit_ms),
        Goal("and 99 % of the cycles no more than that", median(late) <= _TOLERANCE * limit_ms),
    )
    return tuple(figures), goals


def _run(load: BusLoad, units: int, dead: int) -> Cycles:
    silent = map(str, range(units - dead + 1, units + 1))
    with serving("benchmarks.wires.bus_equipment", str(ANSWER_S), *silent) as (url,):
        return watched(url, load, units, dead)


def watched(url: str, load: BusLoad, units: int, dead: int) -> Cycles:
    """The cycles of the healthy units on whatever line is at the url; the last units are the dead ones."""
    command = [sys.executable, "-m", "benchmarks.wires.bus_cycles", url, str(units), str(dead), str(load.points)]
    command += [_EVERY, f"{1e3 * TIMEOUT_S:g}ms", str(load.warm_up_s), str(load.seconds)]
    seconds = json.loads(last_line(command, load.warm_up_s + load.seconds + 60.0))
    if not seconds:
        raise NotMeasured(f"no unit of the bus at {url} brought two values within {load.seconds:g} s")
    return Cycles(tuple(seconds))
