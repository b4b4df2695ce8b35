"""One trial to look at: the channel of its machine that the fault changes most, with the fault and without it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gateway.core.types import Floats
from gateway.workbench.evaluate.judge import Verdict
from simulators.site import SimulatedSite

_INSTANTS = 561
_BEFORE = 0.25
"""Of normal life, as a share of how long the fault is felt."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """What a machine measured at some instants of a trial."""

    verdict: Verdict
    channel: str
    unit: str
    times: Floats  # [T] seconds since 1970
    values: Floats  # [T] NaN where it was silent
    without: Floats  # [T] what it would have measured without the fault


def examples(verdicts: Sequence[Verdict], plant: SimulatedSite, normal: SimulatedSite) -> tuple[Example, ...]:
    """One of each fault, of a middling severity; `normal` is the same property without faults."""
    by_fault: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_fault.setdefault(verdict.trial.fault, []).append(verdict)
    return tuple(_example(group[len(group) // 2], plant, normal) for group in by_fault.values())


def _example(verdict: Verdict, plant: SimulatedSite, normal: SimulatedSite) -> Example:
    trial = verdict.trial
    points = plant.devices[trial.device].profile.points
    length_s = trial.felt_until - trial.onset
    times = np.linspace(trial.onset - _BEFORE * length_s, trial.felt_until, _INSTANTS)
    values, without = plant.read(trial.device, times), normal.read(trial.device, times)
    names = [point.name for point in points]
    chosen = names.index(trial.channel) if trial.channel in names else _most_changed(values, without)
    return Example(verdict, names[chosen], points[chosen].unit, times, values[:, chosen], without[:, chosen])


def _most_changed(values: Floats, without: Floats) -> int:
    """The column in which the fault stands out most from what the machine does anyway."""
    change = np.abs(np.nan_to_num(values - without)).mean(axis=0)
    usual = np.nan_to_num(without).std(axis=0)
    return int(np.argmax(change / np.maximum(usual, 1e-9)))
