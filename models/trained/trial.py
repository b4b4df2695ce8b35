"""How a trained model did on the part of history that neither its fit nor its calibration saw."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.detector import Floats
from models.trained.calibration import Tails, device_weeks, peaks
from models.trained.levels import STEP_S
from models.trained.manifest import Origin
from models.trained.scorer import STATISTICS

SCORES = (0.5, 0.95)
"""Worth a look, worth a ticket."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often one statistic, or all of them together, reached a score."""

    model: str
    score: float
    alarms: int
    per_device_week: float
    promised: float


@dataclass(frozen=True, slots=True)
class Report:
    """What a model rests on and how it did."""

    origin: Origin
    used: int
    """Device-minutes of the whole stretch in which a device was known and settled."""
    unknown: float
    """Share of the values of its points that were unknown in them."""
    features: tuple[str, ...]
    left_out: Mapping[str, str]
    """Point -> constant, switch, counter or unknown."""
    held_back_weeks: float
    """Device-weeks of the last part."""
    rates: tuple[Rate, ...]


def rates(statistics: Floats, tails: Tails) -> tuple[Rate, ...]:
    """False alarms of statistics[T, D, S] of healthy devices, one a minute; an excursion is one alarm."""
    log_weeks = tails.log_weeks(statistics)
    series = {name: log_weeks[:, :, number] for number, name in enumerate(STATISTICS)}
    series["together"] = together(log_weeks)
    weeks = device_weeks(series["together"], STEP_S)
    return tuple(
        Rate(name, score, alarms, alarms / weeks, (1.0 - score) / score)
        for name, values in series.items()
        for score in SCORES
        for alarms in [len(peaks(values, float(np.log(score / (1.0 - score))), STEP_S))]
    )


def together(log_weeks: Floats) -> Floats:
    """The rarest of log_weeks[..., S] counts; with S statistics looked at it is S times as frequent."""
    rarest: Floats = log_weeks.max(axis=-1) - np.log(log_weeks.shape[-1])
    return rarest
