"""Bundles for the tests, fitted on rows that the tests make up."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.detector import Floats
from models.trained.bundle import write_bundle
from models.trained.fitting import VERSIONS, fit
from models.trained.training import Training
from models.trained.trial import Report

Data = tuple[Floats, Floats, Floats]  # times [T], values [T, D, P], age [T, D, P]


def train(file: Path, points: Sequence[str], data: Data, profile: str = "thing", cut: int = 4096) -> Report:
    """Train on all rows and write the bundle."""
    times, values, age = data
    every_s = float(times[1] - times[0])
    training = Training(points, values.shape[1], float(times[0]), float(times[-1]) + every_s, fit)
    for first in range(0, len(times), cut):
        part = slice(first, first + cut)
        training.see(times[part], values[part], age[part])
    bundle, report = training.finish(profile, {points[0]: "kW"}, VERSIONS)
    write_bundle(file, bundle.manifest, bundle.arrays)
    return report


def plant(days: float, devices: int = 3, every_s: float = 60.0, seed: int = 0) -> Data:
    """Load, heat and flow that go together, a level of its own, a switch; at the suite's own time."""
    rng = np.random.default_rng(seed)
    times = 1_772_409_600.0 + every_s * np.arange(round(days * 86400 / every_s), dtype=np.float64)
    load = 10 + 3 * np.sin(times / 86400 * 2 * np.pi)[:, None] + rng.normal(0, 0.5, (len(times), devices))
    columns = (
        load,
        2 * load + rng.normal(0, 0.2, load.shape),
        3 * load + rng.normal(0, 0.3, load.shape),
        rng.normal(5, 1, load.shape),
        (rng.random(load.shape) < 0.3).astype(float),
    )
    values = np.stack(columns, axis=2)
    return times, values, np.zeros_like(values)


POINTS = ("load", "heat", "flow", "level", "switch")
