"""Trains on history in one pass: the first half fits the model, the next quarter calibrates it, the last one tests it.

No part sees what comes after it, and the figures of the report come from days that neither fit nor calibration saw.
"""

from collections.abc import Callable, Mapping, Sequence
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import PydanticCustomError

from models.detector import Bools, Floats
from models.trained.bundle import Bundle, sealed_tails
from models.trained.calibration import device_weeks, tail
from models.trained.levels import ABSURD, STEP_S, Levels
from models.trained.manifest import ArraysFile, Manifest, Origin
from models.trained.scorer import LEAST_KNOWN, STATISTICS, Scorer
from models.trained.sifting import sift
from models.trained.trial import Report, rates

FITTED, CALIBRATED = 0.5, 0.75
"""Where in the stretch fitting and calibration end."""
SAMPLE = 40_000
"""Device-minutes that a model is fitted on, evenly spread: more would change it by less than another week does."""
JUDGED = 400_000
"""Device-minutes that calibration and test each see at most, forty device-weeks: of many devices only some are."""
LEAST_S = 7 * 86400.0
"""A weekend must have been seen."""
LEAST_ROWS = 2_000
"""Device-minutes that must be known of each part: a day and a half of one device."""

Fit = Callable[[Floats], dict[str, NDArray[Any]]]


class TooLittle(PydanticCustomError):
    """There is not enough to train on: kind, one English sentence, the words in it."""


class Training:
    """One training over D devices and the minutes of [start, end)."""

    def __init__(self, points: Sequence[str], devices: int, start: float, end: float, fit: Fit) -> None:
        """Raises TooLittle if the stretch is too short."""
        if end - start < LEAST_S - STEP_S:
            text = "{have} days of history are too short to train on: at least {need} are needed"
            have, need = f"{(end - start) / 86400.0:.1f}", f"{LEAST_S / 86400.0:.0f}"
            raise TooLittle("train_too_short", text, {"have": have, "need": need})
        self._points, self._fit = tuple(points), fit
        self._start, self._end = start, end
        self._until = [start + share * (end - start) for share in (FITTED, CALIBRATED)]
        self._levels = Levels.cold(devices, len(points))
        self._every = stride((end - start) * FITTED / STEP_S * devices)
        quarter = (end - start) * (1.0 - CALIBRATED) / STEP_S
        some = min(devices, max(1, int(JUDGED / quarter)))
        self._looked_at = np.linspace(0, devices - 1, some).astype(np.intp)
        self._seen, self._used, self._unknown = 0, 0, np.zeros(len(points))
        self._sample: list[tuple[Floats, Floats]] = []
        self._model: _Fitted | None = None
        self._parts: tuple[list[Floats], list[Floats]] = ([], [])  # statistics [K, D, S] to calibrate and to test

    def see(self, times: Floats, values: Floats, age: Floats) -> None:
        """Take in rows of values[T, D, P], in order of time and at least one a minute, as the past gives them."""
        steps = self._levels.take(times, values, age)
        self._used += int(steps.settled.sum())
        self._unknown += (np.isnan(steps.levels) & steps.settled[:, :, None]).sum(axis=(0, 1))
        part = np.searchsorted(self._until, steps.times, side="right")
        first = np.flatnonzero(part == 0)
        kept = first[(self._seen + np.arange(len(first))) % self._every == 0]
        self._seen += len(first)
        if kept.size:
            readings = values[steps.rows[kept]]
            levels = np.where(steps.settled[kept][:, :, None], steps.levels[kept], np.nan)
            self._sample.append((levels, np.where(np.abs(readings) < ABSURD, readings, np.nan)))
        for number, statistics in enumerate(self._parts, 1):
            rows = np.flatnonzero(part == number)
            if rows.size:
                some = np.ix_(rows, self._looked_at)
                statistics.append(self._fitted().statistics(steps.levels[some], steps.settled[some]))

    def finish(self, profile: str, units: Mapping[str, str], versions: Mapping[str, str]) -> tuple[Bundle, Report]:
        """The model and how it did. Raises TooLittle."""
        model = self._fitted()
        calibrating, testing = (
            _enough(part, name) for part, name in zip(self._parts, ("third quarter", "last quarter"), strict=True)
        )
        tails = [tail(calibrating[:, :, number], STEP_S) for number in range(len(STATISTICS))]
        features = tuple(self._points[column] for column in model.columns)
        manifest = Manifest(
            profile=profile,
            points=self._points,
            features=features,
            units={name: unit for name, unit in units.items() if unit},
            origin=self._origin(model.rows),
            versions=dict(versions),
            tails=sealed_tails(tails),
            arrays=ArraysFile(file="unwritten.npz", size=0, sha256="", members={}),
        )
        bundle = Bundle.of(manifest, model.arrays)
        unknown = float(self._unknown[model.columns].sum()) / max(1, self._used * len(features))
        weeks = device_weeks(testing[:, :, 0], STEP_S)
        found = rates(testing, bundle.tails)
        return bundle, Report(manifest.origin, self._used, unknown, features, model.left_out, weeks, found)

    def _origin(self, rows: int) -> Origin:
        return Origin(
            first=self._start,
            fitted_until=self._until[0],
            calibrated_until=self._until[1],
            last=self._end,
            devices=len(self._levels.begun),
            rows=rows,
        )

    def _fitted(self) -> "_Fitted":
        """The model of the first part, made when the second begins."""
        if self._model is None:
            if not self._sample:
                _refuse_few(0, "first half")
            levels, readings = (np.concatenate(part) for part in zip(*self._sample, strict=True))
            self._sample.clear()
            self._model = _Fitted(self._points, levels, readings, self._every, self._fit)
        return self._model


class _Fitted:
    """The arrays of a model and the columns that it looks at."""

    def __init__(self, points: Sequence[str], levels: Floats, readings: Floats, every: int, fit: Fit) -> None:
        _refuse_few(int(np.count_nonzero(~np.isnan(levels).all(axis=2))) * every, "first half")
        self.columns, self.left_out = sift(points, levels, readings)
        if len(self.columns) < 2:
            text = "only {count} points of this profile are measurements that are mostly known; a model needs two"
            raise TooLittle("train_too_few_points", text, {"count": len(self.columns)})
        chosen = levels[:, :, self.columns].reshape(-1, len(self.columns))
        chosen = chosen[(~np.isnan(chosen)).mean(axis=1) >= LEAST_KNOWN]
        _refuse_few(len(chosen) * every, "first half")
        self.rows = len(chosen)
        self.arrays = fit(chosen)
        self._scorer = Scorer.of(self.arrays)

    def statistics(self, levels: Floats, settled: Bools) -> Floats:
        """Of levels[K, D, P] of all points, [K, D, S]."""
        return self._scorer.statistics(levels[:, :, self.columns], settled)


def stride(rows: float) -> int:
    """Every how many minutes to keep one of each device; every time of day comes up, ten minutes apart or less."""
    every = max(1, int(np.ceil(rows / SAMPLE)))
    while gcd(every, 1440) > 10:
        every += 1
    return every


def _enough(part: list[Floats], name: str) -> Floats:
    statistics = np.concatenate(part) if part else np.empty((0, 0, len(STATISTICS)))
    _refuse_few(int(np.count_nonzero(~np.isnan(statistics[:, :, 0]))), name)
    return statistics


def _refuse_few(rows: int, part: str) -> None:
    if rows < LEAST_ROWS:
        text = "only {rows} device-minutes of the {part} of this time are known; at least {need} are needed"
        raise TooLittle("train_too_few_rows", text, {"rows": rows, "part": part, "need": LEAST_ROWS})
